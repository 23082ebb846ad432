"""A person has their items stated about their own signature certificate (K2)."""

from consent.instants import whole_second
from services.contracts.registry.attributes import StateAttributes, StatedAttributes, about_certificate
from services.kit.credentials.callers import PersonCaller
from services.kit.credentials.pseudonyms import PseudonymTokenError
from services.kit.events import Event, EventKind, Outcome
from services.registry import egress
from services.registry.centre import Registry
from services.registry.errors import NotRegisteredError


def state_attributes(registry: Registry, caller: PersonCaller, message: StateAttributes) -> StatedAttributes:
    """Sign the caller's items for the certificate that the ID centre says is the caller's.

    Guarantees: nobody has their items stated about somebody else's certificate, nor somebody else's about theirs.
    Raises: PseudonymTokenError (in the history), NotRegisteredError, ReplayError.
    """
    named = registry.whom(message.token, about_certificate(message.certificate))
    kind = EventKind.ATTRIBUTES_STATED
    with registry.context.database.write() as conn:
        if named.pseudonym == caller.pseudonym:
            resident = registry.store.resident(conn, registry.use_up(conn, named))
            if resident is None:
                raise NotRegisteredError("you are not registered here")
            event = Event(kind=kind, outcome=Outcome.DONE)
            registry.context.journal.record(conn, person=caller.pseudonym, event=event)
            return egress.attributes(
                registry,
                resident,
                certificate=message.certificate,
                at=whole_second(registry.context.clock()),
            )
        event = Event(kind=kind, outcome=Outcome.REFUSED, reason="other_person")
        registry.context.journal.record(conn, person=caller.pseudonym, event=event)
    raise PseudonymTokenError("the token is about somebody else's certificate")
