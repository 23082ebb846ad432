"""Who moves away, dies or is removed is no resident any more (J1, J8): found by nobody, the change kept five years."""

from consent.errors import MalformedError
from consent.vocabulary import BasicItem
from services.contracts.registry.change_reasons import ON_DEPARTURE
from services.contracts.registry.messages import Depart, RegisteredResident
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import EventKind
from services.registry import insurance, matching
from services.registry.centre import Registry
from services.registry.errors import NotRegisteredError
from services.registry.workflows import by_registrar, history_end


def depart(registry: Registry, caller: OperatorCaller, message: Depart) -> RegisteredResident:
    """Take a person out of the register; whoever comes back is entered anew.

    Raises: NotRegisteredError, PseudonymTokenError, ReplayError, MalformedError.
    """
    reason = message.reason
    if reason not in ON_DEPARTURE:
        raise MalformedError(f"the reason {reason.value} does not go with this; name another")
    named = registry.whom(message.token, caller.organisation)
    with registry.context.database.write() as conn:
        person = registry.use_up(conn, named)
        old = registry.store.resident(conn, person)
        if old is None:
            raise NotRegisteredError("the person is not registered")
        end = history_end(registry, reason)
        registry.look_ups.remove(conn, person, old)
        matching.forget(conn, person)
        insurance.forget(conn, person)
        if not registry.store.remove(conn, person, old=old, end=end):
            raise NotRegisteredError("the person was taken out at the same moment")
        event = by_registrar(caller, EventKind.RESIDENT_DEPARTED, items=list(BasicItem), reason=reason)
        registry.context.journal.record(conn, person=person, event=event)
    return RegisteredResident(resident="departed")
