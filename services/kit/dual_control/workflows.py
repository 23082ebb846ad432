"""Proposing and deciding, one transaction each, every refusal in the log.

D1 the proposer is a human that the register can tell from others;
D2 the preview is computed from what is stored, and stored with the proposal;
D3 the approver is another account with another card of another human (OP4), of the same organisation;
D4 the proposer still may propose it;
D5 the approver saw this preview, and it is still what would happen;
D6 effect, both people's log entries and the proposal's new state are one transaction; it happens once.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import Connection

from consent import base64url
from consent.identifiers import Pseudonym
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.kit.credentials.callers import OperatorCaller
from services.kit.database import take_turn
from services.kit.dual_control import policy
from services.kit.dual_control.errors import ObstacleError, TooManyProposalsError, UnknownProposalError
from services.kit.dual_control.kinds import AnyKind, Asked, Shown
from services.kit.dual_control.model import (
    Approval,
    Obstacle,
    Proposal,
    ProposalState,
    Signatories,
    Signatory,
)
from services.kit.dual_control.store import ProposalStore
from services.kit.events import EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.permissions import policies
from services.kit.problems import ForbiddenError, MalformedRequestError
from services.kit.unknown_names import noting_unknown

DECIDE = "decide-together"
ID_BYTES = 16
SHOWN_AT_ONCE = 200


@dataclass(frozen=True)
class DualControl:
    """What one body has under dual control; both people need to be permitted `DECIDE` there at this moment."""

    context: BodyContext
    store: ProposalStore
    kinds: Mapping[str, AnyKind]

    def now(self) -> int:
        """The present second."""
        return epoch_seconds(self.context.clock())

    def kind(self, name: str, sector: str) -> AnyKind:
        """Return a kind that supervisors of `sector` may use. Raises: MalformedRequestError, ForbiddenError."""
        if name not in self.kinds:
            raise MalformedRequestError(f"this body knows the proposals {', '.join(sorted(self.kinds))}")
        if sector not in self.kinds[name].sectors:
            raise ForbiddenError(f"proposals of {name} are made by another kind of organisation")
        return self.kinds[name]


@dataclass(frozen=True, slots=True)
class _Named:
    """What a proposal is called, why it is made, and by which card and human."""

    kind: str
    reason: str
    card: str
    human: str


def propose(
    control: DualControl,
    caller: OperatorCaller,
    *,
    register: Signatories,
    kind: str,
    parameters: Shown,
    reason: str,
) -> Proposal:
    """Keep a proposal with the preview of its effect.

    Raises: ObstacleError (logged), TooManyProposalsError, what the kind's preview raises (logged).
    """
    proposer = _signatory(register, caller)
    chosen = control.kind(kind, proposer.sector if proposer is not None else "")
    if proposer is None or proposer.person is None:  # D1
        _refuse(control, caller, kind=kind, obstacle=Obstacle.PERSON_NOT_PRESENTED)
        raise ObstacleError(Obstacle.PERSON_NOT_PRESENTED)
    try:
        with control.context.database.write() as conn:
            take_turn(conn, f"proposals of {caller.organisation}")
            limit = control.context.settings.proposals_pending
            if control.store.pending(conn, caller.organisation, now=control.now()) >= limit:
                raise TooManyProposalsError(f"the limit is {limit}")
            asked = chosen.take(conn, caller, parameters)
            named = _Named(kind, reason, proposer.card, proposer.person)
            proposal = _new(control, conn, caller, asked=asked, named=named)
            control.store.add(conn, proposal)
            _record(control, conn, caller, EventKind.PROPOSAL_MADE, kind=kind, proposal=proposal)
            return proposal
    except chosen.refusals:
        _refuse(control, caller, kind=kind, obstacle=Obstacle.IMPOSSIBLE)
        raise


def approve(
    control: DualControl, caller: OperatorCaller, proposal: str, *, register: Signatories, preview: str
) -> Proposal:
    """Have a proposal take effect; `preview` is the digest of what the approver saw.

    Raises: UnknownProposalError, ObstacleError (both logged), what the kind's effect raises (then nothing happened).
    """
    with _deciding(control, caller) as conn:
        held = _held(control, conn, caller, proposal)
        asked = control.kinds[held.kind].again(held.asked)
        approver = _signatory(register, caller)
        obstacle = policy.obstacle_to_approving(  # D3
            held, proposer=_proposer(control, register, held), approver=approver, now=control.now()
        )
        if obstacle is None:
            obstacle = _changed(control, conn, held, asked=asked, seen=preview)  # D5
        if obstacle is None:
            done = _carry_out(control, conn, caller, held=held, asked=asked)  # D6
            _record(control, conn, caller, EventKind.PROPOSAL_DECIDED, kind=held.kind, proposal=done)
            return done
        if obstacle is Obstacle.OUTDATED:
            held = control.store.change(conn, held, state=ProposalState.OUTDATED, decided_by=caller.operator)
        _record(
            control, conn, caller, EventKind.PROPOSAL_DECIDED, kind=held.kind, proposal=held, refused=obstacle
        )
    raise ObstacleError(obstacle)


def reject(control: DualControl, caller: OperatorCaller, proposal: str, *, reason: str) -> Proposal:
    """End a proposal without effect; anybody of the organisation who may approve may reject, the proposer too.

    Raises: UnknownProposalError, ObstacleError (both logged).
    """
    return _end(control, caller, proposal, state=ProposalState.REJECTED, told=reason)


def withdraw(control: DualControl, caller: OperatorCaller, proposal: str, *, reason: str) -> Proposal:
    """Take one's own proposal back. Raises: UnknownProposalError, ObstacleError (both logged)."""
    return _end(control, caller, proposal, state=ProposalState.WITHDRAWN, told=reason)


