"""How often a card may ask (J3): counted in parts of a window, against a list of all that was asked."""

from hypothesis import given
from hypothesis import strategies as st

from services.registry.throttle import PARTS, CardState, Limit, Pace, Window

LIMIT = Limit(20, 600)
WIDTH = LIMIT.seconds // PARTS
STEPS = st.lists(st.tuples(st.integers(0, 900), st.integers(1, 6)), max_size=40)


@given(STEPS)
def test_window_counts_all_of_the_last_seconds_and_nothing_much_older(steps: list[tuple[int, int]]) -> None:
    window, now = Window(), 1_000_000
    asked: list[tuple[int, int]] = []
    for pause, number in steps:
        now += pause
        asked.append((now, number))
        window = window.counted(number, now=now, limit=LIMIT)
        assert window.total >= sum(each for at, each in asked if at > now - LIMIT.seconds)
        assert window.total <= sum(each for at, each in asked if at >= now - LIMIT.seconds - WIDTH)


@given(STEPS)
def test_card_that_was_never_stopped_never_got_more_than_the_limit_in_any_window(
    steps: list[tuple[int, int]],
) -> None:
    state, now = CardState(), 1_000_000
    asked: list[tuple[int, int]] = []
    for pause, number in steps:
        now += pause
        state = state.counted(Pace.SINGLE, number, now=now, limit=LIMIT)
        if state.stopped is not None:
            assert state.stopped == now
            break
        asked.append((now, number))
    for end, _ in asked:
        assert sum(each for at, each in asked if end - LIMIT.seconds < at <= end) <= LIMIT.count


@given(st.integers(-5000, -1))
def test_clock_that_was_set_back_forgets_nothing(back: int) -> None:
    window = Window().counted(7, now=1_000_000, limit=LIMIT)
    assert window.counted(1, now=1_000_000 + back, limit=LIMIT).total == 8


def test_changed_window_length_forgets_nothing() -> None:
    window = Window().counted(7, now=1_000_000, limit=LIMIT)
    assert window.counted(1, now=1_000_001, limit=Limit(20, 60)).total == 8


def test_paces_are_counted_apart_and_a_stop_stays() -> None:
    state = CardState().counted(Pace.SINGLE, 20, now=1_000_000, limit=LIMIT)
    state = state.counted(Pace.BATCH, 20, now=1_000_000, limit=LIMIT)
    assert state.stopped is None
    state = state.counted(Pace.BATCH, 1, now=1_000_001, limit=LIMIT)
    assert state.stopped == 1_000_001
    later = state.counted(Pace.SINGLE, 1, now=9_000_000, limit=LIMIT)
    assert later.stopped == 1_000_001
