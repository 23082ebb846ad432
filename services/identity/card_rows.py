"""What the log is told of a card's rows, so that rows that are put back are found (IT5, K1).

Cells of a card open for its holder, end and state only; a whole set of rows of an earlier moment opens, too. So each
entry about a card carries a keyed digest of its rows as the entry left them, and how many tries are left. The audit
compares the last such entry with what is stored. Tries are given back by a right PIN only, which says so in the log
when some were gone; that there are fewer than the log says is a try that was counted before a power cut.
"""

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue
from sqlalchemy import Connection, bindparam, select

from consent import base64url
from services.identity.tables import card, card_application

MEMBER = "card"
_CARD = select(card.c.holder, card.c.state, card.c.expires).where(card.c.id == bindparam("card"))
_APPLICATIONS = (
    select(
        card_application.c.application,
        card_application.c.kid,
        card_application.c.public_key,
        card_application.c.pin_verifier,
        card_application.c.share,
        card_application.c.tries_left,
    )
    .where(card_application.c.card == bindparam("card"))
    .order_by(card_application.c.application)
)


@dataclass(frozen=True, slots=True)
class ToldCard:
    """A card's rows as an entry of the log tells them; `name` stands for the card and is known to this body only."""

    name: str
    rows: str
    tries: Mapping[str, int]

    def member(self) -> JsonValue:
        """Return it as it stands in an event."""
        return {"name": self.name, "rows": self.rows, "tries": dict(self.tries)}

    @classmethod
    def read(cls, event: Mapping[str, JsonValue]) -> "ToldCard | None":
        """Return what an event says of a card, if it says something."""
        detail = event.get("detail")
        told = detail.get(MEMBER) if isinstance(detail, dict) else None
        if not isinstance(told, dict) or not isinstance(told.get("tries"), dict):
            return None
        tries = {name: left for name, left in _members(told["tries"]) if isinstance(left, int)}
        return cls(str(told["name"]), str(told["rows"]), tries)


@dataclass(frozen=True, slots=True)
class CardRows:
    """Digests of cards' rows by a key that is not in the database."""

    key: bytes = field(repr=False)

    def name(self, card_id: str) -> str:
        """Return what a card is called in the log."""
        return base64url.encode(hmac.digest(self.key, b"name " + card_id.encode(), "sha256")[:16])

    def told(self, conn: Connection, card_id: str) -> ToldCard | None:
        """Return a card's rows as they are in this transaction; the work is the same where there is no card."""
        held = conn.execute(_CARD, {"card": card_id}).one_or_none()
        applications = conn.execute(_APPLICATIONS, {"card": card_id}).all()
        whole = [list(held or ()), *([_text(cell) for cell in row[:-1]] for row in applications)]
        digest = hmac.digest(self.key, b"rows " + json.dumps([card_id, whole]).encode(), "sha256")
        tries = {row.application: row.tries_left for row in applications}
        return None if held is None else ToldCard(self.name(card_id), base64url.encode(digest), tries)


def _text(cell: str | bytes) -> str:
    return cell if isinstance(cell, str) else base64url.encode(bytes(cell))


def _members(value: JsonValue) -> Iterable[tuple[str, JsonValue]]:
    return value.items() if isinstance(value, dict) else ()
