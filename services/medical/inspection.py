"""The audit of stored records: every row against the log, every author's signature, every published key.

It names rows by table and key, never a value. What is in the log and not stored is named as missing; what is stored
and not in the log is named too.
"""

from collections.abc import Iterator, Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Row, bindparam, func, select

from consent.errors import ConsentError
from consent.identifiers import OrganisationId, Pseudonym, SubjectKeyId
from consent.jwk import thumbprint
from consent.publication import verify_publication
from consent.sealing import BundleMeta, SealedDocument, capsule_of, signer, verify_author
from services.contracts.oversight.register import ed25519
from services.directives.errors import StoredDirectiveChangedError
from services.kit.columns import ColumnError
from services.kit.events import EventKind
from services.kit.log.audit import Finding
from services.kit.log.entry import Opening
from services.kit.log.errors import LogError
from services.medical import erased_store, tables
from services.medical.centre import Centre
from services.medical.erasing import read_erasure_detail
from services.medical.errors import StoredDocumentDamagedError
from services.medical.model import LoggedBundle, StoredBundle, read_deposit_detail
from services.medical.records import bundle_meta, compare_document, header_fits, read_headers
from services.medical.store import BUNDLE_ROWS, DOCUMENT_COLUMNS, read_document
from services.medical.stream_inspection import stream_findings, stream_rows

AT_ONCE = 200
_DEPOSIT = select(tables.deposit.c.person, tables.deposit.c.years, tables.deposit.c.link).where(
    tables.deposit.c.position == bindparam("position")
)
_BUNDLE = BUNDLE_ROWS.where(tables.bundle.c.id == bindparam("id"))
_DOCUMENTS = select(*DOCUMENT_COLUMNS).where(
    tables.document.c.person == bindparam("person"), tables.document.c.bundle == bindparam("bundle")
)
OWN_TABLES = (
    tables.publication,
    tables.deposit,
    tables.bundle,
    tables.document,
    tables.handed_over,
    tables.staged_header,
)


