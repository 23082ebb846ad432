"""What the registry does under dual control; docs/dual-control.md says how a kind is made."""

from sqlalchemy import Connection

from consent.identifiers import OperatorId, OrganisationId
from services.contracts.oversight.register import Kind as Sector
from services.contracts.registry.supervision import AskLift, LiftStop
from services.kit.credentials.callers import OperatorCaller
from services.kit.dual_control.kinds import AnyKind, Kind, Shown, read_parameters
from services.kit.dual_control.model import Approval
from services.kit.events import Event, EventKind, Outcome
from services.registry.centre import Registry
from services.registry.errors import NotStoppedError, RegistryError


def registry_kinds(registry: Registry) -> list[AnyKind]:
    """Return everything that two supervisors do together here: letting a stopped card of theirs ask again (J3)."""

    def preview(conn: Connection, asked: LiftStop) -> Shown:
        since = registry.throttle.stopped_since(conn, *_card(asked))
        if since is None:
            raise NotStoppedError("no card of that operator is stopped in your organisation")
        return {"organisation": asked.organisation, "operator": asked.operator, "stopped_since": since}

    def effect(conn: Connection, asked: LiftStop, approval: Approval) -> Shown:
        registry.throttle.lift(conn, *_card(asked))
        event = Event(
            kind=EventKind.LOOK_UPS_RESUMED,
            outcome=Outcome.DONE,
            organisation=asked.organisation,
            operator=asked.operator,
            terminal=approval.terminal,
            detail={"proposer": approval.proposer, "approver": approval.approver, "why": approval.reason},
        )
        registry.context.journal.record(conn, person=None, event=event)
        return {}

    return [
        Kind(
            name="lift-stop",
            asked=LiftStop,
            sectors=frozenset({Sector.MUNICIPALITY.value}),
            preview=preview,
            effect=effect,
            settle=_of_own_organisation,
            refusals=(RegistryError,),
        )
    ]


def _of_own_organisation(_conn: Connection, caller: OperatorCaller, parameters: Shown) -> LiftStop:
    asked = read_parameters(AskLift, parameters, kind="lift-stop")
    return LiftStop(organisation=caller.organisation, operator=asked.operator)


def _card(asked: LiftStop) -> tuple[OrganisationId, OperatorId]:
    return OrganisationId(asked.organisation), OperatorId(asked.operator)
