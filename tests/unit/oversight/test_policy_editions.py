"""Policies are in force when two officials approved them; a program with others serves no operator."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.oversight_reads import events
from support.oversight_world import OFFICE, OversightWorld, oversight

from consent.identifiers import OperatorId
from consent.vocabulary import Body
from services.contracts.oversight.messages import PolicyApproval, PolicyRetirement
from services.contracts.oversight.register import Directory, PolicyEdition
from services.contracts.oversight.register_reader import verify_register
from services.kit.http import RemoteProblemError
from services.kit.permissions import policies

INSTALLED = policies().digest
OTHER = "f" * 64


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OversightWorld]:
    """Open the oversight body."""
    with oversight(tmp_path) as opened:
        yield opened


def directory(world: OversightWorld) -> Directory:
    """Return the register as a body reads it."""
    key = world.context.signing_key.public_key()
    return verify_register(world.as_body(Body.MEDICAL).register(), key=key, clock=world.clock)


def test_approved_editions_stand_in_register_and_log(world: OversightWorld) -> None:
    world.decide("approve-policies", PolicyApproval(digest=INSTALLED, note="founding"))
    world.decide("approve-policies", PolicyApproval(digest=OTHER, note="next year"))
    assert [(each.digest, each.active) for each in directory(world).register.policies] == [
        (INSTALLED, True),
        (OTHER, True),
    ]
    (told,) = (each["detail"] for each in events(world)[-2:] if each["kind"] == "accreditation_changed")
    assert (told["change"], told["id"], told["proposer"]) == ("policies", OTHER, "first")


def test_program_whose_policies_were_not_approved_gives_nobody_a_role(world: OversightWorld) -> None:
    world.decide("approve-policies", PolicyApproval(digest=INSTALLED, note="founding"))
    register = directory(world).register
    assert directory(world).roles(OFFICE, OperatorId("official"))
    for edition in (
        PolicyEdition(digest=OTHER, note="others", active=True),
        PolicyEdition(digest=INSTALLED, note="retired", active=False),
    ):
        changed = register.model_copy(update={"policies": [edition]})
        assert Directory(changed, world.clock).roles(OFFICE, OperatorId("official")) == frozenset()


def test_nobody_is_locked_out_by_the_first_approval_or_the_last_retirement(world: OversightWorld) -> None:
    asked = PolicyApproval(digest=OTHER, note="too early")
    assert refusal(world, "approve-policies", asked) == (409, "nothing_to_change")
    world.decide("approve-policies", PolicyApproval(digest=INSTALLED, note="founding"))
    retire = PolicyRetirement(digest=INSTALLED)
    assert refusal(world, "retire-policies", retire) == (409, "nothing_to_change")


def test_retired_edition_is_out_of_force_until_approved_again(world: OversightWorld) -> None:
    world.decide("approve-policies", PolicyApproval(digest=INSTALLED, note="founding"))
    world.decide("approve-policies", PolicyApproval(digest=OTHER, note="next"))
    world.decide("retire-policies", PolicyRetirement(digest=OTHER))
    assert not directory(world).register.approves(OTHER)
    assert refusal(world, "retire-policies", PolicyRetirement(digest=OTHER))[0] == 409
    world.decide("approve-policies", PolicyApproval(digest=OTHER, note="again"))
    assert directory(world).register.approves(OTHER)


def refusal(world: OversightWorld, kind: str, asked: PolicyApproval | PolicyRetirement) -> tuple[int, str]:
    """Return how a proposal was refused."""
    with pytest.raises(RemoteProblemError) as refused:
        world.decide(kind, asked)
    return refused.value.status, refused.value.code
