"""What was uploaded and never deposited ends by itself, and so does every blob that no row names.

The work needs no memory of its own: what is due is found by its time. A death in the middle leaves whole transactions,
and blobs that the next run finds.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Final

from services.kit.clock import epoch_seconds
from services.kit.events import Event, EventKind, Outcome
from services.medical.centre import Centre
from services.medical.stream_store import AT_ONCE

UPLOADS_AT_ONCE: Final = 20


def sweep(centre: Centre) -> tuple[int, int]:
    """Return how many uploads were ended, and how many blobs without a row were removed."""
    return _end_uploads(centre), _remove_orphans(centre)


def _end_uploads(centre: Centre) -> int:
    ended = 0
    while True:
        with centre.context.database.write() as conn:
            due = centre.streams.overdue(conn, before=_before(centre), most=UPLOADS_AT_ONCE)
            if not due:
                return ended
            blobs = centre.streams.discard(conn, due)
            event = Event(kind=EventKind.UPLOADS_ENDED, outcome=Outcome.DONE, count=len(due))
            centre.context.journal.record(conn, person=None, event=event)
        centre.blobs.remove(blobs)
        ended += len(due)


def _remove_orphans(centre: Centre) -> int:
    # only what is old: a blob is put before its row
    limit = centre.context.clock() - timedelta(hours=centre.settings.upload_hours)
    names, removed = centre.blobs.older_than(limit), 0
    while some := list(_some(names)):
        with centre.context.database.read() as conn:
            known = centre.streams.known_blobs(conn, some)
        orphans = [each for each in some if each not in known]
        centre.blobs.remove(orphans)
        removed += len(orphans)
    return removed


def _some(names: Iterator[str]) -> Iterator[str]:
    return islice(names, AT_ONCE)


def _before(centre: Centre) -> int:
    return epoch_seconds(centre.context.clock()) - centre.settings.upload_hours * 3600
