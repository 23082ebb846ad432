"""Every query on the tables of large documents."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, update

from consent.identifiers import DocumentId, OrganisationId, Pseudonym
from consent.streams import StreamName
from services.kit.columns import ColumnCipher
from services.medical.tables import streams as tables

AT_ONCE = 500
ORGANISATION_COLUMN = "upload.organisation"

_UPLOAD, _SEGMENT, _STREAM = tables.upload.c, tables.segment.c, tables.stream.c
_DEPOSITED = exists().where(_STREAM.upload == _UPLOAD.id)
_OWN = select(_UPLOAD.id, _UPLOAD.size, _UPLOAD.digest).where(
    _UPLOAD.id == bindparam("id"), _UPLOAD.organisation == bindparam("organisation"), ~_DEPOSITED
)
_HOLD = _OWN.with_for_update()
_PENDING = select(func.coalesce(func.sum(_UPLOAD.size), 0)).where(
    _UPLOAD.organisation == bindparam("organisation"), ~_DEPOSITED
)
_COMPLETE = (
    select(_UPLOAD.id)
    .where(
        _UPLOAD.organisation == bindparam("organisation"),
        _UPLOAD.digest == bindparam("digest"),
        _UPLOAD.size == bindparam("size"),
        ~_DEPOSITED,
    )
    .order_by(_UPLOAD.id)
    .limit(1)
    .with_for_update()
)
_SEGMENTS = (
    select(_SEGMENT.number, _SEGMENT.blob)
    .where(_SEGMENT.upload == bindparam("upload"))
    .order_by(_SEGMENT.number)
)
_OF_DOCUMENT = select(_STREAM.upload).where(
    _STREAM.person == bindparam("person"),
    _STREAM.document == bindparam("document"),
    _STREAM.version == bindparam("version"),
)
_BLOB = select(_SEGMENT.blob).where(
    _SEGMENT.upload == bindparam("upload"), _SEGMENT.number == bindparam("number")
)
_OVERDUE = (
    select(_UPLOAD.id)
    .where(_UPLOAD.began < bindparam("before"), ~_DEPOSITED)
    .order_by(_UPLOAD.began)
    .limit(bindparam("most"))
    .with_for_update()
)
_KNOWN = select(_SEGMENT.blob).where(_SEGMENT.blob.in_(bindparam("names", expanding=True)))


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that is not deposited yet. Shape: `digest` 32 bytes, None until it is complete."""

    id: str
    size: int
    digest: bytes | None

    @property
    def name(self) -> StreamName:
        """Its size as a stream's; the digest is zero until it is known."""
        return StreamName(self.digest or bytes(32), self.size)


class StreamStore:
    """Uploads, their segments, and the documents that stand for them."""

    def __init__(self, cipher: ColumnCipher) -> None:
        self._cipher = cipher

    def begin(
        self, conn: Connection, upload: str, *, organisation: OrganisationId, began: int, size: int
    ) -> None:
        """Enter an upload. Units: `began` epoch seconds, `size` bytes."""
        row = {"id": upload, "organisation": self._key(organisation), "began": began, "size": size}
        conn.execute(insert(tables.upload), row)

    def pending_bytes(self, conn: Connection, organisation: OrganisationId) -> int:
        """Return how much an organisation has announced and not deposited."""
        return int(conn.execute(_PENDING, {"organisation": self._key(organisation)}).scalar_one())

    def own(self, conn: Connection, upload: str, organisation: OrganisationId) -> Upload | None:
        """Return an organisation's upload that is not deposited yet."""
        row = conn.execute(_OWN, {"id": upload, "organisation": self._key(organisation)}).first()
        return None if row is None else Upload(*row)

    def hold(self, conn: Connection, upload: str, organisation: OrganisationId) -> Upload | None:
        """Return it for changing it; nobody else does until the transaction ends."""
        row = conn.execute(_HOLD, {"id": upload, "organisation": self._key(organisation)}).first()
        return None if row is None else Upload(*row)

    def segments(self, conn: Connection, upload: str) -> dict[int, str]:
        """Return the blob of each segment that has arrived, in order."""
        return {row.number: row.blob for row in conn.execute(_SEGMENTS, {"upload": upload})}

    def blob(self, conn: Connection, upload: str, number: int) -> str | None:
        """Return the blob of one segment."""
        return conn.execute(_BLOB, {"upload": upload, "number": number}).scalar_one_or_none()

    def add_segment(self, conn: Connection, upload: str, *, number: int, blob: str) -> None:
        """Enter a segment that has arrived."""
        conn.execute(insert(tables.segment), {"upload": upload, "number": number, "blob": blob})

    def complete(self, conn: Connection, upload: str, digest: bytes) -> None:
        """Remember what an upload's segments are together."""
        conn.execute(update(tables.upload).where(_UPLOAD.id == upload).values(digest=digest))

    def completed(self, conn: Connection, organisation: OrganisationId, name: StreamName) -> str | None:
        """Return a complete upload of an organisation that is not deposited yet."""
        row = {"organisation": self._key(organisation), "digest": name.digest, "size": name.size}
        return conn.execute(_COMPLETE, row).scalar_one_or_none()

    def attach(
        self, conn: Connection, upload: str, *, person: Pseudonym, document: DocumentId, version: int
    ) -> None:
        """Let a document stand for an upload from now on."""
        row = {"upload": upload, "person": person, "document": document, "version": version}
        conn.execute(insert(tables.stream), row)

    def of_document(
        self, conn: Connection, person: Pseudonym, document: DocumentId, version: int
    ) -> str | None:
        """Return the upload that a version of a document stands for."""
        row = {"person": person, "document": document, "version": version}
        return conn.execute(_OF_DOCUMENT, row).scalar_one_or_none()

    def discard(self, conn: Connection, uploads: Sequence[str]) -> list[str]:
        """Forget uploads with their segments; return the blobs, which the caller removes after the commit.

        Not those that another upload has, too: whoever may read sealed segments can upload the same again.
        """
        blobs: list[str] = []
        for start in range(0, len(uploads), AT_ONCE):
            some = uploads[start : start + AT_ONCE]
            mine = _SEGMENT.upload.in_(some)
            blobs += conn.execute(select(_SEGMENT.blob).where(mine)).scalars()
            conn.execute(delete(tables.segment).where(mine))
            conn.execute(delete(tables.stream).where(_STREAM.upload.in_(some)))
            conn.execute(delete(tables.upload).where(_UPLOAD.id.in_(some)))
        elsewhere = self._known(conn, blobs)
        return [each for each in dict.fromkeys(blobs) if each not in elsewhere]

    def overdue(self, conn: Connection, *, before: int, most: int) -> list[str]:
        """Return uploads that began before a moment and were never deposited. Units: epoch seconds."""
        return list(conn.execute(_OVERDUE, {"before": before, "most": most}).scalars())

    def known_blobs(self, conn: Connection, names: Sequence[str]) -> set[str]:
        """Return those of at most `AT_ONCE` names that some upload has."""
        return set(conn.execute(_KNOWN, {"names": list(names)}).scalars())

    def _known(self, conn: Connection, names: Sequence[str]) -> set[str]:
        parts = (names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE))
        return {name for part in parts for name in self.known_blobs(conn, part)}

    def _key(self, organisation: OrganisationId) -> bytes:
        return self._cipher.lookup(organisation.encode(), column=ORGANISATION_COLUMN)
