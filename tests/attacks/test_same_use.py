"""A read asked again for a wrong fragment is the same use of a permission, and gives no reader a use more: step F5."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from support.emergency_world import Town, town
from support.wrong_fragments import ALL, Scene, changed, honest, permit

from consent.compartments import YearSpan
from consent.conditions import Conditions, Frequency, FrequencyUnit
from consent.directives import Grant
from consent.statements import Selection
from consent.vocabulary import Body, Category, Purpose
from services.contracts.medical.client import MedicalClient
from services.contracts.medical.messages import FirstRead, ReadAnswer
from services.contracts.released import WrongRelease, show_wrong
from services.gateway.clinic import prepare, send
from services.gateway.errors import RefusedError
from services.gateway.wrong_fragments import WrongFragmentError

ONCE_AN_HOUR = Conditions(Frequency(1, FrequencyUnit.HOUR))


@pytest.fixture(scope="module")
def permitted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, Grant]]:
    with town(tmp_path_factory.mktemp("town")) as here:
        yield here, permit(here, conditions=ONCE_AN_HOUR)


@pytest.fixture
def once(permitted: tuple[Town, Grant]) -> Iterator[Scene]:
    """An hour in which one read is permitted, and the oversight body hands out wrong fragments."""
    place, grant = permitted
    place.world.now += timedelta(hours=1, seconds=1)
    with honest(place, grant) as here:
        here.second(Body.OVERSIGHT).spoil = changed
        yield here


def _once_more(
    scene: Scene, *, wrong: WrongRelease | None, first: FirstRead | None, selection: Selection = ALL
) -> str:
    """Sign a read anew, shown as one that was asked before, and return the refusal's code."""
    name = scene.town.person.name
    fresh = prepare(scene.reader, name, selection=selection, purpose=Purpose.TREAT, wrong=wrong)
    request = fresh.request.model_copy(update={"first": first})
    with pytest.raises(RefusedError) as refused:
        scene.reader.ask(Body.MEDICAL, lambda http, token: MedicalClient(http).read(request, token=token))
    return refused.value.code


def test_read_that_is_asked_again_for_a_wrong_fragment_is_the_same_use_and_serves_once(once: Scene) -> None:
    """F5: nobody loses the day's one read to a dishonest body, and nobody gains a read by showing it again."""
    assert len(once.read()) == 5
    assert [each.body for each in once.told] == [Body.OVERSIGHT]
    last = once.reader.centre.asked[-1]
    assert last.first is not None
    assert _once_more(once, wrong=last.wrong, first=last.first) == "replayed"
    assert once.medical_events()[-1][:2] == ("records_read", "replayed")
    with pytest.raises(RefusedError) as refused:
        once.read()
    assert refused.value.code == "frequency_used_up"


def _first_read(scene: Scene) -> tuple[WrongRelease, FirstRead]:
    """Read once, and return what shows the wrong fragment and what names that read."""
    answers: list[ReadAnswer] = []

    def keep(answer: ReadAnswer) -> ReadAnswer:
        answers.append(answer)
        return answer

    scene.reader.centre.change = keep
    prepared = prepare(scene.reader, scene.town.person.name, selection=ALL, purpose=Purpose.TREAT)
    with pytest.raises(WrongFragmentError) as wrong:
        send(scene.reader, prepared)
    assert wrong.value.shown is not None
    return wrong.value.shown, FirstRead(statement=prepared.request.statement, entry=answers[0].log.index)


Claim = Callable[[Scene, WrongRelease, FirstRead], dict[str, Any]]


def _other_first(**update: Any) -> Claim:
    return lambda _scene, _wrong, first: {"first": first.model_copy(update=update)}


def _other_selection(_scene: Scene, _wrong: WrongRelease, _first: FirstRead) -> dict[str, Any]:
    return {"selection": Selection(frozenset({Category.MEDICATION}), YearSpan(2025, 2026))}


def _too_late(scene: Scene, _wrong: WrongRelease, _first: FirstRead) -> dict[str, Any]:
    scene.town.world.now += timedelta(seconds=601)
    return {}


@pytest.mark.parametrize(
    "claim",
    [
        _other_first(entry=0),
        _other_first(entry=2**61),
        _other_first(statement="a.b.c"),
        lambda _scene, _wrong, _first: {"first": None},
        _other_selection,
        _too_late,
    ],
)
def test_what_is_not_the_same_read_again_is_another_use(once: Scene, claim: Claim) -> None:
    """F5: a true proof gives no read of other things, none later, and none without the entry of the first."""
    wrong, first = _first_read(once)
    told: dict[str, Any] = {"wrong": wrong, "first": first}
    assert _once_more(once, **(told | claim(once, wrong, first))) == "frequency_used_up"


def test_right_fragment_gives_no_second_read(once: Scene) -> None:
    """F5: who shows a fragment that is right has used the permission."""
    once.second(Body.OVERSIGHT).spoil = lambda fragment: fragment
    once.probe()
    assert once.answer is not None
    made = once.made(once.answer, Body.OVERSIGHT)
    framed = WrongRelease(evidence=show_wrong(once.answer.released[Body.OVERSIGHT], made, 0))
    first = FirstRead(statement=once.reader.centre.asked[-1].statement, entry=once.answer.log.index)
    assert _once_more(once, wrong=framed, first=first) == "frequency_used_up"
