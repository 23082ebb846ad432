"""Tickets: what a permitted read gives for fetching the segments of a large document, segment by segment.

A ticket is sealed by this centre with its column key and stored nowhere. It shows that this operator was permitted to
read this document; whether the permission still stands is looked at again for each segment.
"""

import json
from dataclasses import asdict, dataclass
from typing import Final

from consent import base64url
from consent.errors import MalformedError
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.credentials.callers import OperatorCaller
from services.medical.stream_errors import TicketError

_CELL: Final = "stream_ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Which document, for whom, what for, on which ground.

    Units: `until` epoch seconds. Shape: `entry` position of the read.
    """

    person: str
    bundle: str
    document: str
    version: int
    category: str
    year: int
    purpose: str
    ground: str
    organisation: str
    operator: str
    terminal: str
    entry: int
    until: int

    def is_of(self, caller: OperatorCaller) -> bool:
        """Whether the caller is who read."""
        own = (self.organisation, self.operator, self.terminal)
        return own == (caller.organisation, caller.operator, caller.terminal)


class Tickets:
    """Seals and opens tickets."""

    def __init__(self, cipher: ColumnCipher) -> None:
        self._cipher = cipher

    def seal(self, ticket: Ticket) -> str:
        """Return what the reader gets."""
        return base64url.encode(self._cipher.seal(json.dumps(asdict(ticket)).encode(), cell=_CELL))

    def open(self, text: str) -> Ticket:
        """Return what was sealed. Raises: TicketError."""
        try:
            return Ticket(**json.loads(self._cipher.open(base64url.decode(text), cell=_CELL)))
        except (ColumnError, MalformedError, ValueError) as error:
            raise TicketError from error
