"""A name that nobody has, or that is somebody else's, as an entry of the log.

Whatever is an entry when it is done is one, too, when it is refused because of its name (R13). Both kinds of names
leave the same entry (OL2): in the history of who is concerned in any case, such as who is signed in, else nobody's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from consent.identifiers import Pseudonym
from services.kit.context import BodyContext
from services.kit.events import Event, Outcome
from services.kit.problems import NotFoundError


@contextmanager
def noting_unknown(
    context: BodyContext,
    event: Event,
    *,
    person: Pseudonym | None = None,
    unknown: type[Exception] = NotFoundError,
) -> Iterator[None]:
    """Log what leaves the block as `unknown`; in a transaction of its own, because that of the block is rolled back."""
    try:
        yield
    except unknown:
        note_unknown(context, event, person=person)
        raise


def note_unknown(context: BodyContext, event: Event, *, person: Pseudonym | None = None) -> None:
    """Log that `event` was refused because of a name."""
    refused = replace(event, outcome=Outcome.REFUSED, reason=NotFoundError.problem.code)
    with context.database.write() as conn:
        context.journal.record(conn, person=person, event=refused)
