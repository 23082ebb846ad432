"""Stored records as the log knows them: nothing is served that the log does not say was deposited so.

What belongs to an answer is taken from the deposits' log entries, not from the rows: a row that was changed,
swapped, rolled back or removed is missed or does not fit (IT5).
"""

from collections.abc import Callable, Mapping, Sequence, Set

from sqlalchemy import Connection

from consent.compartments import Compartment
from consent.errors import ConsentError
from consent.identifiers import DocumentId, Pseudonym, SubjectKeyId
from consent.jwk import PublicJwk, thumbprint
from consent.publication import verify_publication
from consent.sealing import BundleMeta, SealedDocument, document_digest
from consent.statements import DocumentSelection, Selection
from services.kit.columns import ColumnError
from services.kit.journal import Journal
from services.kit.log.entry import Opening
from services.kit.log.errors import LogError
from services.medical import policy
from services.medical.errors import IntegrityError, StoredDocumentDamagedError
from services.medical.model import (
    LoggedBundle,
    LoggedDocument,
    Place,
    ServedBundle,
    StoredBundle,
    read_deposit_detail,
)
from services.medical.store import DocumentRow, MedicalStore


class Records:
    """Reads records of one person, verified against the log."""

    def __init__(self, store: MedicalStore, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    def select(
        self, conn: Connection, person: Pseudonym, selection: Selection | DocumentSelection
    ) -> list[LoggedBundle]:
        """Return the newest versions of what is asked for, as the log has them.

        Raises: StoredDocumentDamagedError.
        """
        deposits = self._store.deposits(conn, person)
        match selection:
            case Selection():
                wanted = {
                    place
                    for places in deposits.values()
                    for place in places
                    if policy.selects(selection, place)
                }
                return policy.current_documents(self._logged(conn, deposits, wanted))
            case DocumentSelection(ids=ids):
                latest = self._store.latest_versions(conn, person, ids)
                wanted = {each.place for each in latest.values()}
                return policy.only_documents(
                    policy.current_documents(self._logged(conn, deposits, wanted)), ids
                )

    def deposited(
        self, conn: Connection, person: Pseudonym, wanted: Callable[[Place], bool]
    ) -> dict[int, list[LoggedBundle]]:
        """Return the newest versions in the wanted places, by the log position of their deposit.

        Raises: StoredDocumentDamagedError.
        """
        deposits = self._store.deposits(conn, person)
        places = {place for each in deposits.values() for place in each if wanted(place)}
        positions = {
            position: self._logged(conn, {position: held}, places)
            for position, held in sorted(deposits.items())
        }
        everything = [bundle for bundles in positions.values() for bundle in bundles]
        current = {each.id: each for each in policy.current_documents(everything)}
        return {
            position: [current[each.id] for each in bundles if each.id in current]
            for position, bundles in positions.items()
        }

    def load(
        self, conn: Connection, selected: Sequence[LoggedBundle], *, person: Pseudonym, subject: SubjectKeyId
    ) -> list[ServedBundle]:
        """Return the rows of what was selected, each compared with the log.

        Raises: StoredDocumentDamagedError naming the table and row.
        """
        ids = [each.id for each in selected]
        bundles = self._store.bundles(conn, ids)
        documents = self._store.documents(conn, person, ids)
        return [
            compare(each, bundle=bundles.get(each.id), documents=documents, subject=subject)
            for each in selected
        ]

    def publications(
        self, conn: Connection, person: Pseudonym, *, wallet: PublicJwk, naming: Set[Compartment]
    ) -> list[str]:
        """Return the publications that hold keys of the named compartments. Raises: IntegrityError."""
        subject = SubjectKeyId(thumbprint(wallet))
        try:
            tokens = self._store.publications(conn, person)
            return [each for each in tokens if naming & verify_publication(each, wallet, subject).keys.keys()]
        except (ColumnError, ConsentError) as error:
            raise IntegrityError("compartment_publication: a row of this person was changed") from error

    def _logged(
        self, conn: Connection, deposits: Mapping[int, frozenset[Place]], wanted: set[Place]
    ) -> list[LoggedBundle]:
        positions = [position for position, places in deposits.items() if places & wanted]
        try:
            openings = self._journal.openings(conn, positions)
            found = [each for position in positions for each in _bundles_of(openings[position])]
        except (ColumnError, LogError, KeyError, TypeError, ValueError) as error:
            raise StoredDocumentDamagedError("journal_entry: the entry of a deposit was changed") from error
        return [each for each in found if each.place in wanted]


def compare(
    logged: LoggedBundle,
    *,
    bundle: StoredBundle | None,
    documents: Mapping[tuple[DocumentId, int], DocumentRow],
    subject: SubjectKeyId,
) -> ServedBundle:
    """Compare a bundle's rows with the log. Raises: StoredDocumentDamagedError naming the row."""
    if bundle is None or bundle.compartment != logged.compartment or bundle.capsule not in bundle.message_kit:
        raise StoredDocumentDamagedError(f"bundle id={logged.id}")
    meta = bundle_meta(bundle, subject)
    return ServedBundle(
        bundle,
        tuple(
            compare_document(each, meta, documents.get((each.id, each.version))) for each in logged.documents
        ),
    )


def bundle_meta(bundle: StoredBundle, subject: SubjectKeyId) -> BundleMeta:
    """Return what the documents of a stored bundle share."""
    return BundleMeta(
        id=bundle.id,
        subject=subject,
        compartment=bundle.compartment,
        message_kit=bundle.message_kit,
        author=bundle.author,
    )


def compare_document(logged: LoggedDocument, meta: BundleMeta, row: DocumentRow | None) -> SealedDocument:
    """Compare a document's row with the log. Raises: StoredDocumentDamagedError naming the row."""
    name = f"document id={logged.id} version={logged.version}"
    if row is None or row[0] != meta.id:
        raise StoredDocumentDamagedError(name)
    try:
        digest = document_digest(meta, row[1])
    except (ConsentError, TypeError) as error:
        raise StoredDocumentDamagedError(name) from error
    if digest != logged.digest:
        raise StoredDocumentDamagedError(name)
    return row[1]


def _bundles_of(opening: Opening) -> list[LoggedBundle]:
    return read_deposit_detail(opening.event)
