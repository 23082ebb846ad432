"""The scan of what belongs to patient numbers: cells open in their place, look-ups are those of what is sealed."""

from collections.abc import Iterator
from functools import partial

from sqlalchemy import Connection, Row, select

from consent.identifiers import Pseudonym
from services.identity.card_audit import Check
from services.identity.centre import IdentityCentre
from services.identity.patient_links import HANDLE_COLUMN, TRY_COLUMN, LinkState, handle_cell
from services.identity.tables import identity_try, patient_link, registry_handle
from services.kit.columns import ColumnError


def patient_references(centre: IdentityCentre, conn: Connection) -> set[tuple[str, str, str]]:
    """Return (organisation, reference, person) of every link that counts; rows that do not open are left out."""
    found: set[tuple[str, str, str]] = set()
    for _, row in centre.patients.everything(conn):
        try:
            link = centre.patients.open_row(row)
        except (ColumnError, ValueError):
            continue
        if link.state is LinkState.LINKED:
            found.add((link.organisation, link.reference, link.holder))
    return found


def link_checks(centre: IdentityCentre, conn: Connection) -> Iterator[Check]:
    """Return what must hold for each row."""
    for name, row in centre.patients.everything(conn):
        yield Check(patient_link.name, f"id={name}", partial(_patient, centre, conn, row))
    for key, person in conn.execute(select(registry_handle.c.id, registry_handle.c.person)).all():
        yield Check(registry_handle.name, f"id={key.hex()}", partial(_named, centre, conn, key, person))
    for key, day in conn.execute(select(identity_try.c.id, identity_try.c.day)).all():
        yield Check(identity_try.name, f"id={key.hex()}", partial(_try, centre, key, day))


def _patient(centre: IdentityCentre, conn: Connection, row: Row[str, str, bytes]) -> bool:
    link = centre.patients.open_row(row)
    named = centre.store.linked(conn, organisation=link.organisation, reference=link.reference)
    counts = link.state is LinkState.LINKED
    right = named is not None and named.pseudonym == link.holder if counts else named is None
    return right and centre.patients.fits(conn, link)


def _named(centre: IdentityCentre, conn: Connection, key: bytes, person: bytes) -> bool:
    cipher = centre.context.cipher
    cipher.open_lookup(key, column=HANDLE_COLUMN)
    opened = cipher.open(person, cell=handle_cell(key)).decode()
    return bool(centre.store.person(conn, Pseudonym(opened)))


def _try(centre: IdentityCentre, key: bytes, day: str) -> bool:
    told = centre.context.cipher.open_lookup(key, column=TRY_COLUMN).decode()
    return told.rpartition("\n")[2] == day
