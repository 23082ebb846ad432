"""The medical centre's tables, on its own metadata.

What may be looked up is a random id, a pseudonym or a log position. Which compartments somebody has records in is
sealed too: it would tell a thief about illness.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table

from services.directives.tables import directive_tables
from services.kit.columns import clear, sealed
from services.kit.context import kit_tables
from services.kit.log.tables import KEY
from services.medical.stream_tables import stream_tables
from services.medical.use_tables import use_tables
from services.recovery.tables import recovery_table

metadata = MetaData()
kit = kit_tables(metadata)
directives = directive_tables(metadata)
recovery = recovery_table(metadata)
streams = stream_tables(metadata)
uses = use_tables(metadata)

publication = Table(
    "compartment_publication",
    metadata,
    Column("position", KEY, primary_key=True, autoincrement=False, info=clear("position of its log entry")),
    Column("person", String, nullable=False, index=True, info=clear("whose keys they are", person=True)),
    Column("content", LargeBinary, nullable=False, info=sealed("the wallet's signed compartment keys")),
)

deposit = Table(
    "deposit",
    metadata,
    Column("position", KEY, primary_key=True, autoincrement=False, info=clear("position of its log entry")),
    Column("person", String, nullable=False, index=True, info=clear("whose records they are", person=True)),
    Column("years", LargeBinary, nullable=False, info=sealed("categories and years of its bundles")),
    Column("link", LargeBinary, index=True, info=sealed("the ID centre's handle of the link, for look-up")),
)

cut_link = Table(
    "cut_link",
    metadata,
    Column("id", LargeBinary, primary_key=True, info=sealed("the handle of a wrong link, for look-up")),
    Column("position", BigInteger, nullable=False, info=clear("position of its log entry")),
)

apart_notice = Table(
    "apart_notice",
    metadata,
    Column("id", String, primary_key=True, info=clear("random")),
    Column("recipient", LargeBinary, nullable=False, index=True, info=sealed("who is told, for look-up")),
    Column("position", BigInteger, nullable=False, info=clear("position of the log entry it tells of")),
    Column("content", LargeBinary, nullable=False, info=sealed("which documents, and when they were read")),
    sqlite_with_rowid=False,
)

bundle = Table(
    "bundle",
    metadata,
    Column("id", String, primary_key=True, info=clear("random, chosen by the writer")),
    Column(
        "deposit",
        BigInteger,
        ForeignKey("deposit.position"),
        nullable=False,
        index=True,
        info=clear("which deposit it came with"),
    ),
    Column("head", LargeBinary, nullable=False, info=sealed("compartment and author")),
    Column("capsule", LargeBinary, nullable=False, info=sealed("by the writer: part of the message kit")),
    Column("message_kit", LargeBinary, nullable=False, info=sealed("by the writer: the content key")),
)

document = Table(
    "document",
    metadata,
    Column("person", String, primary_key=True, info=clear("whose record it is", person=True)),
    Column(
        "id", String, primary_key=True, info=clear("chosen by the writer, to be named again in a new version")
    ),
    Column("version", Integer, primary_key=True, autoincrement=False, info=clear("counts changes")),
    Column(
        "bundle",
        String,
        ForeignKey("bundle.id"),
        nullable=False,
        index=True,
        info=clear("which bundle it came in"),
    ),
    Column("media_type", String, nullable=False, info=clear("its format, never its subject")),
    Column("nonce", LargeBinary, nullable=False, info=clear("random, of the writer's encryption")),
    Column("ciphertext", LargeBinary, nullable=False, info=sealed("by the writer: the document")),
    Column("signature", LargeBinary, nullable=False, info=clear("the author's, over the sealed document")),
)

erased_document = Table(
    "erased_document",
    metadata,
    Column("bundle", String, primary_key=True, info=clear("random; its content key was destroyed")),
    Column("id", String, primary_key=True, info=clear("a document that only this key opened")),
    Column("person", String, nullable=False, index=True, info=clear("who had it erased", person=True)),
    Column("position", BigInteger, nullable=False, info=clear("position of the log entry that says so")),
)

handed_over = Table(
    "handed_over",
    metadata,
    Column(
        "bundle",
        String,
        ForeignKey("bundle.id"),
        primary_key=True,
        info=clear("whose content key is under another wallet key than the author's"),
    ),
    Column(
        "position", BigInteger, nullable=False, info=clear("position of the log entry that has its header")
    ),
    Column(
        "content", LargeBinary, nullable=False, info=sealed("present compartment; what the author signed")
    ),
    sqlite_with_rowid=False,
)

reading_pace = Table(
    "reading_pace",
    metadata,
    Column("operator", LargeBinary, primary_key=True, info=sealed("whose it is, for look-up")),
    Column("state", LargeBinary, nullable=False, info=sealed("whom they read lately; until when stopped")),
)

staged_header = Table(
    "staged_header",
    metadata,
    Column(
        "bundle",
        String,
        ForeignKey("bundle.id"),
        primary_key=True,
        info=clear("whose header waits for the wallet to come"),
    ),
    Column("person", String, nullable=False, index=True, info=clear("whose record it is", person=True)),
    Column("position", BigInteger, nullable=False, info=clear("position of its log entry")),
    Column("content", LargeBinary, nullable=False, info=sealed("compartment and content key to come")),
    sqlite_with_rowid=False,
)
