"""Cases of suspicious use at the oversight body: the same contract on the real one and on the fake."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import update
from support.oversight_world import OFFICE, OversightWorld, Participant, body_certificate, oversight

from consent import base64url
from consent.identifiers import OperatorId, OrganisationId
from consent.vocabulary import Body
from services.contracts.medical.uses import Rule
from services.contracts.oversight.emergencies import ReviewOutcome
from services.contracts.oversight.fake_use_cases import FakeUseCases
from services.contracts.oversight.messages import RolesChange
from services.contracts.oversight.register import Role
from services.contracts.oversight.use_cases import (
    AskOutcomes,
    DecideUse,
    OpenUseCase,
    UseCases,
    UseCasesClient,
    UseReview,
    UseShare,
)
from services.kit.clock import epoch_seconds
from services.kit.http import RemoteProblemError, Token
from services.oversight.tables import USE_CASE
from services.oversight.use_case_store import UseCaseStore

DAY = 86_400
ONE, OTHER = "1" * 22, "2" * 22
FOUND = DecideUse(outcome=ReviewOutcome.NOT_JUSTIFIED, comment="read out of curiosity")


@dataclass
class Scene:
    """The oversight body, as the medical centre and as two officials reach it."""

    world: OversightWorld
    medical: UseCases
    reviewing: Callable[[Participant], UseCases]
    official: Participant
    other: Participant
    unknown: Participant
    holders: dict[str, Participant] = field(default_factory=dict)

    @property
    def now(self) -> int:
        """The present second."""
        return epoch_seconds(self.world.clock())

    def open(self, organisation: str = "hospital", operator: str = "doctor") -> str:
        """Have the medical centre open a case; return its name."""
        case = base64url.encode(self.world.random.randbytes(16))
        self.medical.open(case, told(organisation, operator))
        return case

    def waiting(self, case: str) -> list[UseReview]:
        """Return a case if an official sees it waiting."""
        found = self.reviewing(self.official).reviews(token=self.token(self.official)).cases
        return [each for each in found if each.case == case]

    def decide(self, case: str, who: Participant) -> ReviewOutcome:
        """Decide a case as one of the officials."""
        return self.reviewing(who).decide(case, FOUND, token=self.token(who)).outcome

    def token(self, who: Participant) -> Token:
        """Return an official's token."""
        token = self.world.operator_token(who, Role.AUDITOR)
        self.holders[token.value] = who
        return token


def told(organisation: str = "hospital", operator: str = "doctor", *, accesses: int = 3) -> OpenUseCase:
    """Return what the medical centre says of an operator."""
    return OpenUseCase(
        organisation=organisation,
        operator=operator,
        rules={Rule.UNEXPLAINED: 3, Rule.NIGHT: 1},
        accesses=accesses,
        people=2,
        first=100,
        last=200,
        each=[
            UseShare(name=ONE, rules=[Rule.UNEXPLAINED]),
            UseShare(name=OTHER, rules=[Rule.NIGHT, Rule.UNEXPLAINED]),
        ],
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OversightWorld]:
    with oversight(tmp_path_factory.mktemp("oversight")) as running:
        for each in running.supervisors:
            roles = [Role.SUPERVISOR, Role.AUDITOR]
            running.decide("roles", RolesChange(organisation=OFFICE, id=each.operator, roles=roles))
        yield running


@pytest.fixture(params=["real", "fake"])
def scene(world: OversightWorld, request: pytest.FixtureRequest) -> Scene:
    unknown, (official, other) = world.official, world.supervisors
    if request.param == "real":
        as_medical = UseCasesClient(world.http(body_certificate(Body.MEDICAL)))
        return Scene(
            world,
            as_medical,
            lambda who: UseCasesClient(world.http(who.certificate)),
            official,
            other,
            unknown,
        )
    holders: dict[str, Participant] = {}

    def who(token: Token) -> tuple[OrganisationId, OperatorId]:
        held = holders[token.value]
        return held.organisation, held.operator

    fake = FakeUseCases(world.clock, world.app.state.office.editions.directory, who)
    return Scene(world, fake, lambda _who: fake, official, other, unknown, holders=holders)


def refused(call: Callable[[], object]) -> tuple[int, str]:
    """Return status and code of a refusal."""
    with pytest.raises(RemoteProblemError) as problem:
        call()
    return problem.value.status, problem.value.code


def test_a_case_waits_with_its_deadline_and_takes_what_is_new(scene: Scene) -> None:
    case = scene.open()
    due = scene.now + 14 * DAY
    assert scene.medical.open(case, told(accesses=5)).model_dump() == {"due": due, "decided": False}
    (shown,) = scene.waiting(case)
    assert (shown.organisation, shown.operator, shown.rules) == (
        "hospital",
        "doctor",
        {"unexplained": 3, "night": 1},
    )
    assert (shown.accesses, shown.people, shown.due, shown.overdue) == (5, 2, due, False)