class Inspection:
    """Looks at every row of the medical centre's own tables."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._store = centre.store

    def scan(self, conn: Connection) -> tuple[int, list[Finding]]:
        """Return how many rows were looked at, and each that does not fit."""
        rows = sum(conn.execute(select(func.count()).select_from(each)).scalar_one() for each in OWN_TABLES)
        rows += self._centre.apart.rows(conn) + stream_rows(conn)
        return rows, [
            *self._publications(conn),
            *self._deposits(conn),
            *self._apart(conn),
            *self._staged(conn),
            *self._erased(conn),
            *stream_findings(self._centre, conn),
        ]

    def _apart(self, conn: Connection) -> Iterator[Finding]:
        logged = self._of_kind(conn, EventKind.RECORDS_SET_APART)
        for table, row, problem in self._centre.apart.faults(conn, {position for position, _, _ in logged}):
            yield Finding(table, row, problem)

    def _publications(self, conn: Connection) -> Iterator[Finding]:
        table = tables.publication
        rows = conn.execute(
            select(table.c.position, table.c.person, table.c.content).order_by(table.c.position)
        )
        for position, person, content in rows:
            try:
                wallet = self._centre.directives.wallet(conn, Pseudonym(person))
                token = self._store.open_publication(position, person, content)
                if wallet is None:
                    yield Finding(table.name, f"position={position}", "its wallet is missing")
                else:
                    verify_publication(token, wallet, SubjectKeyId(thumbprint(wallet)))
            except (ColumnError, ConsentError, StoredDirectiveChangedError):
                yield Finding(table.name, f"position={position}", "is not what the wallet signed")

    def _deposits(self, conn: Connection) -> Iterator[Finding]:
        authors = self._centre.register.directory().author_keys()
        logged: set[tuple[str, str]] = set()
        documents: set[tuple[str, str, int]] = set()
        positions: set[int] = set()
        for position, person, bundles in self._logged(conn):
            positions.add(position)
            erased = erased_store.erased_bundles(conn, [each.id for each in bundles])
            kept = [each for each in bundles if each.id not in erased]
            for each in kept:
                logged.add((each.id, person))
                documents |= {(person, one.id, one.version) for one in each.documents}
            yield from self._deposit(conn, position, Pseudonym(person), bundles)
            yield from self._kept(conn, Pseudonym(person), kept, position=position, authors=authors)
        yield from self._unlogged(conn, positions, {name for name, _ in logged}, documents)

    def _deposit(
        self,
        conn: Connection,
        position: int,
        person: Pseudonym,
        bundles: Sequence[LoggedBundle],
    ) -> Iterator[Finding]:
        name, row = tables.deposit.name, f"position={position}"
        stored = conn.execute(_DEPOSIT, {"position": position}).one_or_none()
        if stored is None:
            yield Finding(name, row, "missing")
        else:
            try:
                fits = self._store.places(position, person, stored.years, stored.link) == {
                    each.place for each in bundles
                }
            except StoredDocumentDamagedError:
                fits = False
            if not fits or stored.person != person:
                yield Finding(name, row, "is not what the log says")

    def _kept(
        self,
        conn: Connection,
        person: Pseudonym,
        bundles: Sequence[LoggedBundle],
        *,
        position: int,
        authors: Mapping[OrganisationId, Sequence[Ed25519PublicKey]],
    ) -> Iterator[Finding]:
        wallet = self._wallet(conn, person)
        if wallet is None:
            yield Finding("wallet", f"of the deposit at position={position}", "missing or changed")
            return
        for each in bundles:
            yield from self._bundle(conn, each, person=person, subject=wallet, authors=authors)

    def _bundle(
        self,
        conn: Connection,
        logged: LoggedBundle,
        *,
        person: Pseudonym,
        subject: SubjectKeyId,
        authors: Mapping[OrganisationId, Sequence[Ed25519PublicKey]],
    ) -> Iterator[Finding]:
        name, row = tables.bundle.name, f"id={logged.id}"
        stored = conn.execute(_BUNDLE, {"id": logged.id}).one_or_none()
        if stored is None:
            yield Finding(name, row, "missing")
            return
        try:
            bundle = self._store.bundle(stored)
            fits = (
                bundle.first_compartment == logged.compartment
                and capsule_of(bundle.message_kit) == bundle.capsule
            )
        except (StoredDocumentDamagedError, ConsentError):
            fits = False
        if not fits:
            yield Finding(name, row, "is not what the log says")
            return
        if not self._header_logged(conn, bundle):
            yield Finding(tables.handed_over.name, f"bundle={logged.id}", "is not what the log says")
        rows = conn.execute(_DOCUMENTS, {"person": person, "bundle": logged.id}).all()
        keys = authors.get(bundle.author) or self._own_key(conn, person, bundle.author)
        yield from self._documents(rows, logged, bundle_meta(bundle, subject), keys)

    def _own_key(
        self, conn: Connection, person: Pseudonym, author: OrganisationId
    ) -> Sequence[Ed25519PublicKey]:
        """Return the wallet's key of that time when the person is the author."""
        kept = self._centre.directives.wallets.get(conn, person)
        own = () if kept is None else (kept.key, *kept.former)
        return tuple(ed25519(dict(each)) for each in own if thumbprint(each) == author)

    def _header_logged(self, conn: Connection, bundle: StoredBundle) -> bool:
        if bundle.position is None:
            return True
        opening = self._openings(conn, [bundle.position]).get(bundle.position)
        try:
            return opening is not None and header_fits(bundle, read_headers(opening.event))
        except (KeyError, TypeError):
            return False

    def _staged(self, conn: Connection) -> Iterator[Finding]:
        table = tables.staged_header.c
        for person in conn.execute(select(table.person).distinct()).scalars().all():
            try:
                staged = self._store.headers.staged(conn, Pseudonym(person))
            except StoredDocumentDamagedError as error:
                yield Finding(tables.staged_header.name, f"person={person}", error.detail)
                continue
            for each in staged:
                opening = self._openings(conn, [each.position]).get(each.position)
                if opening is None or each.header.logged() not in read_headers(opening.event):
                    row = f"bundle={each.header.bundle}"
                    yield Finding(tables.staged_header.name, row, "is not what the log says")

    def _documents(
        self,
        rows: Sequence[Row[str, str, int, str, bytes, bytes, bytes]],
        logged: LoggedBundle,
        meta: BundleMeta,
        authors: Sequence[Ed25519PublicKey],
    ) -> Iterator[Finding]:
        stored = {(row.id, row.version): read_document(row) for row in rows}
        for each in logged.documents:
            row = f"id={each.id} version={each.version}"
            try:
                document = compare_document(each, meta, stored.get((each.id, each.version)))
            except StoredDocumentDamagedError:
                yield Finding(tables.document.name, row, "missing or not what the log says")
                continue
            if not _signed_by(authors, document, meta):
                yield Finding(tables.document.name, row, "the author's signature does not verify")

    def _unlogged(
        self,
        conn: Connection,
        positions: set[int],
        bundles: set[str],
        documents: set[tuple[str, str, int]],
    ) -> Iterator[Finding]:
        for position in conn.execute(select(tables.deposit.c.position)).scalars():
            if position not in positions:
                yield Finding(tables.deposit.name, f"position={position}", "is not in the log")
        for name in conn.execute(select(tables.bundle.c.id)).scalars():
            if name not in bundles:
                yield Finding(tables.bundle.name, f"id={name}", "is not in the log")
        key = tables.document.c
        for person, name, version in conn.execute(select(key.person, key.id, key.version)):
            if (person, name, version) not in documents:
                yield Finding(tables.document.name, f"id={name} version={version}", "is not in the log")

    def _erased(self, conn: Connection) -> Iterator[Finding]:
        logged = {
            key: position
            for position, _, opening in self._of_kind(conn, EventKind.RECORDS_ERASED)
            for key in read_erasure_detail(opening.event)
        }
        for table, row, problem in erased_store.faults(conn, logged):
            yield Finding(table, row, problem)

    def _logged(self, conn: Connection) -> Iterator[tuple[int, str, list[LoggedBundle]]]:
        for position, person, opening in self._of_kind(conn, EventKind.RECORDS_DEPOSITED):
            yield from self._told(position, person, opening)

    def _of_kind(self, conn: Connection, kind: EventKind) -> Iterator[tuple[int, str | None, Opening]]:
        rows = self._centre.context.journal.persons(conn)
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            openings = self._openings(conn, [position for position, _ in some])
            for position, person in some:
                opening = openings.get(position)
                if opening is not None and opening.event.get("kind") == kind.value:
                    yield position, person, opening

    @staticmethod
    def _told(
        position: int, person: str | None, opening: Opening
    ) -> Iterator[tuple[int, str, list[LoggedBundle]]]:
        # a refused deposit is an entry too, and has no bundles
        if "detail" in opening.event and person is not None:
            yield position, person, read_deposit_detail(opening.event)

    def _openings(self, conn: Connection, positions: Sequence[int]) -> dict[int, Opening]:
        journal = self._centre.context.journal
        try:
            return journal.openings(conn, positions)
        except (ColumnError, LogError, ValueError, KeyError):
            if len(positions) == 1:
                return {}  # the journal's own audit names this entry
            middle = len(positions) // 2
            return self._openings(conn, positions[:middle]) | self._openings(conn, positions[middle:])

    def _wallet(self, conn: Connection, person: Pseudonym) -> SubjectKeyId | None:
        try:
            wallet = self._centre.directives.wallet(conn, person)
        except StoredDirectiveChangedError:
            return None
        return SubjectKeyId(thumbprint(wallet)) if wallet else None


def _signed_by(keys: Sequence[Ed25519PublicKey], document: SealedDocument, meta: BundleMeta) -> bool:
    try:
        verify_author(document, meta, signer(document, meta, keys))
    except ConsentError:
        return False
    return True
