"""What the log says of the card and the passkeys of one person, asked when somebody signs in with one (R4, K4, IT5).

The ID centre alone decides who signs in: the rows of a card from before it was stopped, or of a passkey from before it
was removed, open when they are put back, and no other body has rows of its own.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue
from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from services.identity.card_rows import CardRows, ToldCard
from services.kit.columns import ColumnError
from services.kit.events import EventKind, Outcome
from services.kit.journal import Journal
from services.kit.log.errors import LogError
from services.kit.reading_on import ReadingOn

PASSKEY = "passkey"


@dataclass(slots=True)
class _Keys:
    cards: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    def take(self, event: Mapping[str, JsonValue]) -> None:
        """Take in the next entry."""
        told, detail = ToldCard.read(event), event.get("detail")
        if told is not None:
            self.cards[told.name] = told.rows
        if event.get("outcome") != Outcome.DONE.value or not isinstance(detail, dict):
            return
        name = str(detail.get(PASSKEY))
        match event.get("kind"):
            case EventKind.PASSKEY_ADDED.value:
                self.removed.discard(name)
            case EventKind.PASSKEY_REMOVED.value:
                self.removed.add(name)

    def copy(self) -> "_Keys":
        """Return it as it is now."""
        return _Keys(dict(self.cards), set(self.removed))


class LoggedKeys:
    """Compares what somebody signs in with, with the newest entries about it."""

    def __init__(self, journal: Journal, rows: CardRows) -> None:
        self._rows = rows
        self._people = ReadingOn(journal, _Keys)

    def told(self, passkey: str) -> dict[str, JsonValue]:
        """Return how an event says which passkey it is about: by a name that is known to this body only."""
        return {PASSKEY: self._name(passkey)}

    def card_stands(self, conn: Connection, holder: Pseudonym, card_id: str) -> bool:
        """Whether a card's rows are those that the log says last; an earlier version's card has no entry yet."""
        keys, told = self._read(conn, holder), self._rows.told(conn, card_id)
        if keys is None or told is None:
            return False
        return hmac.compare_digest(keys.cards.get(told.name, told.rows), told.rows)

    def passkey_stands(self, conn: Connection, holder: Pseudonym, passkey: str) -> bool:
        """Whether the log does not say that the passkey was removed."""
        keys = self._read(conn, holder)
        return keys is not None and self._name(passkey) not in keys.removed

    def _read(self, conn: Connection, holder: Pseudonym) -> _Keys | None:
        try:
            return self._people.of(conn, holder)
        except (ColumnError, LogError, ValueError, KeyError):
            return None

    def _name(self, passkey: str) -> str:
        return self._rows.name(f"passkey {passkey}")
