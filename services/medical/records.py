"""Stored records as the log knows them: nothing is served that the log does not say was deposited so.

What belongs to an answer is taken from the deposits' log entries, not from the rows: a row that was changed,
swapped, rolled back or removed is missed or does not fit (IT5).
"""

from collections.abc import Callable, Mapping, Sequence, Set

from pydantic import JsonValue
from sqlalchemy import Connection

from consent.compartments import Compartment
from consent.errors import ConsentError
from consent.identifiers import BundleId, DocumentId, Pseudonym, SubjectKeyId
from consent.jwk import PublicJwk, thumbprint
from consent.publication import verify_publication
from consent.sealing import BundleMeta, SealedDocument, document_digest
from consent.statements import DocumentSelection, Selection
from services.kit.columns import ColumnError
from services.kit.journal import Journal
from services.kit.log.errors import LogError
from services.medical import policy
from services.medical.erased_store import erased_bundles
from services.medical.errors import IntegrityError, StoredDocumentDamagedError
from services.medical.model import (
    LoggedBundle,
    LoggedDocument,
    NewHeader,
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

    def rows(self, conn: Connection, selected: Sequence[LoggedBundle]) -> Mapping[BundleId, StoredBundle]:
        """Return the bundles' rows of what was selected; the keys that open them now are in them.

        Raises: StoredDocumentDamagedError naming the table and row.
        """
        found = self._store.bundles(conn, [each.id for each in selected])
        for each in selected:
            if each.id not in found:
                raise StoredDocumentDamagedError(f"bundle id={each.id}")
        return found

    def load(
        self,
        conn: Connection,
        bundles: Mapping[BundleId, StoredBundle],
        selected: Sequence[LoggedBundle],
        *,
        person: Pseudonym,
        subject: SubjectKeyId,
    ) -> list[ServedBundle]:
        """Return what was selected with its documents, each compared with the log.

        Raises: StoredDocumentDamagedError naming the table and row.
        """
        documents = self._store.documents(conn, person, [each.id for each in selected])
        self._compare_headers(conn, [bundles[each.id] for each in selected])
        return [
            compare(each, bundle=bundles.get(each.id), documents=documents, subject=subject)
            for each in selected
        ]

    def _compare_headers(self, conn: Connection, bundles: Sequence[StoredBundle]) -> None:
        """Compare headers that were handed over with the log entries that say so."""
        positions = sorted({each.position for each in bundles if each.position is not None})
        if not positions:
            return
        try:
            openings = self._journal.openings(conn, positions)
            logged = {position: read_headers(opening.event) for position, opening in openings.items()}
        except (ColumnError, LogError, KeyError, TypeError, ValueError) as error:
            raise StoredDocumentDamagedError("journal_entry: the entry of a hand-over was changed") from error
        for each in bundles:
            if each.position is not None and not header_fits(each, logged.get(each.position, [])):
                raise StoredDocumentDamagedError(f"handed_over bundle={each.id}")

    def publications(
        self, conn: Connection, person: Pseudonym, *, wallet: PublicJwk, naming: Set[Compartment]
    ) -> Mapping[str, Set[Compartment]]:
        """Return the wallet's publications with the compartments of each.

        Raises: IntegrityError, also when a named compartment is in none of them: its bundle's header is a former one.
        """
        subject = SubjectKeyId(thumbprint(wallet))
        try:
            tokens = self._store.publications(conn, person)
            found = {each: verify_publication(each, wallet, subject).keys.keys() for each in tokens}
        except (ColumnError, ConsentError) as error:
            raise IntegrityError("compartment_publication: a row of this person was changed") from error
        if not naming <= {each for keys in found.values() for each in keys}:
            raise IntegrityError("handed_over or compartment_publication: a row of this person is missing")
        return found

    def _logged(
        self, conn: Connection, deposits: Mapping[int, frozenset[Place]], wanted: set[Place]
    ) -> list[LoggedBundle]:
        positions = [position for position, places in deposits.items() if places & wanted]
        try:
            openings = self._journal.openings(conn, positions)
            placed = [
                each
                for position in positions
                for each in read_deposit_detail(openings[position].event, within=wanted)
            ]
        except (ColumnError, LogError, KeyError, TypeError, ValueError) as error:
            raise StoredDocumentDamagedError("journal_entry: the entry of a deposit was changed") from error
        erased = erased_bundles(conn, [each.id for each in placed])
        return [each for each in placed if each.id not in erased]


def compare(
    logged: LoggedBundle,
    *,
    bundle: StoredBundle | None,
    documents: Mapping[tuple[DocumentId, int], DocumentRow],
    subject: SubjectKeyId,
) -> ServedBundle:
    """Compare a bundle's rows with the log. Raises: StoredDocumentDamagedError naming the row."""
    if (
        bundle is None
        or bundle.first_compartment != logged.compartment
        or bundle.capsule not in bundle.message_kit
    ):
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
        sealed_as=bundle.sealed_as,
    )


def read_headers(event: Mapping[str, JsonValue]) -> list[JsonValue]:
    """Read what `hand_over_detail` wrote, from an opening that was checked against its leaf.

    Raises: KeyError, TypeError for the event of something else.
    """
    detail = event["detail"]
    if not isinstance(detail, dict) or not isinstance(headers := detail["headers"], list):
        raise TypeError("not the event of a hand-over")
    return headers


def header_fits(bundle: StoredBundle, logged: Sequence[JsonValue]) -> bool:
    """Whether a log entry has exactly the header that is in the row."""
    return NewHeader(bundle.id, bundle.compartment, bundle.message_kit).logged() in logged


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
