"""States of a directive, labels of compartments, spans of years, instants."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent import instants
from consent.compartments import Compartment, YearSpan
from consent.errors import MalformedError, TransitionError
from consent.lifecycle import MEANINGS, TRANSITIONS, DirectiveState, Step, advance, diagram, state_at
from consent.vocabulary import Category

ALLOWED = {
    ("received", "active"): "taken in",
    ("active", "withdrawn"): "withdrawal, roll-over",
    ("active", "expired"): "end reached",
    ("expired", "withdrawn"): "withdrawal",
    ("active", "lapsed"): "lapse",
    ("lapsed", "withdrawn"): "withdrawal",
}


@pytest.mark.parametrize(("start", "to"), list(product(DirectiveState, DirectiveState)))
def test_directive_takes_the_steps_of_the_table_only(start: DirectiveState, to: DirectiveState) -> None:
    if (start, to) in ALLOWED:
        assert advance(start, to) is to
    else:
        with pytest.raises(TransitionError):
            advance(start, to)


def test_table_covers_every_state_and_the_diagram_every_step() -> None:
    assert TRANSITIONS.keys() == set(DirectiveState)
    lines = diagram().splitlines()
    assert lines[0] == "stateDiagram-v2"
    for (start, to), why in ALLOWED.items():
        assert f"    {start} --> {to}: {why}" in lines
    assert len(lines) == len(ALLOWED) + 3


def test_every_step_is_in_the_table_and_has_its_meaning() -> None:
    steps = {step for targets in TRANSITIONS.values() for why in targets.values() for step in why}
    assert steps == set(Step) == set(MEANINGS)


@pytest.mark.parametrize("state", list(DirectiveState))
def test_only_what_is_in_force_expires_and_at_its_last_moment(state: DirectiveState) -> None:
    end = datetime(2026, 4, 1, tzinfo=UTC)
    before, at = (state_at(state, valid_until=end, now=now) for now in (end - timedelta(seconds=1), end))
    assert before is state
    assert at is (DirectiveState.EXPIRED if state is DirectiveState.ACTIVE else state)


@given(st.sampled_from(Category), st.integers(1000, 9999), st.integers(1, 99_999))
def test_label_is_read_back(category: Category, year: int, version: int) -> None:
    compartment = Compartment(category, year, version)
    assert Compartment.parse(compartment.label) == compartment


@pytest.mark.parametrize(
    "label",
    [
        "",
        "medication",
        "medication/2026",
        "medication/2026/0",
        "medication/2026/01",
        "medication/026/1",
        "medication/2026/1/",
        "medication/2026/1\n",
        " medication/2026/1",
        "Medication/2026/1",
        "surgery/2026/1",
        "medication/２０２６/1",
        "medication/2026/-1",
        "medication/2026/100000",
    ],
)
def test_any_other_label_is_refused(label: str) -> None:
    with pytest.raises(MalformedError):
        Compartment.parse(label)


@pytest.mark.parametrize(("first", "last"), [(2026, 2025), (999, 2025), (2025, 10_000), (0, 0)])
def test_span_that_is_empty_or_odd_is_refused(first: int, last: int) -> None:
    with pytest.raises(MalformedError):
        YearSpan(first, last)


years = st.integers(1990, 2000)


@given(years, years, years, years)
def test_spans_relate_as_the_sets_of_their_years(a: int, b: int, c: int, d: int) -> None:
    one, other = YearSpan(*sorted((a, b))), YearSpan(*sorted((c, d)))
    left, right = ({year for year in range(1990, 2001) if year in span} for span in (one, other))
    assert one.within(other) == (left <= right)
    assert one.overlaps(other) == bool(left & right)


@given(st.datetimes(timezones=st.timezones()))
def test_instant_is_read_back_to_the_second(moment: datetime) -> None:
    if not 2 <= moment.year <= 9998:
        return
    assert instants.read(instants.write(moment)) == instants.whole_second(moment)


@pytest.mark.parametrize(
    "text", ["", "2026-04-01", "2026-04-01T00:00:00", "2026-04-01T00:00:00z", "2026-4-1T0:0:0Z"]
)
def test_any_other_instant_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        instants.read(text)


def test_moment_without_time_zone_is_refused() -> None:
    with pytest.raises(MalformedError):
        instants.write(datetime(2026, 4, 1, tzinfo=UTC).replace(tzinfo=None))
