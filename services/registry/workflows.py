"""The registry's use cases, one transaction each; every decision is in the log, refusals too."""

from collections.abc import Collection, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC

from sqlalchemy import Connection

from consent.decision import BasicRequest, Permit, Refusal, decide
from consent.errors import MalformedError
from consent.explanations import RefusalCode
from consent.guardians import Ages
from consent.identifiers import Pseudonym
from consent.vocabulary import BasicItem
from services.contracts.registry.change_reasons import ON_CHANGE, ON_ENTRY, ChangeReason
from services.contracts.registry.messages import (
    ASKED_BY,
    BasicItems,
    Confirm,
    Confirmed,
    Presence,
    RegisteredResident,
    RegisterResident,
)
from services.directives.model import StoredDirective
from services.kit.clock import JAPAN
from services.kit.credentials.callers import OperatorCaller
from services.kit.database import take_turn
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator
from services.registry import egress, matching
from services.registry.centre import Registry
from services.registry.erasing import due_day
from services.registry.errors import AlreadyRegisteredError, ConfirmationRefusedError, NotRegisteredError
from services.registry.model import HistoryEnd, Resident
from services.registry.policy import may_confirm


@dataclass(frozen=True, slots=True)
class _Permitted:
    """A yes: the items as registered, and the ground for telling about them."""

    resident: Resident
    permit: Permit
    ground: StoredDirective


def register(registry: Registry, caller: OperatorCaller, message: RegisterResident) -> RegisteredResident:
    """Enter a person. Raises: AlreadyRegisteredError, PseudonymTokenError, ReplayError, MalformedError."""
    reason = _reason(message, ON_ENTRY, otherwise=ChangeReason.ENTERED_EX_OFFICIO)
    named = registry.whom(message.token, caller.organisation)
    new = _resident(message.items)
    with registry.context.database.write() as conn:
        take_turn(conn, f"resident {named.pseudonym}")
        person = registry.use_up(conn, named)
        if registry.store.registered(conn, person):
            raise AlreadyRegisteredError("the person is registered already")
        registry.store.add(conn, person, new)
        registry.look_ups.add(conn, [(person, new)])
        matching.enter(conn, registry.context.cipher, person, new, handle=named.handle)
        event = by_registrar(caller, EventKind.RESIDENT_REGISTERED, items=list(BasicItem), reason=reason)
        registry.context.journal.record(conn, person=person, event=event)
    return RegisteredResident(resident="registered")


def change(registry: Registry, caller: OperatorCaller, message: RegisterResident) -> RegisteredResident:
    """Enter new items of a person and keep the old ones as history; nothing new changes nothing.

    Raises: NotRegisteredError, PseudonymTokenError, ReplayError, MalformedError.
    """
    reason = _reason(message, ON_CHANGE, otherwise=ChangeReason.CORRECTED_EX_OFFICIO)
    named = registry.whom(message.token, caller.organisation)
    new = _resident(message.items)
    with registry.context.database.write() as conn:
        person = registry.use_up(conn, named)
        registry.store.hold(conn, person)
        old = registry.store.resident(conn, person)
        if old is None:
            raise NotRegisteredError("the person is not registered")
        changed = [item for item in BasicItem if old.items[item] != new.items[item]]
        if not changed:
            return RegisteredResident(resident="unchanged")
        registry.store.change(conn, person, old=old, new=new, end=history_end(registry, reason))
        registry.look_ups.replace(conn, person, old=old, new=new)
        matching.enter(conn, registry.context.cipher, person, new, handle=named.handle)
        event = by_registrar(caller, EventKind.RESIDENT_CHANGED, items=changed, reason=reason)
        registry.context.journal.record(conn, person=person, event=event)
    return RegisteredResident(resident="changed")


