"""Points in time as signed texts carry them: UTC, whole seconds, one spelling."""

import re
from datetime import UTC, datetime
from typing import Final

from consent.errors import MalformedError

_FORM: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_REFUSED: Final = "A time is written in UTC with whole seconds, like 2026-04-01T00:00:00Z."


def whole_second(moment: datetime) -> datetime:
    """Round down to a whole second in UTC.

    Raises: MalformedError if the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise MalformedError("A time needs a time zone; use UTC.")
    return moment.astimezone(UTC).replace(microsecond=0)


def write(moment: datetime) -> str:
    """Write a moment, rounded down to a whole second."""
    return whole_second(moment).isoformat().replace("+00:00", "Z")


def read(text: str) -> datetime:
    """Read what `write` writes.

    Raises: MalformedError for any other spelling.
    """
    try:
        # strptime asks for the locale each time, which takes as long as a signature
        moment = datetime.fromisoformat(text) if _FORM.fullmatch(text) else None
    except ValueError:
        raise MalformedError(_REFUSED) from None
    if moment is None or write(moment) != text:
        raise MalformedError(_REFUSED)
    return moment
