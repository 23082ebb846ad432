"""A person gets a personal number, a linkage code, and with it all names that bodies know them by."""

from consent.vocabulary import Body
from services.contracts.identity.messages import EnrolledPerson
from services.identity import egress, sector_store
from services.identity.centre import IdentityCentre
from services.identity.model import Person
from services.identity.pseudonyms import LINKAGE_BYTES, LinkageCode
from services.identity.workflows.linking_evidence import remember
from services.identity.workflows.numbers import free_number
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import EventKind, Outcome
from services.kit.operator_events import by_operator


def enrol(centre: IdentityCentre, caller: OperatorCaller) -> EnrolledPerson:
    """Enrol a person at the caller's municipality."""
    linkage = LinkageCode(centre.context.randomness(LINKAGE_BYTES))
    reference = centre.namer.reference(caller.organisation, linkage)
    enrolled = by_operator(caller, EventKind.PERSON_ENROLLED, outcome=Outcome.DONE)
    with centre.context.database.write() as conn:
        changing = sector_store.hold_sectors(conn)  # before any name is made
        own = centre.context.people.own_name(conn, centre.names(conn)(Body.IDENTITY, linkage))
        someone = Person(own, linkage)
        number = free_number(centre, conn)
        centre.store.add_person(conn, someone, number)
        sector_store.queue_newcomer(conn, someone.pseudonym, changing)
        remember(centre, conn, someone)
        centre.store.add_link(conn, organisation=caller.organisation, reference=reference, someone=someone)
        centre.context.journal.record(conn, person=someone.pseudonym, event=enrolled)
    (tokens,) = egress.pseudonym_tokens(centre, [(reference, someone)], bodies=[Body.REGISTRY], caller=caller)
    return EnrolledPerson(reference=reference, personal_number=number, registry_token=tokens[Body.REGISTRY])
