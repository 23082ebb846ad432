"""The scan of what is stored about the life of cards."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, select
from sqlalchemy.exc import NoResultFound

from services.contracts.identity.messages import Application
from services.identity.centre import IdentityCentre
from services.identity.model import Card
from services.identity.tables import CARDS


@dataclass(frozen=True, slots=True)
class Check:
    """One row and what must hold for it; `holds` returns False or raises when it does not."""

    table: str
    row: str
    holds: Callable[[], bool]


def card_checks(centre: IdentityCentre, conn: Connection) -> Iterator[Check]:
    """Return the checks of every row: its cells open for the card that the row names."""
    for card_id in conn.execute(select(CARDS.standing.c.card)).scalars().all():
        yield Check(CARDS.standing.name, f"card={card_id}", partial(_standing, centre, conn, card_id))
    row = CARDS.pending_pin.c
    for card_id, name in conn.execute(select(row.card, row.application)).all():
        where = f"card={card_id} application={name}"
        yield Check(CARDS.pending_pin.name, where, partial(_pending, centre, conn, card_id, name))
    for kid in conn.execute(select(CARDS.retired_key.c.kid)).scalars().all():
        yield Check(CARDS.retired_key.name, f"kid={kid}", partial(_retired, centre, conn, kid))


def _standing(centre: IdentityCentre, conn: Connection, card_id: str) -> bool:
    return centre.cards.changed(conn, _held(centre, conn, card_id)) is not None


def _pending(centre: IdentityCentre, conn: Connection, card_id: str, name: str) -> bool:
    return centre.cards.pending(conn, _held(centre, conn, card_id), Application(name)) is not None


def _retired(centre: IdentityCentre, conn: Connection, kid: str) -> bool:
    return centre.cards.retired(conn, kid) is not None


def _held(centre: IdentityCentre, conn: Connection, card_id: str) -> Card:
    held = centre.store.card(conn, card_id)
    if held is None:
        raise NoResultFound
    return held
