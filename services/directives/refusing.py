"""A refusal as an entry of the person's history, before it is answered."""

from typing import Final

from consent.identifiers import DirectiveId, Pseudonym
from services.contracts.directives import SubmissionFault
from services.directives.acting import acted
from services.directives.errors import RefusedError
from services.directives.service import Directives
from services.kit.events import Event, EventKind, Outcome
from services.kit.problems import NotFoundError

NOT_YOURS: Final = "no such directive of yours is stored here"


def refused(
    directives: Directives,
    person: Pseudonym,
    *,
    kind: EventKind,
    code: SubmissionFault,
    guardian: str | None = None,
) -> RefusedError:
    """Log that something was refused, and return what to raise; `guardian` is the key of one who is signed in."""
    event = Event(kind=kind, outcome=Outcome.REFUSED, reason=code.value)
    with directives.context.database.write() as conn:
        event = acted(directives.store, conn, person, event, guardian=guardian)
        directives.context.journal.record(conn, person=person, event=event)
    return RefusedError(code)


def require_own(
    directives: Directives,
    person: Pseudonym,
    directive: DirectiveId,
    *,
    kind: EventKind,
    guardian: str | None = None,
) -> None:
    """Refuse a directive that is not the person's, as one that nobody has. Raises: NotFoundError (logged)."""
    context = directives.context
    with context.database.read() as conn:
        if directives.store.is_own(conn, directive, person):
            return
    event = Event(kind=kind, outcome=Outcome.REFUSED, reason=NotFoundError.problem.code)
    with context.database.write() as conn:
        event = acted(directives.store, conn, person, event, guardian=guardian)
        context.journal.record(conn, person=person, event=event)
    raise NotFoundError(NOT_YOURS)
