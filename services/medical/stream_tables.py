"""Tables of large documents: which segments were uploaded, and which document stands for them."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table

from services.kit.columns import clear, sealed


@dataclass(frozen=True, slots=True)
class StreamTables:
    """The three tables; an upload without a stream has not been deposited yet."""

    upload: Table
    segment: Table
    stream: Table


def stream_tables(metadata: MetaData) -> StreamTables:
    """Define the tables on `metadata`; call once, in the body's `tables.py`."""
    return StreamTables(
        upload=Table(
            "upload",
            metadata,
            Column("id", String, primary_key=True, info=clear("random")),
            Column(
                "organisation",
                LargeBinary,
                nullable=False,
                index=True,
                info=sealed("who uploads, for look-up"),
            ),
            Column("began", BigInteger, nullable=False, index=True, info=clear("when, as it ends unused")),
            Column("size", BigInteger, nullable=False, info=clear("bytes of ciphertext")),
            Column("digest", LargeBinary, index=True, info=clear("of the ciphertext, once it is complete")),
        ),
        segment=Table(
            "upload_segment",
            metadata,
            Column(
                "upload",
                String,
                ForeignKey("upload.id"),
                primary_key=True,
                info=clear("which upload it is of"),
            ),
            Column("number", Integer, primary_key=True, autoincrement=False, info=clear("its place, from 0")),
            Column("blob", String, nullable=False, index=True, info=clear("SHA-256 of the ciphertext")),
        ),
        stream=Table(
            "stream",
            metadata,
            Column(
                "upload",
                String,
                ForeignKey("upload.id"),
                primary_key=True,
                info=clear("where its segments are"),
            ),
            Column(
                "person", String, nullable=False, index=True, info=clear("whose record it is", person=True)
            ),
            Column("document", String, nullable=False, index=True, info=clear("what stands for it")),
            Column("version", Integer, nullable=False, info=clear("of that document")),
        ),
    )
