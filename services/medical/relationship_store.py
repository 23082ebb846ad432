"""Every query about relationships, staff and people who want to be watched over."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue
from sqlalchemy import Connection, RowMapping, delete, exists, func, insert, select, update

from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from services.contracts.medical.uses import RelationshipKind
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.log.audit import Finding
from services.kit.log.tables import insert_if_absent, put
from services.medical.tables import uses
from services.medical.use_model import Member, Relationship, Tags

ORGANISATION: Final = "relationship.organisation"
OPERATOR: Final = "member_of_staff.operator"
MEMBERS_OF: Final = "member_of_staff.organisation"
WATCHED: Final = "watched_person.person"
KEPT_DAYS: Final = 400
"""For so long after its end a relationship is kept: that somebody is an ex-patient is what tells curiosity."""


@dataclass(frozen=True, slots=True)
class KeptRelationship:
    """A relationship as it is stored: whose it is, and where the log says so."""

    id: str
    person: Pseudonym
    organisation: OrganisationId
    position: int
    relationship: Relationship


class RelationshipStore:
    """Sealed rows; each function works within the caller's transaction. Raises: ColumnError where it opens them."""

    def __init__(self, cipher: ColumnCipher) -> None:
        self._cipher = cipher

    def add(self, conn: Connection, kept: KeptRelationship) -> None:
        """Store a new relationship."""
        conn.execute(insert(uses.relationship).values(id=kept.id, **self._row(kept)))

    def put(self, conn: Connection, kept: KeptRelationship) -> None:
        """Store a relationship that changed."""
        table = uses.relationship
        conn.execute(update(table).where(table.c.id == kept.id).values(**self._row(kept)))

    def own(self, conn: Connection, name: str, organisation: OrganisationId) -> KeptRelationship | None:
        """Return an organisation's relationship; another's is as one that does not exist."""
        table = uses.relationship
        of_organisation = table.c.organisation == self._organisation(organisation)
        row = conn.execute(select(table).where(table.c.id == name, of_organisation)).mappings().first()
        return None if row is None else self._load(row)

    def between(
        self, conn: Connection, person: Pseudonym, organisation: OrganisationId
    ) -> list[KeptRelationship]:
        """Return a person's relationships with an organisation, oldest first."""
        table = uses.relationship
        query = (
            select(table)
            .where(table.c.person == person, table.c.organisation == self._organisation(organisation))
            .order_by(table.c.position)
        )
        return [self._load(row) for row in conn.execute(query).mappings()]

    def keeps(self, conn: Connection, organisation: OrganisationId) -> bool:
        """Tell whether an organisation registers relationships."""
        found = exists().where(uses.relationship.c.organisation == self._organisation(organisation))
        return bool(conn.execute(select(found)).scalar())

    def forget(self, conn: Connection, *, now: int) -> int:
        """Delete relationships that ended long ago; return how many."""
        ended = uses.relationship.c.ends < now - KEPT_DAYS * 86_400
        return conn.execute(delete(uses.relationship).where(ended)).rowcount

    def describe(
        self, conn: Connection, organisation: OrganisationId, operator: OperatorId, member: Member
    ) -> None:
        """Keep what is said of one of the staff in place of what was said before."""
        key = self._operator(organisation, operator)
        told = json.dumps(_told_member(member)).encode()
        row = {
            "operator": key,
            "organisation": self._cipher.lookup(organisation.encode(), column=MEMBERS_OF),
            "content": self._cipher.seal(told, cell=_member_cell(key)),
        }
        put(conn, uses.member, [row])

    def member(self, conn: Connection, organisation: OrganisationId, operator: OperatorId) -> Member | None:
        """Return what is said of one of the staff."""
        key = self._operator(organisation, operator)
        query = select(uses.member.c.content).where(uses.member.c.operator == key)
        stored = conn.execute(query).scalar_one_or_none()
        return None if stored is None else self._open_member(key, stored)

    def members(self, conn: Connection, organisation: OrganisationId) -> int:
        """Return how many of an organisation's staff are described."""
        own = uses.member.c.organisation == self._cipher.lookup(organisation.encode(), column=MEMBERS_OF)
        return conn.execute(select(func.count()).select_from(uses.member).where(own)).scalar_one()

    def watch(self, conn: Connection, person: Pseudonym) -> None:
        """Remember that a person wants to be watched over closely."""
        insert_if_absent(conn, uses.watched, {"person": self._watched(person)})

    def unwatch(self, conn: Connection, person: Pseudonym) -> None:
        """Forget it."""
        conn.execute(delete(uses.watched).where(uses.watched.c.person == self._watched(person)))

    def is_watched(self, conn: Connection, person: Pseudonym) -> bool:
        """Tell whether a person wants it."""
        found = exists().where(uses.watched.c.person == self._watched(person))
        return bool(conn.execute(select(found)).scalar())

    def scan(self, conn: Connection) -> tuple[int, list[Finding]]:
        """Return how many rows were looked at, and every one that was edited outside the program."""
        findings = [
            *self._changed_relationships(conn),
            *self._changed_members(conn),
            *self._changed_wishes(conn),
        ]
        tables = (uses.relationship, uses.member, uses.watched)
        rows = sum(conn.execute(select(func.count()).select_from(each)).scalar_one() for each in tables)
        return rows, findings

    def _changed_relationships(self, conn: Connection) -> Iterator[Finding]:
        for row in conn.execute(select(uses.relationship)).mappings():
            try:
                self._load(row)
            except (ColumnError, ValueError, KeyError):
                yield Finding(uses.relationship.name, f"id={row['id']}", "was edited outside the program")

    def _changed_members(self, conn: Connection) -> Iterator[Finding]:
        for key, stored in conn.execute(select(uses.member.c.operator, uses.member.c.content)).all():
            try:
                self._cipher.open_lookup(key, column=OPERATOR)
                self._open_member(key, stored)
            except (ColumnError, ValueError, KeyError):
                yield Finding(uses.member.name, f"operator={key.hex()}", "was edited outside the program")

    def _changed_wishes(self, conn: Connection) -> Iterator[Finding]:
        for key in conn.execute(select(uses.watched.c.person)).scalars():
            try:
                self._cipher.open_lookup(key, column=WATCHED)
            except ColumnError:
                yield Finding(uses.watched.name, f"person={key.hex()}", "was edited outside the program")

    def _row(self, kept: KeptRelationship) -> dict[str, object]:
        told = {"person": kept.person, "organisation": kept.organisation, "position": kept.position}
        content = json.dumps(told | _told(kept.relationship)).encode()
        return {
            "person": kept.person,
            "organisation": self._organisation(kept.organisation),
            "position": kept.position,
            "ends": kept.relationship.end,
            "content": self._cipher.seal(content, cell=f"relationship.content/{kept.id}"),
        }

    def _load(self, row: RowMapping) -> KeptRelationship:
        told = json.loads(self._cipher.open(row["content"], cell=f"relationship.content/{row['id']}"))
        organisation = OrganisationId(told["organisation"])
        clear = (row["person"], row["position"], row["ends"], row["organisation"])
        if (told["person"], told["position"], told["end"], self._organisation(organisation)) != clear:
            raise ColumnError("a relationship's row is not what is sealed in it")
        return KeptRelationship(
            row["id"], Pseudonym(row["person"]), organisation, row["position"], _relationship(told)
        )

    def _open_member(self, key: bytes, stored: bytes) -> Member:
        told = json.loads(self._cipher.open(stored, cell=_member_cell(key)))
        return Member(
            frozenset(told["teams"]), OperatorId(told["by"]), Tags(told["surname"], told["address"])
        )

    def _organisation(self, organisation: OrganisationId) -> bytes:
        return self._cipher.lookup(organisation.encode(), column=ORGANISATION)

    def _operator(self, organisation: OrganisationId, operator: OperatorId) -> bytes:
        return self._cipher.lookup(f"{organisation}\n{operator}".encode(), column=OPERATOR)

    def _watched(self, person: Pseudonym) -> bytes:
        return self._cipher.lookup(person.encode(), column=WATCHED)


def _told(relationship: Relationship) -> dict[str, JsonValue]:
    return {
        "kind": relationship.kind.value,
        "operators": [*sorted(relationship.operators)],
        "teams": [*sorted(relationship.teams)],
        "start": relationship.start,
        "end": relationship.end,
        "by": relationship.by,
        "surname": relationship.tags.surname,
        "address": relationship.tags.address,
    }


def _relationship(told: Any) -> Relationship:
    return Relationship(
        RelationshipKind(told["kind"]),
        frozenset(told["operators"]),
        frozenset(told["teams"]),
        told["start"],
        told["end"],
        OperatorId(told["by"]),
        Tags(told["surname"], told["address"]),
    )


def _told_member(member: Member) -> dict[str, JsonValue]:
    tags = member.tags
    return {
        "teams": [*sorted(member.teams)],
        "by": member.by,
        "surname": tags.surname,
        "address": tags.address,
    }


def _member_cell(key: bytes) -> str:
    return f"member_of_staff.content/{key.hex()}"
