"""What dual control promises at every body, on a real one over its gate and on the fake."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support.dual_control import OFFICE, fake_officials, fake_supervisor, supervisor
from support.identity_clock import HeldClock
from support.oversight_world import oversight

from consent.identifiers import OperatorId
from services.contracts.oversight.fake import FakeOversight
from services.contracts.oversight.messages import (
    Accredited,
    OrganisationAccreditation,
    RolesChange,
    StandingChange,
)
from services.contracts.oversight.register import Directory, Kind, Operator, Role
from services.contracts.proposals import DualControlled, ShownProposal
from services.kit.clock import epoch_seconds
from services.kit.dual_control.model import ProposalState
from services.kit.http import RemoteProblemError

CLINIC = StandingChange(kind=Accredited.ORGANISATION, id="clinic-b")
WHY = "an inspection"


@dataclass
class Desk:
    """Two supervisors at one body; `enter` has the register name another, `renewed` is the second with a new token."""

    first: DualControlled
    second: DualControlled
    clock: HeldClock
    directory: Callable[[], Directory]
    enter: Callable[[Operator], DualControlled]
    renewed: Callable[[], DualControlled]

    def expires(self) -> int:
        """Return a date that lies far ahead."""
        return epoch_seconds(self.clock()) + 100 * 86_400

    def of_first(self) -> Operator:
        """Return the first supervisor's entry."""
        found = self.directory().operator(OFFICE, OperatorId("first"))
        assert found is not None
        return found

    def active(self) -> bool:
        """Tell whether the clinic is accredited."""
        return self.directory().organisation(CLINIC.id) is not None  # type: ignore[arg-type]  # a plain text


