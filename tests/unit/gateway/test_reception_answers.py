"""What a yes and a no at a clinic's reception cover: today's records in Japan, and a no everything there is."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.gateway_world import YEAR, World, terms

from consent.compartments import YearSpan
from consent.terms import Effect, RecordScope
from consent.vocabulary import Category, Purpose
from services.contracts.oversight.register import Kind, Role
from services.gateway.clinic import open_records
from services.gateway.clinical import ClinicalRecord
from services.gateway.errors import RefusedError
from services.gateway.hospital import deposit, link
from services.gateway.organisation import Organisation
from services.gateway.person import Person
from services.gateway.reception import Question, answer
from services.gateway.wallet_actions import lay_down

ASKED = Question(Category.MEDICATION, "en", "Shall this clinic get it?", "It is not given.")
NEW_YEARS_MORNING = datetime(YEAR, 12, 31, 23, 30, tzinfo=UTC)
"""Half past eight in Japan, where it is the year after."""


@dataclass
class Scene:
    """A person with records of two years, and a clinic."""

    world: World
    person: Person
    clinic: Organisation
    reference: str

    def read(self, year: int) -> int:
        """Return how many records of a year the clinic opens."""
        wanted = frozenset({Category.MEDICATION})
        years = YearSpan(year, year)
        return len(
            open_records(self.clinic, self.reference, categories=wanted, years=years, purpose=Purpose.TREAT)
        )


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    world = World(tmp_path)
    counter = world.organisation("counter", Kind.MUNICIPALITY, Role.REGISTRAR)
    hospital = world.organisation("hospital", Kind.HOSPITAL, Role.WRITER)
    clinic = world.organisation("clinic", Kind.CLINIC, Role.READER)
    world.watch.tick()
    person = world.person(counter).person
    records = [
        ClinicalRecord("p", Category.MEDICATION, year, f"m-{year}", b'{"resourceType":"MedicationRequest"}')
        for year in (YEAR - 4, YEAR + 1)
    ]
    deposit(hospital, link(hospital, person), records)
    return Scene(world, person, clinic, link(clinic, person))


def test_yes_on_new_years_morning_covers_what_was_prescribed_that_morning(scene: Scene) -> None:
    scene.world.watch.now = NEW_YEARS_MORNING
    given = answer(scene.person, scene.clinic, ASKED, Effect.PERMIT)
    assert isinstance(given.terms.scope, RecordScope)
    assert given.terms.scope.years == YearSpan(YEAR - 3, YEAR + 1)
    assert scene.read(YEAR + 1) == 1


WIDTHS = {"of all years": (YEAR - 4, YEAR + 1), "of one year": (YEAR - 4, YEAR - 4)}


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
@pytest.mark.parametrize("year", [YEAR - 4, YEAR + 1])
def test_no_holds_against_a_permission_for_any_year_however_narrow(
    scene: Scene, year: int, width: tuple[int, int]
) -> None:
    """SC1: the screen says that nothing is given, and names no years; narrower permissions must not go on."""
    scope = RecordScope(frozenset({Category.MEDICATION}), YearSpan(*width))
    lay_down(scene.person, replace(terms("clinic", Category.MEDICATION), scope=scope))
    scene.world.watch.now = NEW_YEARS_MORNING
    if year in scope.years:
        assert scene.read(year) == 1
    answer(scene.person, scene.clinic, ASKED, Effect.DENY)
    with pytest.raises(RefusedError):
        scene.read(year)


def test_yes_after_a_no_takes_all_of_it_back(scene: Scene) -> None:
    for year in (YEAR - 4, YEAR - 3):
        scope = RecordScope(frozenset({Category.MEDICATION}), YearSpan(year, year))
        lay_down(scene.person, replace(terms("clinic", Category.MEDICATION), scope=scope))
    answer(scene.person, scene.clinic, ASKED, Effect.DENY)
    with pytest.raises(RefusedError):
        scene.read(YEAR - 4)
    scene.world.watch.tick()
    answer(scene.person, scene.clinic, ASKED, Effect.PERMIT)
    assert scene.read(YEAR - 4) == 1
