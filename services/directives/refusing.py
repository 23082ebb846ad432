"""A refusal as an entry of the person's history, before it is answered."""

from consent.identifiers import Pseudonym
from services.contracts.directives import SubmissionFault
from services.directives.errors import RefusedError
from services.directives.service import Directives
from services.kit.events import Event, EventKind, Outcome


def refused(
    directives: Directives, person: Pseudonym, *, kind: EventKind, code: SubmissionFault
) -> RefusedError:
    """Log that something was refused, and return what to raise."""
    event = Event(kind=kind, outcome=Outcome.REFUSED, reason=code.value)
    with directives.context.database.write() as conn:
        directives.context.journal.record(conn, person=person, event=event)
    return RefusedError(code)
