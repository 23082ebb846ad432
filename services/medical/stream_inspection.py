"""The audit of large documents: every segment that a stored document stands for, byte by byte."""

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from consent.errors import MalformedError
from consent.identifiers import DocumentId, Pseudonym
from consent.streams import StreamName, name_stream
from services.kit.blobs import BlobDamagedError, BlobMissingError
from services.kit.log.audit import Finding
from services.medical.centre import Centre
from services.medical.tables import document, streams


def stream_rows(conn: Connection) -> int:
    """Return how many rows there are."""
    tables = (streams.upload, streams.segment, streams.stream)
    return sum(conn.execute(select(func.count()).select_from(each)).scalar_one() for each in tables)


def stream_findings(centre: Centre, conn: Connection) -> Iterator[Finding]:
    """Name each document whose segments are not what its signed media type says, and each stream without a document."""
    row = document.c
    stored = conn.execute(
        select(row.person, row.id, row.version, row.media_type).where(
            row.media_type.like("application/vnd.sekisho.stream%")
        )
    ).all()
    standing: set[str] = set()
    for person, name, version, media_type in stored:
        where = f"id={name} version={version}"
        upload = centre.streams.of_document(conn, Pseudonym(person), DocumentId(name), version)
        if upload is None:
            yield Finding(streams.stream.name, f"of document {where}", "missing")
            continue
        standing.add(upload)
        problem = _problem(centre, conn, upload, media_type)
        if problem is not None:
            yield Finding(streams.segment.name, f"of document {where}", problem)
    for upload in conn.execute(select(streams.stream.c.upload)).scalars():
        if upload not in standing:
            yield Finding(streams.stream.name, f"upload={upload}", "no document stands for it")


def _problem(centre: Centre, conn: Connection, upload: str, media_type: str) -> str | None:
    blobs = centre.streams.segments(conn, upload)
    try:
        named = StreamName.of(media_type)
        if named is None or list(blobs) != list(range(named.segments)):
            return "segments are missing"
        if name_stream(map(bytes.fromhex, blobs.values()), size=named.size) != named:
            return "are not what the author signed"
        for number, blob in blobs.items():
            if len(centre.blobs.get(blob)) != named.segment_size(number):
                return f"segment {number} has another size"
    except BlobMissingError:
        return "a segment is missing in the storage"
    except BlobDamagedError:
        return "a segment was changed in the storage"
    except (MalformedError, ValueError):
        return "are not what the author signed"
    return None
