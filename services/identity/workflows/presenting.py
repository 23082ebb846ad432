"""An operator-to-be presents their own card, so that bodies can tell two humans from one with two accounts (OP4)."""

from services.contracts.identity.presenting import OperatorPresentation, PresentOperator
from services.contracts.oversight.register import p256
from services.identity import egress
from services.identity.centre import IdentityCentre
from services.kit.credentials.callers import PersonCaller
from services.kit.events import Event, EventKind, Outcome


def present_operator(
    centre: IdentityCentre, caller: PersonCaller, asked: PresentOperator
) -> OperatorPresentation:
    """Return what the person hands to the accreditor; it stands in their history.

    Raises: MalformedError for a card key that is not P-256.
    """
    p256(asked.card_key)
    event = Event(kind=EventKind.OPERATOR_PRESENTED, outcome=Outcome.DONE, organisation=asked.organisation)
    with centre.context.database.write() as conn:
        holder = centre.store.person(conn, caller.pseudonym)
        centre.context.journal.record(conn, person=caller.pseudonym, event=event)
    return egress.operator_presentation(centre, holder, asked)
