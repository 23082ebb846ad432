"""Every query on the medical centre's own tables; batches only, nothing row by row.

Sealed cells are bound to their row, so a cell moved to another row does not open.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select
from sqlalchemy import Row as CoreRow
from sqlalchemy.exc import IntegrityError as DuplicateError

from consent.compartments import Compartment
from consent.errors import MalformedError
from consent.identifiers import BundleId, DocumentId, OrganisationId, Pseudonym
from consent.sealing import SealedDocument
from consent.vocabulary import Category
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.prepared import Prepared, PreparedIn, Row
from services.medical.errors import BundleKnownError, DocumentVersionError, StoredDocumentDamagedError
from services.medical.header_store import HeaderStore
from services.medical.model import IncomingBundle, Place, StoredBundle
from services.medical.tables import (
    bundle,
    cut_link,
    deposit,
    directives,
    document,
    erased_document,
    handed_over,
    publication,
)

DocumentRow = tuple[BundleId, SealedDocument]
BundleRow = Row | CoreRow[str, bytes, bytes, bytes, int | None, bytes | None]


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest stored version of a document, where it is, and whose."""

    version: int
    place: Place
    author: OrganisationId


class MedicalStore:
    """Publications, deposits, bundles and documents of the medical centre."""

    def __init__(self, cipher: ColumnCipher) -> None:
        self._cipher = cipher
        self.headers = HeaderStore(cipher)

    def lock(self, conn: Connection, person: Pseudonym) -> None:
        """Let one writer after the other change what is published and deposited about a person.

        PostgreSQL: the wallet's row is locked. SQLite: a write transaction is alone already.
        """
        _LOCK.run(conn, {"person": person})

    def add_publication(self, conn: Connection, *, position: int, person: Pseudonym, token: str) -> None:
        """Keep the wallet's signed compartment keys."""
        content = self._cipher.seal(token.encode(), cell=_publication_cell(position, person))
        conn.execute(_ADD_PUBLICATION, {"position": position, "person": person, "content": content})

    def replace_publications(self, conn: Connection, *, position: int, person: Pseudonym, token: str) -> None:
        """Keep these compartment keys in place of all that a former wallet published; the log has those, too."""
        conn.execute(delete(publication).where(publication.c.person == person))
        self.add_publication(conn, position=position, person=person, token=token)

    def publications(self, conn: Connection, person: Pseudonym) -> list[str]:
        """Return the person's publications, oldest first. Raises: ColumnError."""
        rows = _PUBLICATIONS.rows(conn, {"person": person})
        return [self.open_publication(position, person, content) for position, content in rows]

    def open_publication(self, position: int, person: Pseudonym, stored: bytes) -> str:
        """Open a publication's row. Raises: ColumnError."""
        return self._cipher.open(stored, cell=_publication_cell(position, person)).decode()

    def add_deposit(
        self,
        conn: Connection,
        *,
        position: int,
        person: Pseudonym,
        bundles: Sequence[IncomingBundle],
        link: bytes | None = None,
    ) -> None:
        """Keep a verified deposit (D6) under its link. Raises: BundleKnownError, DocumentVersionError."""
        places = sorted(
            {(each.sealed.compartment.category.value, each.sealed.compartment.year) for each in bundles}
        )
        years = self._cipher.seal(json.dumps(places).encode(), cell=_deposit_cell(position, person, link))
        row = {"position": position, "person": person, "years": years, "link": link}
        _ADD_DEPOSIT.run(conn, row)
        try:
            _ADD_BUNDLES.run_each(conn, [self._bundle_row(each, position) for each in bundles])
        except DuplicateError as error:
            raise BundleKnownError from error
        try:
            _ADD_DOCUMENTS.run_each(conn, [row for each in bundles for row in _document_rows(each, person)])
        except DuplicateError as error:
            raise DocumentVersionError from error

    def deposits(self, conn: Connection, person: Pseudonym) -> dict[int, frozenset[Place]]:
        """Return where in the log the person's deposits are, and their categories and years; none that is set apart.

        Raises: StoredDocumentDamagedError.
        """
        rows = _DEPOSITS.rows(conn, {"person": person})
        return {position: self.places(position, person, stored, link) for position, stored, link in rows}

    def places(self, position: int, person: Pseudonym, stored: bytes, link: bytes | None) -> frozenset[Place]:
        """Open the categories and years of a deposit's row. Raises: StoredDocumentDamagedError."""
        try:
            told = json.loads(self._cipher.open(stored, cell=_deposit_cell(position, person, link)))
            return frozenset((Category(category), int(year)) for category, year in told)
        except (ColumnError, ValueError) as error:
            raise StoredDocumentDamagedError(f"deposit position={position}") from error

    def latest_versions(
        self, conn: Connection, person: Pseudonym, ids: Iterable[DocumentId]
    ) -> dict[DocumentId, Latest]:
        """Return the newest stored version of each document that is stored."""
        found: dict[DocumentId, Latest] = {}
        for name, version, bundle_id, head in _LATEST.rows(conn, sorted(set(ids)), {"person": person}):
            compartment, author = self.head(bundle_id, head)
            place = (compartment.category, compartment.year)
            found[DocumentId(name)] = Latest(version, place, author)
        return found

    def known_bundles(self, conn: Connection, ids: Sequence[BundleId]) -> set[str]:
        """Return those of `ids` that are taken."""
        return {name for (name,) in [*_KNOWN_BUNDLES.rows(conn, ids), *_ERASED_BUNDLES.rows(conn, ids)]}

    def bundles(self, conn: Connection, ids: Sequence[BundleId]) -> dict[BundleId, StoredBundle]:
        """Return the named bundles' rows. Raises: StoredDocumentDamagedError."""
        stored = [self.bundle(row) for row in _BUNDLES.rows(conn, ids)]
        return {each.id: each for each in stored}

    def bundle(self, row: BundleRow) -> StoredBundle:
        """Read a row of `BUNDLE_ROWS`. Raises: StoredDocumentDamagedError."""
        name, head, capsule, message_kit, position, content = row
        compartment, author = self.head(name, head)
        if content is None:
            return StoredBundle(BundleId(name), compartment, author, capsule, message_kit)
        present, origin = self.headers.origin(name, position, content)
        if origin.compartment != compartment:
            raise StoredDocumentDamagedError(f"handed_over bundle={name}")
        return StoredBundle(BundleId(name), present, author, capsule, message_kit, origin, position)

    def head(self, name: str, stored: bytes) -> tuple[Compartment, OrganisationId]:
        """Open a bundle's head. Raises: StoredDocumentDamagedError."""
        try:
            label, author = json.loads(self._cipher.open(stored, cell=_bundle_cell(name)))
            return Compartment.parse(label), OrganisationId(author)
        except (ColumnError, MalformedError, ValueError) as error:
            raise StoredDocumentDamagedError(f"bundle id={name}") from error

    def documents(
        self, conn: Connection, person: Pseudonym, bundles: Sequence[BundleId]
    ) -> Mapping[tuple[DocumentId, int], DocumentRow]:
        """Return the document rows of the person in the named bundles, by id and version."""
        found = [read_document(row) for row in _DOCUMENTS.rows(conn, bundles, {"person": person})]
        return {(read[1].id, read[1].version): read for read in found}

    def bundle_of(
        self, conn: Connection, person: Pseudonym, name: DocumentId, version: int
    ) -> BundleId | None:
        """Return which bundle a version of somebody's document came in."""
        row = {"person": person, "id": name, "version": version}
        found = conn.execute(_BUNDLE_OF, row).scalar_one_or_none()
        return None if found is None else BundleId(found)

    def _bundle_row(self, incoming: IncomingBundle, position: int) -> dict[str, object]:
        sealed = incoming.sealed
        head = json.dumps([sealed.compartment.label, sealed.author]).encode()
        return {
            "id": sealed.id,
            "deposit": position,
            "head": self._cipher.seal(head, cell=_bundle_cell(sealed.id)),
            "capsule": incoming.capsule,
            "message_kit": sealed.message_kit,
        }


