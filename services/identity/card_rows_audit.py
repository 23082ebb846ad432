"""The scan of cards against the log: no row is of an earlier moment, and no card has tries that it lost (IT5)."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from services.identity.card_rows import ToldCard
from services.identity.centre import IdentityCentre
from services.identity.tables import card, card_application
from services.kit.log.audit import Finding
from services.kit.log.entry import Opening

OLDER = "is not what the log says last"
MORE_TRIES = "has more tries left than the log says"
GONE = "missing, though the log has it"


def scan_card_rows(
    centre: IdentityCentre, conn: Connection, openings: Iterable[Opening]
) -> Iterator[Finding]:
    """Compare every card with the last entry about it; cards of an earlier version of Sekisho have none yet."""
    last: dict[str, ToldCard] = {}
    for opening in openings:
        told = ToldCard.read(opening.event)
        if told is not None:
            last[told.name] = told
    for card_id in conn.execute(select(card.c.id).order_by(card.c.id)).scalars().all():
        logged = last.pop(centre.card_rows.name(card_id), None)
        present = centre.card_rows.told(conn, card_id)
        if logged is None or present is None:
            continue
        if present.rows != logged.rows:
            yield Finding(card.name, f"id={card_id}", OLDER)
        for application, left in present.tries.items():
            if left > logged.tries.get(application, 0):
                where = f"card={card_id} application={application}"
                yield Finding(card_application.name, where, MORE_TRIES)
    for name in sorted(last):
        yield Finding(card.name, f"log={name}", GONE)