def test_the_medical_centre_learns_the_outcome_and_the_case_is_over(scene: Scene) -> None:
    case, other = scene.open(), scene.open()
    assert scene.decide(case, scene.official) is ReviewOutcome.NOT_JUSTIFIED
    (outcome,) = scene.medical.outcomes(AskOutcomes(cases=[case, other])).outcomes
    assert (outcome.case, outcome.outcome, outcome.late) == (case, ReviewOutcome.NOT_JUSTIFIED, False)
    assert outcome.comment == FOUND.comment
    assert scene.waiting(case) == []
    assert scene.medical.open(case, told(accesses=9)).decided
    assert refused(lambda: scene.decide(case, scene.other)) == (409, "use_case_decided")


def test_nobody_reviews_their_own_access_nor_anybody_who_might_be_the_operator(scene: Scene) -> None:
    """OP1, step M5: also not when it is not known which human the reviewer is."""
    case = scene.open(OFFICE, scene.official.operator)
    assert refused(lambda: scene.decide(case, scene.official)) == (403, "use_reviewer_involved")
    assert refused(lambda: scene.decide(case, scene.unknown)) == (403, "use_reviewer_involved")
    assert scene.decide(case, scene.other) is ReviewOutcome.NOT_JUSTIFIED


def test_a_case_that_is_not_there_is_not_decided(scene: Scene) -> None:
    assert refused(lambda: scene.decide("A" * 22, scene.official)) == (404, "not_found")


def test_only_the_medical_centre_opens_cases_and_asks_for_outcomes(world: OversightWorld) -> None:
    for body in (Body.IDENTITY, Body.REGISTRY):
        stranger = UseCasesClient(world.http(body_certificate(body)))
        assert refused(lambda at=stranger: at.open("A" * 22, told()))[0] in (401, 403)  # type: ignore[misc]
        assert refused(lambda at=stranger: at.outcomes(AskOutcomes(cases=[])))[0] in (401, 403)  # type: ignore[misc]


def test_an_edited_case_is_named_and_not_shown(world: OversightWorld) -> None:
    case = base64url.encode(bytes(15) + b"e")
    UseCasesClient(world.http(body_certificate(Body.MEDICAL))).open(case, told())
    store = UseCaseStore(world.context.cipher)
    with world.context.database.write() as conn:
        before = store.get(conn, case)
        assert before is not None
        conn.execute(update(USE_CASE).where(USE_CASE.c.due == before.due).values(due=before.due + 1))
        findings = store.scan(conn)[1]
        assert findings
        assert {each.problem for each in findings} == {"was edited outside the program"}
        conn.rollback()


def test_a_case_past_its_deadline_says_so_and_its_outcome_is_late(scene: Scene) -> None:
    case = scene.open()
    scene.world.clock.move(15 * DAY)  # the last test: time does not go back
    (shown,) = scene.waiting(case)
    assert shown.overdue
    scene.decide(case, scene.official)
    assert scene.medical.outcomes(AskOutcomes(cases=[case])).outcomes[0].late


def test_an_official_whose_other_account_was_suspended_does_not_review_what_it_did(scene: Scene) -> None:
    """OP1, step M5: who reads out of curiosity loses the account, and is still the same human."""
    office = scene.world.app.state.office
    entry = office.editions.directory().operator(scene.official.organisation, scene.official.operator)
    assert entry is not None
    name = OperatorId(f"former-{base64url.encode(scene.world.random.randbytes(6))}")
    former = entry.model_copy(update={"id": name, "roles": [Role.READER], "active": False})
    scene.world.enter(former)
    case = scene.open(OFFICE, name)
    assert refused(lambda: scene.decide(case, scene.official)) == (403, "use_reviewer_involved")
    assert scene.decide(case, scene.other) is ReviewOutcome.NOT_JUSTIFIED


def test_people_of_a_case_are_told_apart_and_each_may_be_told_something_else(scene: Scene) -> None:
    case = scene.open()
    (shown,) = scene.waiting(case)
    parts = {each.name: each.rules for each in shown.each}
    assert parts == {ONE: [Rule.UNEXPLAINED], OTHER: [Rule.NIGHT, Rule.UNEXPLAINED]}
    common, own = "said to everybody", "said to you alone"
    stranger = DecideUse(outcome=ReviewOutcome.JUSTIFIED, comment=common, comments={"3" * 22: own})
    at, token = scene.reviewing(scene.official), scene.token(scene.official)
    assert refused(lambda: at.decide(case, stranger, token=token)) == (422, "use_share_unknown")
    assert scene.waiting(case)
    said = DecideUse(outcome=ReviewOutcome.JUSTIFIED, comment=common, comments={OTHER: own})
    at.decide(case, said, token=scene.token(scene.official))
    (outcome,) = scene.medical.outcomes(AskOutcomes(cases=[case])).outcomes
    assert (outcome.comment, outcome.comments) == (common, {OTHER: own})
