"""What people ask about who acted: the same contract at the real oversight body and at the fake one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from support.identity_wire import refused
from support.oversight_world import Person
from support.staff_world import DOCTOR, WHY, StaffWorld, staff_world

from consent.vocabulary import Body
from services.contracts.oversight.fake_unmaskings import FakeUnmaskings
from services.contracts.oversight.unmasking import (
    AskUnmasking,
    Tell,
    Unmasking,
    UnmaskingDesk,
    UnmaskingState,
)
from services.directives.service import open_cosigner
from services.kit.events import Event, EventKind, Outcome
from services.kit.log.evidence import Evidence, Trust
from services.kit.log.note import NoteVerifier


@dataclass
class Scene:
    """A log with accesses, two people, and who takes their questions."""

    world: StaffWorld
    fake: FakeUnmaskings | None
    names: Iterator[str]

    def __post_init__(self) -> None:
        self.person = self.world.oversight.person(next(self.names))

    def desk(self, person: Person) -> UnmaskingDesk:
        """Return who is under test, as a person reaches it."""
        if self.fake is None:
            return self.world.as_person(person)
        return self.fake.at(person.pseudonym(Body.OVERSIGHT))

    def entry(self, *, sealed: bool = True) -> Evidence:
        """Return an access of the person's history."""
        mask = self.world.mask(self.person.name) if sealed else None
        return self.world.access(self.person.name, mask)

    def ask(self, evidence: Evidence) -> Unmasking:
        """Ask who it was."""
        return self.desk(self.person).ask(AskUnmasking(evidence=evidence, why=WHY))

    def tell_name(self, case: str) -> None:
        """Have two officials unmask, and tell the person the name."""
        if self.fake is None:
            self.world.decided(case, Tell.NAME)
        else:
            self.fake.decided(case, UnmaskingState.UNMASKED, name=DOCTOR.name)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaffWorld]:
    with staff_world(tmp_path_factory.mktemp("staff")) as here:
        yield here


@pytest.fixture(scope="module")
def names() -> Iterator[str]:
    """Names of people, each new."""
    return (f"person-{number}" for number in range(100))


@pytest.fixture(params=["real", "fake"])
def scene(world: StaffWorld, names: Iterator[str], request: pytest.FixtureRequest) -> Scene:
    oversight = world.oversight

    def trust() -> Trust:
        bodies = oversight.others.logs
        known = {signer.verifier.name: signer.verifier for signer in bodies.values()}
        witness = NoteVerifier.parse(open_cosigner(oversight.context).verifier.vkey())
        return Trust(known, (witness,), 1)

    most = oversight.settings.unmaskings_waiting
    fake = FakeUnmaskings(trust, oversight.clock, most) if request.param == "fake" else None
    return Scene(world, fake, names)


def test_question_about_an_entry_is_one_case_that_its_person_sees(scene: Scene) -> None:
    entry = scene.entry()
    asked = scene.ask(entry)
    assert (asked.body, asked.organisation, asked.why) == ("medical", DOCTOR.organisation, WHY)
    assert (asked.state, asked.name, asked.comment) == (UnmaskingState.ASKED, None, None)
    assert scene.ask(entry) == asked
    assert scene.desk(scene.person).own() == [asked]
    other = scene.world.oversight.person(next(scene.names))
    assert scene.desk(other).own() == []


def test_name_is_the_persons_when_two_decided_so(scene: Scene) -> None:
    entry = scene.entry()
    case = scene.ask(entry)
    scene.tell_name(case.case)
    told = scene.ask(entry)
    assert (told.case, told.state, told.name) == (case.case, UnmaskingState.UNMASKED, DOCTOR.name)


def test_what_is_not_proved_or_not_sealed_opens_no_case(scene: Scene) -> None:
    entry = scene.entry()
    bare = entry.checkpoints[0].rsplit("— sekisho/oversight", 1)[0]
    for wrong in (
        entry.model_copy(update={"entries": [*entry.entries, *entry.entries]}),
        entry.model_copy(update={"entries": []}),
        entry.model_copy(update={"checkpoints": [bare]}),
    ):
        with refused("staff_entry_not_proven", 409):
            scene.ask(wrong)
    with refused("staff_not_sealed", 409):
        scene.ask(scene.entry(sealed=False))
    assert scene.desk(scene.person).own() == []


def test_entry_behind_which_no_staff_stands_says_what_it_was(scene: Scene) -> None:
    by_itself = Event(kind=EventKind.HISTORIES_COUNTED, outcome=Outcome.DONE)
    with refused("staff_nobody_acted", 409):
        scene.ask(scene.world.logged(scene.person.name, by_itself))
    terminal = replace(by_itself, organisation=DOCTOR.organisation, terminal="desk")
    with refused("staff_terminal_alone", 409):
        scene.ask(scene.world.logged(scene.person.name, terminal))


def test_only_so_many_cases_of_a_person_wait(scene: Scene) -> None:
    asked = [scene.ask(scene.entry()) for _ in range(scene.world.oversight.settings.unmaskings_waiting)]
    more = scene.entry()
    with refused("staff_too_many_cases", 409):
        scene.ask(more)
    scene.tell_name(asked[0].case)
    assert scene.ask(more).state is UnmaskingState.ASKED
