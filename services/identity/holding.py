"""Rows that nobody else changes until a transaction ends, held before it is decided by what they say.

On SQLite a write transaction is alone already; on PostgreSQL a card that is being stopped would else get a token that
nobody stops, and a person two cards. Held in this order: a person, a card, what is the card's, the log's head.
"""

from sqlalchemy import Connection, bindparam, select

from consent.identifiers import Pseudonym
from services.identity.tables import card, person

_CARD = select(card.c.id).where(card.c.id == bindparam("card"))
_HOLD_CARD, _KEEP_CARD = _CARD.with_for_update(), _CARD.with_for_update(read=True)
_HOLD_PERSON = select(person.c.pseudonym).where(person.c.pseudonym == bindparam("person")).with_for_update()


def hold_person(conn: Connection, who: Pseudonym) -> None:
    """Let nobody else change what this person has."""
    conn.execute(_HOLD_PERSON, {"person": who})


def hold_card(conn: Connection, card_id: str) -> None:
    """Let nobody else change this card, nor rest anything new on it."""
    conn.execute(_HOLD_CARD, {"card": card_id})


def keep_card(conn: Connection, card_id: str) -> None:
    """Keep this card as it is, beside others who rest something on it."""
    conn.execute(_KEEP_CARD, {"card": card_id})
