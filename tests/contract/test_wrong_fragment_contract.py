"""What the oversight body promises who reports a wrong fragment, on the real one and on the fake."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import pytest
from support.emergency_world import ToOversight, Town, town
from support.medical_story import MEDICATION
from support.medical_world import AUDITOR, CLINIC, KINDS

from consent import base64url
from consent.delegation import FragmentKeys
from consent.identifiers import BundleId, OperatorId, OrganisationId
from consent.sealing import capsule_of
from consent.vocabulary import Body
from services.contracts.oversight.fake_wrong_fragments import FakeWrongFragments
from services.contracts.oversight.register import Role
from services.contracts.oversight.wrong_fragments import (
    ReportWrong,
    WrongFragments,
    WrongFragmentsClient,
)
from services.contracts.released import HandedOut, WrongRelease, show_wrong, sign_released
from services.kit.credentials.callers import OperatorCaller
from services.kit.http import RemoteProblemError, Token

Answer = TypeVar("Answer")


@dataclass
class Desk:
    """The body behind its messages; `ask` does something as an operator."""

    town: Town
    names: str

    def ask(
        self,
        organisation: OrganisationId,
        operator: OperatorId,
        call: Callable[[WrongFragments, Token], Answer],
    ) -> Answer:
        """Call as an operator."""
        member = self.town.world.members[CLINIC]
        token = self.town.world.token(member)
        terminal = self.town.world.members[organisation].terminal
        who = OperatorCaller(
            organisation, operator, terminal, self.town.world.register.roles(organisation, operator)
        )
        if self.names == "real":
            http = ToOversight(self.town, f"{organisation}/{operator}/{terminal}")
            return call(WrongFragmentsClient(http), token)
        self.fake.callers = lambda _token: who
        return call(self.fake, token)

    def __post_init__(self) -> None:
        world = self.town.world
        self.fake = FakeWrongFragments(
            callers=lambda _token: pytest.fail("nobody asked"),
            knows=lambda text, _caller: text in self.known,
            directory=world.register.directory,
            clock=world.clock,
        )
        self.known: set[str] = set()

    def person(self) -> str:
        """Return a fresh token that names the person."""
        world = self.town.world
        token = world.pseudonym_token(self.town.person, world.members[CLINIC], Body.OVERSIGHT)
        self.known.add(token)
        return token

    def wrong(self, statement: str = "s") -> WrongRelease:
        """Return what shows the medical centre to be wrong in one read."""
        wallet = self.town.person.wallet
        (key, *_) = [wallet.compartment_public_key(each) for each in MEDICATION]
        keys = FragmentKeys(key, key, self.town.world.members[CLINIC].receiving_key.public_bytes())
        capsule = capsule_of(wallet.seal_content_key(bytes(32), to=key))
        made = [HandedOut(BundleId("b"), capsule, b"no fragment", keys)]
        signed = sign_released(
            Body.MEDICAL, made, statement=statement, key=self.town.world.context.signing_key
        )
        return WrongRelease(evidence=show_wrong(signed, made, 0))

    def report(self, message: ReportWrong, *, organisation: OrganisationId = CLINIC) -> Body:
        """Report as a reader, or as whoever works there."""
        operator = self.town.world.members[organisation].operator
        told = self.ask(organisation, operator, lambda at, token: at.report_wrong(message, token=token))
        return told.body

    def listed(self, organisation: OrganisationId, operator: OperatorId) -> list[tuple[Body, str]]:
        """List what was reported."""
        told = self.ask(organisation, operator, lambda at, token: at.wrong_reports(token=token))
        return [(each.body, each.organisation) for each in told.reports]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("town")) as here:
        here.staff("auditor-1", Role.AUDITOR, organisation=AUDITOR)
        yield here


@pytest.fixture(params=["real", "fake"])
def desk(place: Town, request: pytest.FixtureRequest) -> Desk:
    return Desk(place, request.param)


def refused(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(RemoteProblemError) as problem:
        call()
    return problem.value.status, problem.value.code


def test_report_is_taken_and_officials_see_it(desk: Desk) -> None:
    message = ReportWrong(shown=desk.wrong(), person=desk.person())
    assert desk.report(message) is Body.MEDICAL
    assert desk.listed(AUDITOR, OperatorId("auditor-1"))[0] == (Body.MEDICAL, CLINIC)


def test_token_serves_once(desk: Desk) -> None:
    message = ReportWrong(shown=desk.wrong(), person=desk.person())
    desk.report(message)
    assert refused(lambda: desk.report(message)) == (409, "replayed")


def test_one_proof_counts_once_however_often_it_is_reported(desk: Desk) -> None:
    """A reader with one proof does not fill the list that officials are shown, nor the person's history."""
    auditor = AUDITOR, OperatorId("auditor-1")
    desk.report(ReportWrong(shown=desk.wrong(), person=desk.person()))
    before, logged = desk.listed(*auditor), len(desk.town.events())
    assert desk.report(ReportWrong(shown=desk.wrong(), person=desk.person())) is Body.MEDICAL
    assert (desk.listed(*auditor), len(desk.town.events())) == (before, logged)
    desk.report(ReportWrong(shown=desk.wrong("another read"), person=desk.person()))
    assert len(desk.listed(*auditor)) == len(before) + 1


def test_token_that_names_nobody_is_refused(desk: Desk) -> None:
    message = ReportWrong(shown=desk.wrong(), person="nobody")
    assert refused(lambda: desk.report(message)) == (403, "subject_unknown")


def test_what_shows_nothing_is_refused(desk: Desk) -> None:
    shown = desk.wrong()
    changed = shown.evidence.model_copy(update={"fragment": base64url.encode(b"another")})
    message = ReportWrong(shown=WrongRelease(evidence=changed), person=desk.person())
    assert refused(lambda: desk.report(message)) == (403, "accusation_unproven")


def test_readers_see_no_reports(desk: Desk) -> None:
    reader = desk.town.world.members[CLINIC].operator
    assert Role.READER in KINDS[CLINIC][1]
    assert refused(lambda: desk.listed(CLINIC, reader)) == (403, "forbidden")