def proposals(control: DualControl, caller: OperatorCaller) -> list[Proposal]:
    """Return what the caller's organisation proposed here."""
    with control.context.database.read() as conn:
        return control.store.of(conn, caller.organisation, limit=SHOWN_AT_ONCE)


@contextmanager
def _deciding(control: DualControl, caller: OperatorCaller) -> Iterator[Connection]:
    event = by_operator(caller, EventKind.PROPOSAL_DECIDED, outcome=Outcome.DONE)
    with (
        noting_unknown(control.context, event, unknown=UnknownProposalError),
        control.context.database.write() as conn,
    ):
        yield conn


def _end(
    control: DualControl, caller: OperatorCaller, proposal: str, *, state: ProposalState, told: str
) -> Proposal:
    with _deciding(control, caller) as conn:
        held = _held(control, conn, caller, proposal)
        obstacle = policy.obstacle_to_ending(held, now=control.now())
        if obstacle is None and state is ProposalState.WITHDRAWN and held.proposer != caller.operator:
            obstacle = Obstacle.NOT_PROPOSER
        if obstacle is None:
            ended = control.store.change(conn, held, state=state, decided_by=caller.operator)
            _record(
                control, conn, caller, EventKind.PROPOSAL_DECIDED, kind=held.kind, proposal=ended, why=told
            )
            return ended
        _record(
            control, conn, caller, EventKind.PROPOSAL_DECIDED, kind=held.kind, proposal=held, refused=obstacle
        )
    raise ObstacleError(obstacle)


def _new(
    control: DualControl, conn: Connection, caller: OperatorCaller, *, asked: Asked, named: _Named
) -> Proposal:
    made = control.now()
    return Proposal(
        id=base64url.encode(control.context.randomness(ID_BYTES)),
        kind=named.kind,
        organisation=caller.organisation,
        proposer=caller.operator,
        terminal=caller.terminal,
        card=named.card,
        human=named.human,
        reason=named.reason,
        asked=asked.stored,
        preview=asked.preview(conn),  # D2
        person=asked.person(conn),
        made=made,
        expires=made + control.context.settings.proposal_seconds,
    )


def _refuse(control: DualControl, caller: OperatorCaller, *, kind: str, obstacle: Obstacle) -> None:
    with control.context.database.write() as conn:
        _record(control, conn, caller, EventKind.PROPOSAL_MADE, kind=kind, refused=obstacle)


def _held(control: DualControl, conn: Connection, caller: OperatorCaller, proposal: str) -> Proposal:
    held = control.store.for_change(conn, proposal, organisation=caller.organisation)
    if held is None or held.kind not in control.kinds:
        raise UnknownProposalError("your organisation has no proposal of that name here")
    return held


def _proposer(control: DualControl, register: Signatories, held: Proposal) -> Signatory | None:
    found = register.signatory(held.organisation, held.proposer)  # D4
    if found is None or not policies().permits(found.roles, DECIDE, control.context.body):
        return None
    return found if found.sector in control.kinds[held.kind].sectors else None


def _changed(
    control: DualControl, conn: Connection, held: Proposal, *, asked: Asked, seen: str
) -> Obstacle | None:
    if seen != policy.preview_digest(held.preview):
        return Obstacle.OTHER_PREVIEW
    impossible = control.kinds[held.kind].refusals
    try:
        now = asked.preview(conn)
    except impossible:
        return Obstacle.OUTDATED  # what was proposed cannot be done any more
    return None if now == held.preview else Obstacle.OUTDATED


def _carry_out(
    control: DualControl, conn: Connection, caller: OperatorCaller, *, held: Proposal, asked: Asked
) -> Proposal:
    # beside the state: a proposal's row that somebody brings back from a copy has no second effect
    control.context.replays.use(conn, kind="proposal", value=held.id, expires=held.expires, now=control.now())
    approval = Approval(
        proposal=held.id,
        organisation=held.organisation,
        proposer=held.proposer,
        approver=caller.operator,
        terminal=caller.terminal,
        reason=held.reason,
    )
    outcome = asked.effect(conn, approval)
    return control.store.change(
        conn, held, state=ProposalState.APPROVED, decided_by=caller.operator, outcome=outcome
    )


def _signatory(register: Signatories, caller: OperatorCaller) -> Signatory | None:
    return register.signatory(caller.organisation, caller.operator)


def _record(
    control: DualControl,
    conn: Connection,
    caller: OperatorCaller,
    event: EventKind,
    *,
    kind: str,
    proposal: Proposal | None = None,
    refused: Obstacle | None = None,
    why: str | None = None,
) -> None:
    told: dict[str, JsonValue] = {"proposes": kind}
    person: Pseudonym | None = None
    if proposal is not None:
        person = proposal.person
        told |= {
            "proposal": proposal.id,
            "state": proposal.state.value,
            "why": proposal.reason if why is None else why,
        }
        if person is None:  # in a history operators stand under pseudonyms
            told["proposer"] = proposal.proposer
    outcome = Outcome.DONE if refused is None else Outcome.REFUSED
    control.context.journal.record(
        conn,
        person=person,
        event=by_operator(
            caller, event, outcome=outcome, reason=None if refused is None else refused.value, detail=told
        ),
    )
