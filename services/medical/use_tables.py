"""The tables of suspicious use. What they hold about care is sealed; how often somebody is treated, too."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, CheckConstraint, Column, LargeBinary, MetaData, String, Table

from services.kit.columns import clear, sealed


@dataclass(frozen=True, slots=True)
class UseTables:
    """What relationships, habits, cases and the place in the log are kept in."""

    relationship: Table
    member: Table
    watched: Table
    habits: Table
    case: Table
    place: Table


def use_tables(metadata: MetaData) -> UseTables:
    """Define the tables on the centre's metadata; call once."""
    return UseTables(
        _relationship(metadata),
        _member(metadata),
        Table(
            "watched_person",
            metadata,
            Column("person", LargeBinary, primary_key=True, info=sealed("who asked for it, for look-up")),
        ),
        Table(
            "reading_habits",
            metadata,
            Column("operator", LargeBinary, primary_key=True, info=sealed("whose they are, for look-up")),
            Column("content", LargeBinary, nullable=False, info=sealed("by night and day, whom lately")),
        ),
        Table(
            "use_case",
            metadata,
            Column("id", String, primary_key=True, info=clear("random")),
            Column("operator", LargeBinary, nullable=False, index=True, info=sealed("whom, for look-up")),
            Column("state", String, nullable=False, index=True, info=clear("what is still to be done")),
            Column("content", LargeBinary, nullable=False, info=sealed("whose records, by which rules")),
        ),
        Table(
            "watched_up_to",
            metadata,
            Column("id", BigInteger, primary_key=True, autoincrement=False, info=clear("always 1")),
            Column("position", BigInteger, nullable=False, info=clear("up to where the log was looked at")),
            CheckConstraint("id = 1", name="watched_up_to_is_one_row"),
        ),
    )


def _relationship(metadata: MetaData) -> Table:
    return Table(
        "relationship",
        metadata,
        Column("id", String, primary_key=True, info=clear("random")),
        Column("person", String, nullable=False, index=True, info=clear("whom it is with", person=True)),
        Column(
            "organisation", LargeBinary, nullable=False, index=True, info=sealed("whose it is, for look-up")
        ),
        Column("position", BigInteger, nullable=False, info=clear("position of its log entry")),
        Column("ends", BigInteger, nullable=False, index=True, info=clear("when it may be deleted")),
        Column("content", LargeBinary, nullable=False, info=sealed("what it is, with whom, by whom")),
    )


def _member(metadata: MetaData) -> Table:
    return Table(
        "member_of_staff",
        metadata,
        Column("operator", LargeBinary, primary_key=True, info=sealed("who it is, for look-up")),
        Column("organisation", LargeBinary, nullable=False, index=True, info=sealed("where, for look-up")),
        Column("content", LargeBinary, nullable=False, info=sealed("teams and tags, by whose word")),
    )