@pytest.fixture(params=["fake", "real"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """Run each test on both."""
    if request.param == "fake":
        clock = HeldClock()
        fake = FakeOversight(clock)
        first, second = fake_officials(fake)
        fake.accredit_organisation(clinic(epoch_seconds(clock()) + 100 * 86_400))
        yield Desk(
            first, second, clock, fake.directory, lambda entry: fake_supervisor(fake, entry), lambda: second
        )
        return
    with oversight(tmp_path) as world:
        world.keeping.accredit_organisation(clinic(epoch_seconds(world.clock()) + 100 * 86_400))

        def enter(entry: Operator) -> DualControlled:
            world.enter(entry)
            return world.as_supervisor(replace(world.official, operator=entry.id))

        one, other = map(world.as_supervisor, world.supervisors)
        yield Desk(
            one,
            other,
            world.clock,
            world.app.state.office.editions.directory,
            enter,
            lambda: world.as_supervisor(world.supervisors[1]),
        )


def test_proposal_has_no_effect_and_shows_what_it_would_do(desk: Desk) -> None:
    made = desk.first.propose("suspend", CLINIC, reason=WHY)
    assert desk.active()
    assert (made.state, made.proposer, made.reason) == (ProposalState.PENDING, "first", WHY)
    assert (made.preview["before"], made.preview["after"]) == ({"active": True}, {"active": False})
    pending = [each for each in desk.second.proposals() if each.state is ProposalState.PENDING]
    assert pending == [made]


def test_approval_by_another_person_has_the_effect(desk: Desk) -> None:
    done = desk.second.approve(desk.first.propose("suspend", CLINIC, reason=WHY))
    assert not desk.active()
    assert (done.state, done.decided_by) == (ProposalState.APPROVED, "second")
    assert done.outcome == {"serial": desk.directory().register.serial}


def test_approval_counts_once(desk: Desk) -> None:
    made = desk.first.propose("suspend", CLINIC, reason=WHY)
    desk.second.approve(made)
    desk.second.approve(desk.first.propose("resume", CLINIC, reason="over"))
    assert refusal(lambda: desk.second.approve(made)) == (409, "proposal_decided")
    assert desk.active()


def test_proposer_cannot_approve(desk: Desk) -> None:
    made = desk.first.propose("suspend", CLINIC, reason=WHY)
    assert refusal(lambda: desk.first.approve(made)) == (403, "same_person")
    assert desk.active()


def test_the_same_human_with_another_account_cannot_approve(desk: Desk) -> None:
    again = desk.enter(supervisor("alias", person_tag=desk.of_first().person_tag, expires=desk.expires()))
    made = desk.first.propose("suspend", CLINIC, reason=WHY)
    assert refusal(lambda: again.approve(made)) == (403, "same_person")
    assert desk.active()


def test_the_same_card_under_another_name_cannot_approve(desk: Desk) -> None:
    card = desk.of_first().card_key
    lent = desk.enter(supervisor("lent", person_tag="another human", expires=desk.expires(), card=card))
    made = desk.first.propose("suspend", CLINIC, reason=WHY)
    assert refusal(lambda: lent.approve(made)) == (403, "same_person")
    assert desk.active()


def test_who_is_not_known_as_a_human_neither_proposes_nor_approves(desk: Desk) -> None:
    unknown = desk.enter(supervisor("unknown", person_tag=None, expires=desk.expires()))
    assert refusal(lambda: unknown.propose("suspend", CLINIC, reason=WHY)) == (403, "person_not_presented")
    made = desk.first.propose("suspend", CLINIC, reason=WHY)
    assert refusal(lambda: unknown.approve(made)) == (403, "person_not_presented")
    assert desk.active()


def test_proposal_expires(desk: Desk) -> None:
    made = desk.first.propose("suspend", CLINIC, reason=WHY)
    desk.clock.move(made.expires - made.made)
    tomorrow = desk.renewed()
    assert refusal(lambda: tomorrow.approve(made)) == (409, "proposal_expired")
    assert refusal(lambda: tomorrow.reject(made.id, reason="no")) == (409, "proposal_expired")
    assert desk.active()


def test_proposal_whose_preview_does_not_hold_any_more_is_refused_for_good(desk: Desk) -> None:
    made = desk.first.propose("suspend", CLINIC, reason=WHY)
    desk.second.approve(desk.first.propose("suspend", CLINIC, reason="the same, sooner"))
    assert refusal(lambda: desk.second.approve(made)) == (409, "proposal_outdated")
    desk.second.approve(desk.first.propose("resume", CLINIC, reason="over"))
    assert refusal(lambda: desk.second.approve(made)) == (409, "proposal_decided")
    assert desk.active()


def test_approver_says_which_preview_they_saw(desk: Desk) -> None:
    made = desk.first.propose("suspend", CLINIC, reason=WHY)
    other = made.model_copy(update={"digest": made.digest[::-1]})
    assert refusal(lambda: desk.second.approve(other)) == (409, "other_preview")
    assert desk.active()
    desk.second.approve(made)


def test_proposal_of_somebody_who_lost_the_role_is_refused(desk: Desk) -> None:
    third = desk.enter(supervisor("third", person_tag="a third human", expires=desk.expires()))
    made = third.propose("suspend", CLINIC, reason=WHY)
    gone = RolesChange(organisation=OFFICE, id="third", roles=[Role.AUDITOR])
    desk.second.approve(desk.first.propose("roles", gone, reason="left"))
    assert refusal(lambda: desk.second.approve(made)) == (409, "proposer_gone")
    assert refusal(lambda: third.propose("suspend", CLINIC, reason=WHY)) == (403, "forbidden")
    assert desk.active()


def test_rejected_or_withdrawn_proposal_is_over(desk: Desk) -> None:
    one, other = (desk.first.propose("suspend", CLINIC, reason=WHY) for _ in range(2))
    assert desk.second.reject(one.id, reason="not yet").state is ProposalState.REJECTED
    assert refusal(lambda: desk.second.withdraw(other.id, reason=WHY)) == (403, "not_proposer")
    assert desk.first.withdraw(other.id, reason=WHY).state is ProposalState.WITHDRAWN
    for made in (one, other):
        assert refusal(lambda made=made: desk.second.approve(made)) == (409, "proposal_decided")  # type: ignore[misc]  # bound at once
    assert desk.active()


def test_what_cannot_be_done_is_refused_when_proposed(desk: Desk) -> None:
    before = desk.first.proposals()
    nobody = StandingChange(kind=Accredited.ORGANISATION, id="nobody")
    assert refusal(lambda: desk.first.propose("suspend", nobody, reason=WHY)) == (404, "not_found")
    assert refusal(lambda: desk.first.propose("resume", CLINIC, reason=WHY)) == (409, "nothing_to_change")
    assert desk.first.proposals() == before


def test_unknown_kinds_and_proposals_are_refused(desk: Desk) -> None:
    assert refusal(lambda: desk.first.propose("reign", CLINIC, reason=WHY)) == (400, "malformed_request")
    made = desk.first.propose("suspend", CLINIC, reason=WHY)
    unknown = made.model_copy(update={"id": "AAAAAAAAAAAAAAAAAAAAAA"})
    assert refusal(lambda: desk.second.approve(unknown)) == (404, "not_found")


def refusal(call: Callable[[], ShownProposal]) -> tuple[int, str]:
    """Return how a call was refused."""
    with pytest.raises(RemoteProblemError) as refused:
        call()
    return refused.value.status, refused.value.code


def clinic(expires: int) -> OrganisationAccreditation:
    """Return who is to be suspended."""
    return OrganisationAccreditation(id=CLINIC.id, name="Clinic B", kind=Kind.CLINIC, expires=expires)