DOCUMENT_COLUMNS = (
    document.c.bundle,
    document.c.id,
    document.c.version,
    document.c.media_type,
    document.c.nonce,
    document.c.ciphertext,
    document.c.signature,
)
_LOCK = Prepared(
    select(directives.wallet.c.pseudonym)
    .where(directives.wallet.c.pseudonym == bindparam("person"))
    .with_for_update()
)
_ADD_PUBLICATION, _ADD_DEPOSIT = insert(publication), Prepared(insert(deposit))
_ADD_BUNDLES, _ADD_DOCUMENTS = Prepared(insert(bundle)), Prepared(insert(document))
_PUBLICATIONS = Prepared(
    select(publication.c.position, publication.c.content)
    .where(publication.c.person == bindparam("person"))
    .order_by(publication.c.position)
)
_DEPOSITS = Prepared(
    select(deposit.c.position, deposit.c.years, deposit.c.link)
    .where(deposit.c.person == bindparam("person"))
    .where(or_(deposit.c.link.is_(None), deposit.c.link.not_in(select(cut_link.c.id))))
    .order_by(deposit.c.position)
)
_VERSIONS = document.alias()
_NEWEST = (
    select(func.max(_VERSIONS.c.version))
    .where(_VERSIONS.c.person == document.c.person, _VERSIONS.c.id == document.c.id)
    .scalar_subquery()
)
_LATEST = PreparedIn(
    lambda ids: (
        select(document.c.id, document.c.version, bundle.c.id, bundle.c.head)
        .join(bundle, bundle.c.id == document.c.bundle)
        .where(
            document.c.person == bindparam("person"),
            document.c.id.in_(ids),
            document.c.version == _NEWEST,
        )
    )
)
_BUNDLE_OF = select(document.c.bundle).where(
    document.c.person == bindparam("person"),
    document.c.id == bindparam("id"),
    document.c.version == bindparam("version"),
)
_ERASED_BUNDLES = PreparedIn(
    lambda ids: select(erased_document.c.bundle).where(erased_document.c.bundle.in_(ids))
)
_KNOWN_BUNDLES = PreparedIn(lambda ids: select(bundle.c.id).where(bundle.c.id.in_(ids)))
BUNDLE_ROWS = select(
    bundle.c.id,
    bundle.c.head,
    bundle.c.capsule,
    bundle.c.message_kit,
    handed_over.c.position,
    handed_over.c.content,
).join(handed_over, handed_over.c.bundle == bundle.c.id, isouter=True)
_BUNDLES = PreparedIn(lambda ids: BUNDLE_ROWS.where(bundle.c.id.in_(ids)))
_DOCUMENTS = PreparedIn(
    lambda bundles: select(*DOCUMENT_COLUMNS).where(
        document.c.person == bindparam("person"), document.c.bundle.in_(bundles)
    )
)


def read_document(row: Row | CoreRow[str, str, int, str, bytes, bytes, bytes]) -> DocumentRow:
    """Read `DOCUMENT_COLUMNS`."""
    bundle_id, name, version, media_type, nonce, ciphertext, signature = row
    return BundleId(bundle_id), SealedDocument(
        DocumentId(name), version, media_type, nonce, ciphertext, signature
    )


def _document_rows(incoming: IncomingBundle, person: Pseudonym) -> list[dict[str, object]]:
    return [
        {
            "person": person,
            "id": each.id,
            "version": each.version,
            "bundle": incoming.sealed.id,
            "media_type": each.media_type,
            "nonce": each.nonce,
            "ciphertext": each.ciphertext,
            "signature": each.signature,
        }
        for each in incoming.sealed.documents
    ]


def _publication_cell(position: int, person: Pseudonym) -> str:
    return f"compartment_publication.content/{position}/{person}"


def _deposit_cell(position: int, person: Pseudonym, link: bytes | None) -> str:
    # bound to its link: a deposit that is set apart cannot be brought back by another value in its row
    return f"deposit.years/{position}/{person}" + ("" if link is None else f"/{link.hex()}")


def _bundle_cell(name: str) -> str:
    return f"bundle.head/{name}"
