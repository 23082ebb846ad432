"""Personal numbers: drawn, told to their holder, changed whenever the holder wishes (J5)."""

from sqlalchemy import Connection

from consent import personal_number
from consent.identifiers import Pseudonym
from consent.personal_number import PersonalNumber
from services.contracts.identity.messages import OwnNumber
from services.identity import egress
from services.identity.centre import IdentityCentre
from services.identity.holding import hold_person
from services.identity.workflows.cards import holder_of
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator


def free_number(centre: IdentityCentre, conn: Connection) -> PersonalNumber:
    """Draw a number that nobody has or ever had, within the transaction that gives it to somebody."""
    while centre.store.number_taken(conn, number := personal_number.generate(centre.context.randomness)):
        pass
    return number


def own_number(centre: IdentityCentre, caller: PersonCaller) -> OwnNumber:
    """Tell a person their number."""
    with centre.context.database.read() as conn:
        return egress.own_number(centre.store.number(conn, caller.pseudonym))


def change_own(centre: IdentityCentre, caller: PersonCaller) -> OwnNumber:
    """Give a person another number, no reason asked; the old one names nobody from now on."""
    event = Event(kind=EventKind.NUMBER_CHANGED, outcome=Outcome.DONE)
    return egress.own_number(_change(centre, caller.pseudonym, event))


def change_at_counter(centre: IdentityCentre, caller: OperatorCaller, reference: str) -> OwnNumber:
    """Give another number to a person at the municipality's counter. Raises: UnknownReferenceError (logged)."""
    someone = holder_of(centre, caller, reference, kind=EventKind.NUMBER_CHANGED)
    event = by_operator(caller, EventKind.NUMBER_CHANGED, outcome=Outcome.DONE)
    return egress.number_at_counter(_change(centre, someone.pseudonym, event), caller)


def _change(centre: IdentityCentre, person: Pseudonym, event: Event) -> PersonalNumber:
    with centre.context.database.write() as conn:
        hold_person(conn, person)
        number = free_number(centre, conn)
        centre.store.change_number(conn, person, number)
        centre.context.journal.record(conn, person=person, event=event)
    return number
