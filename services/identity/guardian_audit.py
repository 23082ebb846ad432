"""The scan of guardianships: rows open in their place, and none is in force of which the log says that it ended."""

from collections.abc import Iterable, Iterator
from functools import partial

from sqlalchemy import Connection

from services.identity.card_audit import Check
from services.identity.centre import IdentityCentre
from services.identity.tables import guardianship, legal_state
from services.kit.columns import ColumnError
from services.kit.events import EventKind
from services.kit.log.audit import Finding
from services.kit.log.entry import Opening


def guardian_checks(centre: IdentityCentre, conn: Connection) -> Iterator[Check]:
    """Return what must hold for each row."""
    for row in centre.guardianships.everything(conn):
        yield Check(guardianship.name, f"id={row.id}", partial(centre.guardianships.fits, row))
    for key, told in centre.guardianships.standings(conn):
        holds = partial(centre.guardianships.fits_person, key, told)
        yield Check(legal_state.name, f"id={key.hex()}", holds)


def scan_guardianships(
    centre: IdentityCentre, conn: Connection, logged: Iterable[Opening]
) -> Iterator[Finding]:
    """Compare the rows with what the log says was entered and ended."""
    entered: set[str] = set()
    ended: set[str] = set()
    for opening in logged:
        kind, detail = opening.event.get("kind"), opening.event.get("detail")
        name = str(detail.get("guardianship")) if isinstance(detail, dict) else ""
        if kind == EventKind.GUARDIANSHIP_REGISTERED.value:
            entered.add(name)
        elif kind == EventKind.GUARDIANSHIP_ENDED.value:
            ended.add(name)
    present: set[str] = set()
    for row in centre.guardianships.everything(conn):
        present.add(row.id)
        try:
            held = centre.guardianships.open_row(row)
        except (ColumnError, ValueError):
            continue  # the other scan names it
        if held.ended is None and held.id in ended:
            yield Finding(guardianship.name, f"id={row.id}", "in force, though the log says it ended")
        if held.id not in entered:
            yield Finding(guardianship.name, f"id={row.id}", "the log does not say that it was entered")
    for name in sorted(entered - present):
        yield Finding(guardianship.name, f"id={name}", "missing, though the log says it was entered")
