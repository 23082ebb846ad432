"""Emergencies from the hospital's, the relay's and the official's side, all bodies being honest fakes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.gateway_world import YEAR, World

from consent.compartments import YearSpan
from consent.vocabulary import Category
from services.contracts.oversight.emergencies import EmergencyState, ReviewOutcome, ShownEmergency
from services.contracts.oversight.register import Kind, Role
from services.gateway.emergencies import declare, look, open_emergency, review, reviews, second
from services.gateway.emergency_choice import choose
from services.gateway.emergency_relay import relay_waiting
from services.gateway.errors import RefusedError
from services.gateway.hospital import link
from services.gateway.organisation import Organisation
from services.gateway.person import Person

REASON = "Found unconscious after a fall from a ladder; allergies needed before the operation"


@dataclass(frozen=True)
class Town:
    """A patient, two professionals of a hospital, a relay and an official who reviews."""

    world: World
    person: Person
    doctor: Organisation
    nurse: Organisation
    relay: Organisation
    official: Organisation
    reference: str

    def ask(self, reason: str = REASON, category: Category = Category.SUMMARY) -> ShownEmergency:
        """Ask as the doctor."""
        categories, years = frozenset({category}), YearSpan(YEAR - 1, YEAR)
        return declare(self.doctor, self.reference, categories=categories, years=years, reason=reason)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    world = World(tmp_path)
    counter = world.organisation("counter", Kind.MUNICIPALITY, Role.REGISTRAR)
    doctor = world.organisation("hospital", Kind.HOSPITAL, Role.READER, Role.WRITER)
    relay = world.organisation("relay", Kind.EMERGENCY_RELAY, Role.EMERGENCY_RELAY)
    nurse = world.colleague(doctor, "nurse", Role.READER)
    official = world.colleague(world.officials, "reviewer", Role.AUDITOR)
    world.watch.tick()
    person = world.person(counter).person
    choose(person, [Category.SUMMARY])
    return Town(world, person, doctor, nurse, relay, official, link(doctor, person))


@contextmanager
def refused(code: str) -> Iterator[None]:
    """Expect a refusal."""
    with pytest.raises(RefusedError) as refusal:
        yield
    assert refusal.value.code == code


def test_two_professionals_put_it_in_force_and_an_official_who_took_no_part_reviews_it(town: Town) -> None:
    """OP2: nobody alone; the second one sees what the first one signed."""
    asked = town.ask()
    assert (asked.state, look(town.nurse, asked.case)[1].reason) == (EmergencyState.ASKED, REASON)
    assert reviews(town.official) == []
    with refused("emergency_same_human"):
        second(town.doctor, town.reference, asked.case)
    town.world.watch.tick()
    assert second(town.nurse, town.reference, asked.case).state is EmergencyState.DECLARED
    assert open_emergency(town.doctor, asked.case).records is None
    (waiting,) = reviews(town.official)
    assert (waiting.case, waiting.reason) == (asked.case, REASON)
    told = review(town.official, asked.case, ReviewOutcome.JUSTIFIED, comment="the operation was that night")
    assert (told.outcome, told.late) == (ReviewOutcome.JUSTIFIED, False)


def test_what_the_relay_is_refused_is_told_to_the_hospital_with_its_code(town: Town) -> None:
    """U6: a medical centre that does not let the relay read ends the case, and nobody waits for it."""
    case = town.ask().case
    town.world.watch.tick()
    second(town.nurse, town.reference, case)
    (relayed,) = relay_waiting(town.relay)
    assert (relayed.case, relayed.documents) == (case, 0)
    assert relayed.refused is not None
    with refused(relayed.refused):
        open_emergency(town.doctor, case)
    assert relay_waiting(town.relay) == []


def test_what_the_person_did_not_choose_and_a_reason_that_says_nothing_open_nothing(town: Town) -> None:
    """OP2."""
    with refused("emergency_reason_boilerplate"):
        town.ask("urgent")
    with refused("other_category"):
        town.ask(category=Category.SENSITIVE)
    choose(town.person, [])
    with refused("denied_by_person"):
        town.ask()