def confirm(registry: Registry, caller: OperatorCaller, message: Confirm, *, hold: ExitStack) -> Confirmed:
    """Tell an organisation whether what it knows is still right, if the person permitted that (UC9).

    Guarantees: the directive relied on is held against withdrawal and refusal until `hold` is closed, after the answer
    was sent.
    Raises: ConfirmationRefusedError (logged, with its reason), PseudonymTokenError, ReplayError, MalformedError.
    """
    named = registry.whom(message.token, caller.organisation)
    with registry.context.database.read() as conn:
        first = _judge(registry, conn, caller, person=named.pseudonym, message=message)
    if isinstance(first, _Permitted):
        hold.enter_context(registry.directives.barrier.hold([first.permit.directive_id]))
    with registry.context.database.write() as conn:
        person = registry.use_up(conn, named)
        verdict = first
        if isinstance(first, _Permitted):
            verdict = _judge(registry, conn, caller, person=person, message=message)
            if not (isinstance(verdict, _Permitted) and verdict.permit == first.permit):
                verdict = RefusalCode.WITHDRAWN_IN_FLIGHT
            elif not registry.directives.store.use(conn, verdict.ground, now=registry.context.clock()):
                verdict = RefusalCode.FREQUENCY_USED_UP
        event = _confirmation(caller, message, verdict)
        registry.context.journal.record(conn, person=person, event=event)
    if isinstance(verdict, RefusalCode):
        raise ConfirmationRefusedError(verdict)
    return egress.confirmation(verdict.resident, message.items, verdict.permit)


def presence(registry: Registry, token: str) -> Presence:
    """Tell the ID centre whether a person is registered. Raises: PseudonymTokenError, ReplayError."""
    named = registry.whom(token, ASKED_BY)
    with registry.context.database.write() as conn:
        person = registry.use_up(conn, named)
        today = registry.context.clock().astimezone(JAPAN).date()
        ages = Ages(registry.settings.youth_age, registry.settings.majority_age)
        return egress.presence(registry.store.resident(conn, person), today=today, ages=ages)


def _judge(
    registry: Registry, conn: Connection, caller: OperatorCaller, *, person: Pseudonym, message: Confirm
) -> _Permitted | RefusalCode:
    if not may_confirm(caller.roles):
        return RefusalCode.ROLE_MISSING
    resident = registry.store.resident(conn, person)
    if resident is None:
        return RefusalCode.SUBJECT_UNKNOWN
    request = BasicRequest(
        reader=caller.reader,
        items=frozenset(message.items),
        purpose=message.purpose,
        contract=message.contract,
        reason=message.reason,
        now=registry.context.clock(),
    )
    registry.as_logged.require(conn, person)
    held = registry.directives.store.of_person_for(conn, person, caller.organisation)
    decision = decide(request, [each.held for each in held])
    if isinstance(decision, Refusal):
        return decision.code
    ground = next(each for each in held if each.id == decision.directive_id)
    return _Permitted(resident, decision, ground)


def _resident(items: BasicItems) -> Resident:
    return Resident({BasicItem(name): value for name, value in items.model_dump(mode="json").items()})


def _reason(
    message: RegisterResident, allowed: Collection[ChangeReason], *, otherwise: ChangeReason
) -> ChangeReason:
    """Return why; where the registrar does not say, it was done ex officio."""
    reason = message.reason or otherwise
    if reason not in allowed:
        raise MalformedError(f"the reason {reason.value} does not go with this; name another")
    return reason


def history_end(registry: Registry, reason: ChangeReason) -> HistoryEnd:
    """Return when what ends today for this reason must be erased."""
    today = registry.context.clock().astimezone(UTC).date()
    due = due_day(today, years=registry.settings.history_years)
    return HistoryEnd(reason, today, None if reason is ChangeReason.MOVED_ABROAD else due)


def by_registrar(
    caller: OperatorCaller, kind: EventKind, *, items: Iterable[BasicItem], reason: ChangeReason
) -> Event:
    """Return what is logged of a registrar's doing."""
    return by_operator(
        caller, kind, outcome=Outcome.DONE, categories=tuple(sorted(items)), detail={"why": reason.value}
    )


def _confirmation(caller: OperatorCaller, message: Confirm, verdict: _Permitted | RefusalCode) -> Event:
    refusal = verdict.value if isinstance(verdict, RefusalCode) else None
    return by_operator(
        caller,
        EventKind.CONFIRMATION,
        outcome=Outcome.PERMITTED if refusal is None else Outcome.REFUSED,
        purpose=message.purpose.value,
        categories=tuple(sorted(message.items)),
        reason=refusal,
        ground=verdict.permit.directive_id if isinstance(verdict, _Permitted) else None,
        detail={"contract": message.contract, "reason": message.reason.value},
    )
