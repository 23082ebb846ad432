"""Pure rules of dual control: who may approve what, and when."""

import json
from collections.abc import Mapping
from hashlib import sha256

from pydantic import JsonValue

from consent import base64url
from services.kit.dual_control.model import Obstacle, Proposal, ProposalState, Signatory


def preview_digest(preview: Mapping[str, JsonValue]) -> str:
    """Return what an approver names to say which preview they saw."""
    written = json.dumps(preview, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return base64url.encode(sha256(written.encode()).digest())


def obstacle_to_approving(
    proposal: Proposal, *, proposer: Signatory | None, approver: Signatory | None, now: int
) -> Obstacle | None:
    """Tell why one person cannot approve what another proposed.

    Guarantees: no obstacle only if the two are different accounts with different cards of different humans, and the
    proposer is still who they were.
    """
    if proposal.state is not ProposalState.PENDING:
        return Obstacle.DECIDED
    if proposal.expires <= now:
        return Obstacle.EXPIRED
    if approver is None or approver.person is None:
        return Obstacle.PERSON_NOT_PRESENTED
    theirs = (approver.operator, approver.card, approver.person)
    if any(
        one == other
        for one, other in zip(theirs, (proposal.proposer, proposal.card, proposal.human), strict=True)
    ):
        return Obstacle.SAME_PERSON
    if proposer is None or (proposer.card, proposer.person) != (proposal.card, proposal.human):
        return Obstacle.PROPOSER_GONE
    return None


def obstacle_to_ending(proposal: Proposal, *, now: int) -> Obstacle | None:
    """Tell why a proposal cannot be rejected or withdrawn."""
    if proposal.state is not ProposalState.PENDING:
        return Obstacle.DECIDED
    return Obstacle.EXPIRED if proposal.expires <= now else None
