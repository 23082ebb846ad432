"""Tables of the ID centre. Keyed by random values and stored in key order, so that a row's place tells nothing."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table

from services.directives.tables import directive_tables
from services.identity.card_tables import card_tables
from services.kit.columns import clear, sealed
from services.kit.context import kit_tables
from services.kit.dual_control.tables import proposal_table
from services.recovery.tables import recovery_table

metadata = MetaData()
KIT = kit_tables(metadata)
CARDS = card_tables(metadata)
PROPOSALS = proposal_table(metadata)
RECOVERY = recovery_table(metadata)
DIRECTIVES = directive_tables(metadata)

person = Table(
    "person",
    metadata,
    Column("pseudonym", String, primary_key=True, info=clear("the ID centre's own pseudonym", person=True)),
    Column("number", LargeBinary, nullable=False, unique=True, info=sealed("personal number, for look-up")),
    Column("linkage", LargeBinary, nullable=False, info=sealed("linkage code")),
    sqlite_with_rowid=False,
)

card = Table(
    "card",
    metadata,
    Column("id", String, primary_key=True, info=clear("random card id, known to its holder only")),
    Column(
        "holder",
        String,
        ForeignKey("person.pseudonym"),
        nullable=False,
        index=True,
        info=clear("the ID centre's own pseudonym", person=True),
    ),
    Column("state", String, nullable=False, info=clear("active, suspended or revoked")),
    Column("expires", BigInteger, nullable=False, info=clear("end of validity, a whole day")),
    sqlite_with_rowid=False,
)

card_application = Table(
    "card_application",
    metadata,
    Column("card", String, ForeignKey("card.id"), primary_key=True, info=clear("random card id")),
    Column("application", String, primary_key=True, info=clear("authentication or signature")),
    Column("kid", String, nullable=False, unique=True, info=clear("random serial of the certificate")),
    Column("public_key", LargeBinary, nullable=False, info=sealed("public key of the card")),
    Column("pin_verifier", LargeBinary, nullable=False, info=sealed("SHA-256 of the PIN proof")),
    Column("share", LargeBinary, nullable=False, info=sealed("share of the card file's wrapping key")),
    Column("tries_left", Integer, nullable=False, info=clear("counter of wrong PINs")),
    sqlite_with_rowid=False,
)

link = Table(
    "link",
    metadata,
    Column("id", LargeBinary, primary_key=True, info=sealed("organisation and its reference, for look-up")),
    Column("person", LargeBinary, nullable=False, info=sealed("the ID centre's pseudonym of the person")),
    sqlite_with_rowid=False,
)

subject = Table(
    "subject",
    metadata,
    Column(
        "person",
        String,
        ForeignKey("person.pseudonym"),
        primary_key=True,
        info=clear("the ID centre's own pseudonym", person=True),
    ),
    Column("wallet_key", LargeBinary, nullable=False, info=sealed("the wallet's key for the medical sector")),
    sqlite_with_rowid=False,
)

retired_number = Table(
    "retired_number",
    metadata,
    Column("number", LargeBinary, primary_key=True, info=sealed("a personal number that nobody gets again")),
    sqlite_with_rowid=False,
)

sector = Table(
    "sector",
    metadata,
    Column("body", String, primary_key=True, info=clear("whose sector")),
    Column("version", Integer, nullable=False, info=clear("the sector key in force")),
    Column("coming", Integer, info=clear("the sector key that bodies are being told of")),
    Column("leaving", Integer, info=clear("the sector key that is still taken")),
    Column("changed_at", BigInteger, info=clear("when the key in force came into force")),
    sqlite_with_rowid=False,
)

sector_queue = Table(
    "sector_queue",
    metadata,
    Column("body", String, primary_key=True, info=clear("who has not been told")),
    Column(
        "person",
        String,
        ForeignKey("person.pseudonym"),
        primary_key=True,
        info=clear("the ID centre's own pseudonym", person=True),
    ),
    sqlite_with_rowid=False,
)

live_token = Table(
    "live_token",
    metadata,
    Column(
        "place",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        info=clear("random place of the token's bit in the status list; stands for a token of minutes"),
    ),
    Column("ground", LargeBinary, nullable=False, index=True, info=sealed("what it rests on, for look-up")),
    Column("session", LargeBinary, nullable=False, index=True, info=sealed("its proof key, for look-up")),
    Column("holder", LargeBinary, nullable=False, info=sealed("whose it is")),
    Column("expires", BigInteger, nullable=False, index=True, info=clear("when the row may be forgotten")),
    Column("stopped", Boolean, nullable=False, info=clear("whether it ended early, as the status list says")),
    sqlite_with_rowid=False,
)

token_key = Table(
    "token_key",
    metadata,
    Column(
        "number",
        Integer,
        primary_key=True,
        autoincrement=False,
        info=clear("which key file signs access tokens"),
    ),
    Column("starts", BigInteger, nullable=False, info=clear("from when it signs")),
    Column("ends", BigInteger, info=clear("until when what it signed can count; none yet: null")),
    sqlite_with_rowid=False,
)

patient_link = Table(
    "patient_link",
    metadata,
    Column("id", String, primary_key=True, info=clear("random")),
    Column(
        "number",
        LargeBinary,
        nullable=True,
        unique=True,
        info=sealed("organisation and its patient number, for look-up; empty once the link is undone"),
    ),
    Column("holder", LargeBinary, nullable=False, index=True, info=sealed("the person, for look-up")),
    Column("state", String, nullable=False, index=True, info=clear("linked, undoing or undone")),
    Column("told", LargeBinary, nullable=False, info=sealed("number, reference and evidence of the link")),
    sqlite_with_rowid=False,
)

registry_handle = Table(
    "registry_handle",
    metadata,
    Column(
        "id", LargeBinary, primary_key=True, info=sealed("the registry's handle of a person, for look-up")
    ),
    Column("person", LargeBinary, nullable=False, info=sealed("the ID centre's pseudonym of the person")),
    sqlite_with_rowid=False,
)

identity_try = Table(
    "identity_try",
    metadata,
    Column("id", LargeBinary, primary_key=True, info=sealed("operator and day")),
    Column("day", String, nullable=False, index=True, info=clear("when the row may be forgotten")),
    Column("tries", Integer, nullable=False, info=clear("counter of checks without a PIN")),
    sqlite_with_rowid=False,
)

passkey = Table(
    "passkey",
    metadata,
    Column("id", LargeBinary, primary_key=True, info=sealed("the passkey's id, for look-up")),
    Column(
        "person",
        String,
        ForeignKey("person.pseudonym"),
        nullable=False,
        index=True,
        info=clear("the ID centre's own pseudonym", person=True),
    ),
    Column("content", LargeBinary, nullable=False, info=sealed("name, public key, counter and times")),
    sqlite_with_rowid=False,
)

guardianship = Table(
    "guardianship",
    metadata,
    Column("id", String, primary_key=True, info=clear("random")),
    Column("ward", LargeBinary, nullable=False, index=True, info=sealed("the ward, for look-up")),
    Column("guardian", LargeBinary, nullable=False, index=True, info=sealed("the guardian, for look-up")),
    Column(
        "told",
        LargeBinary,
        nullable=False,
        info=sealed("both, in which capacity, on what evidence, the guardian's keys, its end"),
    ),
    sqlite_with_rowid=False,
)

legal_state = Table(
    "legal_state",
    metadata,
    Column("id", LargeBinary, primary_key=True, info=sealed("the person, for look-up")),
    Column("waiting", String, nullable=False, index=True, info=clear("which bodies are still to be told")),
    Column("aging", Boolean, nullable=False, info=clear("whether age may change what the person does")),
    Column(
        "looked",
        String,
        nullable=False,
        index=True,
        info=clear("the day on which the registry was asked last"),
    ),
    Column(
        "told", LargeBinary, nullable=False, info=sealed("how far the person acts alone, by age; a death")
    ),
    sqlite_with_rowid=False,
)
