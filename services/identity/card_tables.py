"""Tables about the life of cards, beside those of the cards themselves."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table

from services.kit.columns import clear, sealed

CARD = "random card id, known to its holder only"
APPLICATION = "authentication or signature"


@dataclass(frozen=True, slots=True)
class CardTables:
    """See the functions that make them."""

    standing: Table
    pending_pin: Table
    retired_key: Table
    try_window: Table


def card_tables(metadata: MetaData) -> CardTables:
    """Define the tables; call once, in the body's `tables.py`."""
    return CardTables(_standing(metadata), _pending(metadata), _retired(metadata), _windows(metadata))


def _standing(metadata: MetaData) -> Table:
    return Table(
        "card_standing",
        metadata,
        Column("card", String, ForeignKey("card.id"), primary_key=True, info=clear(CARD)),
        Column("changed", LargeBinary, nullable=False, info=sealed("when the card's state changed last")),
        Column(
            "suspension_code",
            LargeBinary,
            nullable=False,
            unique=True,
            info=clear("keyed hash of the random telephone code"),
        ),
        sqlite_with_rowid=False,
    )


def _pending(metadata: MetaData) -> Table:
    return Table(
        "pending_pin",
        metadata,
        Column("card", String, ForeignKey("card.id"), primary_key=True, info=clear(CARD)),
        Column("application", String, primary_key=True, info=clear(APPLICATION)),
        Column("pin_verifier", LargeBinary, nullable=False, info=sealed("SHA-256 of the next PIN's proof")),
        Column("share", LargeBinary, nullable=False, info=sealed("next share of the wrapping key")),
        sqlite_with_rowid=False,
    )


def _retired(metadata: MetaData) -> Table:
    return Table(
        "retired_key",
        metadata,
        Column("kid", String, primary_key=True, info=clear("random serial of the certificate")),
        Column("card", String, ForeignKey("card.id"), nullable=False, info=clear(CARD)),
        Column("retired", LargeBinary, nullable=False, info=sealed("when another key took its place")),
        sqlite_with_rowid=False,
    )


def _windows(metadata: MetaData) -> Table:
    return Table(
        "try_window",
        metadata,
        Column("id", LargeBinary, primary_key=True, info=clear("keyed hash of who tried what, and when")),
        Column("tries", Integer, nullable=False, info=clear("how often in this window")),
        Column(
            "expires", BigInteger, nullable=False, index=True, info=clear("when the row may be forgotten")
        ),
        sqlite_with_rowid=False,
    )
