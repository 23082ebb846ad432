"""The ID centre's questions when an organisation links its patient number, answered without a value of the register."""

from consent.identifiers import OrganisationId, Pseudonym
from consent.vocabulary import BasicItem
from services.contracts.registry.messages import (
    ASKED_BY,
    ComparedIdentity,
    CompareIdentity,
    MatchedIdentity,
    MatchIdentity,
)
from services.kit.events import Event, EventKind, Outcome
from services.registry import egress_identification as egress
from services.registry import matching
from services.registry.centre import Registry
from services.registry.policy import compare as differences

ITEMS = (BasicItem.BIRTH_DATE.value, BasicItem.NAME.value)
NO_SINGLE_MATCH = "no_single_match"
AT_ONCE = 1000


def compare(registry: Registry, message: CompareIdentity) -> ComparedIdentity:
    """Tell the ID centre which items of an organisation's patient are those of a person; the person sees it.

    Raises: PseudonymTokenError, ReplayError.
    """
    named = registry.whom(message.token, ASKED_BY)
    believed = {BasicItem.NAME: message.name, BasicItem.BIRTH_DATE: message.birth_date}
    with registry.context.database.write() as conn:
        person = registry.use_up(conn, named)
        matching.complete(conn, registry.context.cipher, person, named.handle)
        resident = registry.store.resident(conn, person)
        fitting = frozenset(
            each.item
            for each in (differences(resident, believed) if resident is not None else ())
            if each.value is None
        )
        refused = None if len(fitting) == len(believed) else "identity_mismatch"
        registry.context.journal.record(conn, person=person, event=_event(message.organisation, refused))
    return egress.compared(fitting)


def match(registry: Registry, message: MatchIdentity) -> MatchedIdentity:
    """Tell the ID centre who alone has a name and a birth date; that person sees it, and nobody else is named."""
    context = registry.context
    with context.database.write() as conn:
        found = matching.only_match(conn, context.cipher, name=message.name, birth_date=message.birth_date)
        person = None if found is None else found.person
        refused = NO_SINGLE_MATCH if found is None else None
        context.journal.record(conn, person=person, event=_event(message.organisation, refused))
    return egress.matched(registry, None if found is None else found.handle)


def enter_missing(registry: Registry) -> None:
    """Enter residents of the time before this look-up, in batches; run again, it finds nobody."""
    context, store = registry.context, registry.store
    more = True
    while more:
        with context.database.write() as conn:
            some: list[Pseudonym] = matching.not_entered(conn, most=AT_ONCE)
            for person in some:
                items = store.resident(conn, person)
                if items is not None:
                    matching.enter(conn, context.cipher, person, items, handle=None)
        more = len(some) == AT_ONCE


def _event(organisation: str, refused: str | None) -> Event:
    return Event(
        kind=EventKind.IDENTITY_COMPARED,
        outcome=Outcome.PERMITTED if refused is None else Outcome.REFUSED,
        organisation=OrganisationId(organisation),
        categories=ITEMS,
        reason=refused,
    )
