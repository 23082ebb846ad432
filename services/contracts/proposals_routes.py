"""The routes of dual control, added to every body that has kinds of proposals."""

from collections.abc import Iterable, Iterator
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import Connection, Table

from services.contracts.oversight.register_view import RegisterView
from services.contracts.proposals import Approve, EndProposal, Proposals, Propose, ShownProposal
from services.kit.access import operator
from services.kit.context import BodyContext
from services.kit.credentials.callers import OperatorCaller
from services.kit.dual_control import workflows
from services.kit.dual_control.errors import ProposalChangedError
from services.kit.dual_control.kinds import AnyKind, by_name
from services.kit.dual_control.model import Proposal
from services.kit.dual_control.policy import preview_digest
from services.kit.dual_control.store import ProposalStore
from services.kit.dual_control.workflows import DECIDE, DualControl
from services.kit.log.audit import Finding

Supervisor = Annotated[OperatorCaller, Depends(operator(DECIDE))]


def open_dual_control(context: BodyContext, table: Table, kinds: Iterable[AnyKind]) -> DualControl:
    """Put `kinds` of a body under dual control. Raises: ValueError when two kinds have one name."""
    store = ProposalStore(table, context.cipher)
    return DualControl(context, store, by_name(kinds))


def proposal_routes(control: DualControl, register: RegisterView) -> APIRouter:
    """Return the router of one body."""
    router = APIRouter()

    @router.post("/proposals")
    def propose(caller: Supervisor, message: Propose) -> ShownProposal:
        """Propose an operation; nothing happens but that a preview is kept."""
        return shown(
            workflows.propose(
                control,
                caller,
                register=register.directory(),
                kind=message.kind,
                parameters=message.parameters,
                reason=message.reason,
            )
        )

    @router.get("/proposals")
    def proposals(caller: Supervisor) -> Proposals:
        """Return what the caller's organisation proposed."""
        return Proposals(proposals=[shown(each) for each in workflows.proposals(control, caller)])

    @router.post("/proposals/{proposal}/approval")
    def approve(caller: Supervisor, proposal: str, message: Approve) -> ShownProposal:
        """Have another person's proposal take effect."""
        directory = register.directory()
        return shown(workflows.approve(control, caller, proposal, register=directory, preview=message.digest))

    @router.post("/proposals/{proposal}/rejection")
    def reject(caller: Supervisor, proposal: str, message: EndProposal) -> ShownProposal:
        """End a proposal without effect."""
        return shown(workflows.reject(control, caller, proposal, reason=message.reason))

    @router.post("/proposals/{proposal}/withdrawal")
    def withdraw(caller: Supervisor, proposal: str, message: EndProposal) -> ShownProposal:
        """Take one's own proposal back."""
        return shown(workflows.withdraw(control, caller, proposal, reason=message.reason))

    return router


def scan_proposals(control: DualControl, conn: Connection) -> Iterator[Finding]:
    """Name every stored proposal that does not open."""
    for each in control.store.ids(conn):
        try:
            control.store.get(conn, each)
        except ProposalChangedError:
            yield Finding(control.store.table.name, f"id={each}", "was edited outside the program")


def shown(proposal: Proposal) -> ShownProposal:
    """Return a proposal as supervisors of its organisation see it."""
    return ShownProposal(
        id=proposal.id,
        kind=proposal.kind,
        organisation=proposal.organisation,
        proposer=proposal.proposer,
        reason=proposal.reason,
        made=proposal.made,
        expires=proposal.expires,
        state=proposal.state,
        preview=dict(proposal.preview),
        digest=preview_digest(proposal.preview),
        decided_by=proposal.decided_by,
        outcome=None if proposal.outcome is None else dict(proposal.outcome),
    )
