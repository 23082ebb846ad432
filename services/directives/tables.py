"""Tables of directives, made on the body's own metadata so that its migrations own them.

No row says when it came, and no table keeps rows in the order of arrival: a wallet sends its copies to several
bodies within a second, and times or orders would let two bodies find each other's rows (LN1).
"""

from dataclasses import dataclass

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, MetaData, String, Table

from services.kit.columns import clear, sealed


@dataclass(frozen=True, slots=True)
class DirectiveTables:
    """The six tables."""

    wallet: Table
    directive: Table
    fragment: Table
    receipt: Table
    use: Table
    ward: Table


def directive_tables(metadata: MetaData) -> DirectiveTables:
    """Define the tables on `metadata`; call once, in the body's `tables.py`."""
    return DirectiveTables(
        wallet=Table(
            "wallet",
            metadata,
            Column("pseudonym", String, primary_key=True, info=clear("whose wallet it is", person=True)),
            Column(
                "signing_key",
                LargeBinary,
                nullable=False,
                info=sealed("the wallet's public keys: present, former, announced"),
            ),
            sqlite_with_rowid=False,
        ),
        directive=Table(
            "directive",
            metadata,
            Column("id", String, primary_key=True, info=clear("random; no other body's copy has it")),
            Column(
                "pseudonym",
                String,
                nullable=False,
                info=clear("whose directive it is", person=True),
            ),
            Column(
                "recipient",
                LargeBinary,
                nullable=False,
                index=True,
                info=sealed("look-up of the organisation"),
            ),
            Column(
                "state", String, nullable=False, info=clear("decided upon; also bound into the sealed cells")
            ),
            Column(
                "content", LargeBinary, nullable=False, info=sealed("signed text, its log position, notice")
            ),
            Index("ix_directive_pseudonym_recipient", "pseudonym", "recipient"),
            sqlite_with_rowid=False,
        ),
        fragment=Table(
            "directive_fragment",
            metadata,
            Column(
                "directive",
                String,
                ForeignKey("directive.id"),
                primary_key=True,
                info=clear("to find a directive's fragments and to delete them"),
            ),
            Column(
                "compartment",
                LargeBinary,
                primary_key=True,
                info=sealed("look-up of the compartment's label"),
            ),
            Column("package", LargeBinary, nullable=False, info=sealed("the key fragment")),
            sqlite_with_rowid=False,
        ),
        receipt=Table(
            "deletion_receipt",
            metadata,
            Column(
                "directive",
                String,
                ForeignKey("directive.id"),
                primary_key=True,
                info=clear("which directive was withdrawn"),
            ),
            Column("receipt", LargeBinary, nullable=False, info=sealed("withdrawal and deletion receipt")),
            sqlite_with_rowid=False,
        ),
        use=Table(
            "directive_use",
            metadata,
            Column("id", String, primary_key=True, info=clear("random")),
            Column(
                "directive",
                String,
                ForeignKey("directive.id"),
                nullable=False,
                index=True,
                info=clear("to count the uses of a directive that limits them"),
            ),
            Column("used", LargeBinary, nullable=False, info=sealed("when it was used")),
            sqlite_with_rowid=False,
        ),
        ward=Table(
            "ward",
            metadata,
            Column(
                "pseudonym",
                String,
                primary_key=True,
                info=clear("who does not act alone, or died", person=True),
            ),
            Column(
                "waiting",
                Boolean,
                nullable=False,
                index=True,
                info=clear("whether something has to be confirmed; also bound into the sealed cell"),
            ),
            Column(
                "content",
                LargeBinary,
                nullable=False,
                info=sealed("how far the person acts alone, and guardians' keys for this body"),
            ),
            sqlite_with_rowid=False,
        ),
    )
