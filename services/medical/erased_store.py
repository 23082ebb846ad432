"""Queries of erasure: destroying what a bundle opens with, and remembering that it was the person's order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from consent.identifiers import BundleId, DocumentId, Pseudonym
from services.kit.prepared import PreparedIn
from services.medical.model import LoggedBundle
from services.medical.tables import (
    bundle,
    deposit,
    document,
    erased_document,
    handed_over,
    staged_header,
    streams,
)

AT_ONCE = 500

_OF_PERSON = (
    select(bundle.c.id, bundle.c.deposit)
    .join(deposit, deposit.c.position == bundle.c.deposit)
    .where(deposit.c.person == bindparam("person"), bundle.c.id.in_(bindparam("ids", expanding=True)))
)
_ERASED = PreparedIn(
    lambda ids: select(erased_document.c.bundle).where(erased_document.c.bundle.in_(ids)).distinct()
)
_NAMED = PreparedIn(
    lambda ids: select(erased_document.c.id).where(
        erased_document.c.person == bindparam("person"), erased_document.c.id.in_(ids)
    )
)
_UPLOADS = (
    select(streams.stream.c.upload)
    .join(
        document,
        (document.c.person == streams.stream.c.person)
        & (document.c.id == streams.stream.c.document)
        & (document.c.version == streams.stream.c.version),
    )
    .where(document.c.bundle.in_(bindparam("ids", expanding=True)))
)


def deposits_of(conn: Connection, person: Pseudonym, ids: Sequence[BundleId]) -> dict[BundleId, int]:
    """Return, for those of the bundles that are the person's, the log position of their deposit."""
    found: dict[BundleId, int] = {}
    for some in _batches(ids):
        rows = conn.execute(_OF_PERSON, {"person": person, "ids": some})
        found |= {BundleId(name): position for name, position in rows}
    return found


def uploads_of(conn: Connection, ids: Sequence[BundleId]) -> list[str]:
    """Return the uploads that documents of the bundles stand for."""
    return [each for some in _batches(ids) for each in conn.execute(_UPLOADS, {"ids": some}).scalars()]


def destroy(conn: Connection, person: Pseudonym, bundles: Sequence[LoggedBundle], *, position: int) -> None:
    """Z2: delete content keys and ciphertext, and remember what was erased by which log entry.

    Guarantees: no row of these bundles is left; SQLite overwrites what is deleted (`secure_delete`).
    """
    rows = [
        {"bundle": each.id, "id": name, "person": person, "position": position}
        for each in bundles
        for name in sorted({one.id for one in each.documents})
    ]
    conn.execute(insert(erased_document), rows)
    for some in _batches([each.id for each in bundles]):
        for table in (staged_header, handed_over, document):
            conn.execute(delete(table).where(table.c.bundle.in_(some)))
        conn.execute(delete(bundle).where(bundle.c.id.in_(some)))


def erased_bundles(conn: Connection, ids: Sequence[BundleId]) -> set[str]:
    """Return those of the bundles that were erased."""
    return {name for (name,) in _ERASED.rows(conn, ids)}


def names_erased(conn: Connection, person: Pseudonym, ids: Iterable[DocumentId]) -> bool:
    """Tell whether one of the documents was erased."""
    return bool(_NAMED.rows(conn, sorted(ids), {"person": person}))


def faults(conn: Connection, logged: Mapping[tuple[str, str], int]) -> Iterator[tuple[str, str, str]]:
    """Compare the rows with what the log says was erased, (bundle, document) to position: (table, row, problem)."""
    table = erased_document.c
    stored = {
        (row.bundle, row.id): row.position
        for row in conn.execute(select(table.bundle, table.id, table.position))
    }
    for key in sorted(stored.keys() | logged.keys()):
        if stored.get(key) != logged.get(key):
            yield erased_document.name, f"bundle={key[0]} id={key[1]}", "is not what the log says"


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
