"""What one body says it did, held against what another one's whole history says (IT4).

The second body releases its part of a read only against the medical centre's log, and names the reader's statement and
the place in that log. So a read that the medical centre left out of a person's history, or never told it was theirs,
stands in the history that the second body keeps.
"""

from collections.abc import Sequence

from consent import base64url
from consent.vocabulary import Body
from services.kit.events import EventKind, Outcome
from services.kit.log.completeness import IncompleteError, WholeHistory
from services.kit.log.evidence import VerifiedEntry

STATEMENT = "statement"
LOG_INDEX = "log_index"


def compare_bodies(entries: Sequence[VerifiedEntry], whole: Sequence[WholeHistory]) -> None:
    """Check that each release by a second body is in the medical centre's history, where that is shown to be whole.

    Raises: IncompleteError.
    """
    for medical in (each for each in whole if _body(each.origin) == Body.MEDICAL.value):
        shown = {
            (each.index, base64url.encode(each.statement))
            for each in entries
            if each.origin == medical.origin and each.statement is not None
        }
        for release in entries:
            place = _released(release)
            if place is not None and place[0] < medical.index and place not in shown:
                raise IncompleteError(
                    medical.origin, f"{release.origin} took part in a read that it does not show"
                )


def _released(entry: VerifiedEntry) -> tuple[int, str] | None:
    """Return where in the medical centre's log the read is that a release served, and the statement's digest."""
    event, detail = entry.event, entry.event.get("detail")
    released = event.get("kind") == EventKind.FRAGMENTS_RELEASED.value
    if not released or event.get("outcome") != Outcome.PERMITTED.value or not isinstance(detail, dict):
        return None
    index, statement = detail.get(LOG_INDEX), detail.get(STATEMENT)
    return (index, statement) if isinstance(index, int) and isinstance(statement, str) else None


def _body(origin: str) -> str:
    return origin.rpartition("/")[2]
