"""Rows of who acts for whom, and of how far people act alone; sealed, as who is whose guardian is personal data."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, Select, bindparam, select, update

from consent.guardians import Capacity, Change, LegalState
from consent.identifiers import OrganisationId, Pseudonym
from consent.jwk import thumbprint
from consent.vocabulary import Body
from services.contracts.identity.guardianships import TOLD, Evidence
from services.contracts.identity.messages import Jwk
from services.identity.tables import guardianship, legal_state
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.log.tables import insert_if_absent, put

WARD_COLUMN = "guardianship.ward"
GUARDIAN_COLUMN = "guardianship.guardian"
PERSON_COLUMN = "legal_state.id"
NEVER = ""
"""The day, earlier than every other, of whose age was not asked for yet."""
ADULT_CAPACITIES = frozenset({Capacity.ADULT_GUARDIAN})


@dataclass(frozen=True, slots=True)
class Guardianship:
    """One guardian of one ward. Units: epoch seconds. `keys` are the guardian's, one for each body, for this ward."""

    id: str
    ward: Pseudonym
    guardian: Pseudonym
    capacity: Capacity
    keys: dict[str, Jwk]
    organisation: OrganisationId
    evidence: Evidence
    document: str
    since: int
    ended: Change | None = None
    confirm_until: int | None = None

    def __repr__(self) -> str:
        return f"Guardianship({self.id}, {self.ended or 'in force'})"

    def kid(self, body: Body) -> str | None:
        """Return the thumbprint by which a body knows the guardian, if it does."""
        key = self.keys.get(body.value)
        return None if key is None else thumbprint(key)


@dataclass(frozen=True, slots=True)
class LegalStanding:
    """What is known of a person: what age gives, whether they died; counted up with every change.

    `ended` are the guardianships that the present death ended.
    """

    person: Pseudonym
    by_age: LegalState = LegalState.OF_AGE
    number: int = 0
    deceased: bool = False
    ended: tuple[str, ...] = ()

    def state(self, guardianships: Sequence[Guardianship]) -> LegalState:
        """Return how far the person acts alone."""
        if self.deceased:
            return LegalState.DECEASED
        held = any(each.ended is None and each.capacity in ADULT_CAPACITIES for each in guardianships)
        return LegalState.PROTECTED if held and self.by_age is LegalState.OF_AGE else self.by_age


_GUARDIANSHIP: TypeAdapter[Guardianship] = TypeAdapter(Guardianship)
_STANDING: TypeAdapter[LegalStanding] = TypeAdapter(LegalStanding)
_ROW = select(guardianship.c.id, guardianship.c.told)
_BY_ID = _ROW.where(guardianship.c.id == bindparam("id"))
_OVER = _BY_ID.where(guardianship.c.ward == bindparam("person"))
_OWN = _BY_ID.where(guardianship.c.guardian == bindparam("person"))
_OF_WARD = _ROW.where(guardianship.c.ward == bindparam("person")).order_by(guardianship.c.id)
_OF_GUARDIAN = _ROW.where(guardianship.c.guardian == bindparam("person")).order_by(guardianship.c.id)
_STATE = select(legal_state.c.id, legal_state.c.told)
_STATE_OF = _STATE.where(legal_state.c.id == bindparam("id"))
_WAITING = (
    select(legal_state.c.id, legal_state.c.told, legal_state.c.waiting)
    .where(legal_state.c.waiting != "")
    .order_by(legal_state.c.id)
    .limit(bindparam("most"))
)
_TO_LOOK = (
    _STATE.where(legal_state.c.aging, legal_state.c.looked < bindparam("day"))
    .order_by(legal_state.c.id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Guardianships:
    """The rows, sealed and opened with `cipher`. Each method works within the caller's transaction."""

    cipher: ColumnCipher

    def add(self, conn: Connection, new: Guardianship) -> bool:
        """Keep a new guardianship; tells False when one of that id is there."""
        row = {
            "id": new.id,
            "ward": self._lookup(new.ward, WARD_COLUMN),
            "guardian": self._lookup(new.guardian, GUARDIAN_COLUMN),
            "told": self._seal(new),
        }
        return insert_if_absent(conn, guardianship, row)

    def replace(self, conn: Connection, changed: Guardianship) -> None:
        """Keep what became of a guardianship."""
        row = update(guardianship).where(guardianship.c.id == changed.id)
        conn.execute(row.values(told=self._seal(changed)))

    def get(self, conn: Connection, name: str) -> Guardianship | None:
        """Return a guardianship, also one that has ended."""
        row = conn.execute(_BY_ID, {"id": name}).one_or_none()
        return None if row is None else self.open_row(row)

    def over(self, conn: Connection, name: str, ward: Pseudonym) -> Guardianship | None:
        """Return a guardianship over a person; one over somebody else is as one that nobody has."""
        row = conn.execute(_OVER, {"id": name, "person": self._lookup(ward, WARD_COLUMN)}).one_or_none()
        return None if row is None else self.open_row(row)

    def own(self, conn: Connection, name: str, guardian: Pseudonym) -> Guardianship | None:
        """Return a guardianship that a person has or had; somebody else's is as one that nobody has."""
        row = conn.execute(_OWN, {"id": name, "person": self._lookup(guardian, GUARDIAN_COLUMN)})
        found = row.one_or_none()
        return None if found is None else self.open_row(found)

    def of_ward(self, conn: Connection, person: Pseudonym) -> list[Guardianship]:
        """Return all guardianships over a person, also those that have ended."""
        rows = conn.execute(_OF_WARD, {"person": self._lookup(person, WARD_COLUMN)})
        return [self.open_row(row) for row in rows]

    def of_guardian(self, conn: Connection, person: Pseudonym) -> list[Guardianship]:
        """Return all guardianships that a person has or had."""
        rows = conn.execute(_OF_GUARDIAN, {"person": self._lookup(person, GUARDIAN_COLUMN)})
        return [self.open_row(row) for row in rows]

    def standing(self, conn: Connection, person: Pseudonym) -> LegalStanding | None:
        """Return what is known of a person; None: nothing, so that they act alone."""
        return self._one(conn, _STATE_OF, {"id": self._lookup(person, PERSON_COLUMN)})

    def put_standing(self, conn: Connection, standing: LegalStanding, *, day: str) -> LegalStanding:
        """Keep what is known from now on, for every body to be told."""
        changed = replace(standing, number=standing.number + 1)
        key = self._lookup(standing.person, PERSON_COLUMN)
        row = {
            "id": key,
            "waiting": " ".join(each.value for each in TOLD),
            "aging": not standing.deceased and standing.by_age is not LegalState.OF_AGE,
            "looked": day,
            "told": self.cipher.seal(_STANDING.dump_json(changed), cell=_state_cell(key)),
        }
        put(conn, legal_state, [row])
        return changed

    def looked(self, conn: Connection, person: Pseudonym, *, day: str) -> None:
        """Remember that the person's age was asked for."""
        key = self._lookup(person, PERSON_COLUMN)
        conn.execute(update(legal_state).where(legal_state.c.id == key).values(looked=day))

    def to_look(self, conn: Connection, *, day: str, most: int) -> list[LegalStanding]:
        """Return some of those whose age may change what they do, and was not asked for today.

        Here as in `waiting` a changed row is left to the audit, and keeps nobody else waiting.
        """
        rows = conn.execute(_TO_LOOK, {"day": day, "most": most})
        return [standing for row in rows for standing in self._unchanged(row.id, row.told)]

    def waiting(self, conn: Connection, *, most: int) -> list[tuple[LegalStanding, list[Body]]]:
        """Return some of whom bodies are still to be told, with those bodies."""
        rows = conn.execute(_WAITING, {"most": most}).all()
        return [
            (standing, [Body(each) for each in row.waiting.split()])
            for row in rows
            for standing in self._unchanged(row.id, row.told)
        ]

    def told(self, conn: Connection, standing: LegalStanding, bodies: Sequence[Body]) -> None:
        """Remember whom this was told; what has changed meanwhile is told again."""
        key = self._lookup(standing.person, PERSON_COLUMN)
        row = conn.execute(
            select(legal_state.c.waiting, legal_state.c.told).where(legal_state.c.id == key).with_for_update()
        ).one()
        if self.open_standing(key, row.told).number == standing.number:
            left = [each for each in row.waiting.split() if Body(each) not in bodies]
            conn.execute(update(legal_state).where(legal_state.c.id == key).values(waiting=" ".join(left)))

    def everything(self, conn: Connection) -> Iterator[Row[str, bytes, bytes, bytes]]:
        """Return every row, unopened, for the audit."""
        yield from conn.execute(select(guardianship)).all()

    def standings(self, conn: Connection) -> list[Row[bytes, bytes]]:
        """Return every row of what is known of people, unopened, for the audit."""
        return list(conn.execute(_STATE).all())

    def open_row(self, row: Row[str, bytes] | Row[str, bytes, bytes, bytes]) -> Guardianship:
        """Open a guardianship. Raises: ColumnError."""
        return _GUARDIANSHIP.validate_json(self.cipher.open(row.told, cell=f"guardianship.told/{row.id}"))

    def open_standing(self, key: bytes, told: bytes) -> LegalStanding:
        """Open what is known of a person. Raises: ColumnError."""
        return _STANDING.validate_json(self.cipher.open(told, cell=_state_cell(key)))

    def fits(self, row: Row[str, bytes, bytes, bytes]) -> bool:
        """Tell whether the look-up columns of a row are those of what is sealed in it."""
        held = self.open_row(row)
        lookups = self._lookup(held.ward, WARD_COLUMN), self._lookup(held.guardian, GUARDIAN_COLUMN)
        return held.id == row.id and (row.ward, row.guardian) == lookups

    def fits_person(self, key: bytes, told: bytes) -> bool:
        """Tell whether a row's key is that of the person who is sealed in it."""
        return self._lookup(self.open_standing(key, told).person, PERSON_COLUMN) == key

    def _unchanged(self, key: bytes, told: bytes) -> Iterator[LegalStanding]:
        with suppress(ColumnError):
            yield self.open_standing(key, told)

    def _one(
        self, conn: Connection, query: Select[tuple[bytes, bytes]], named: dict[str, bytes]
    ) -> LegalStanding | None:
        row = conn.execute(query, named).one_or_none()
        return None if row is None else self.open_standing(row.id, row.told)

    def _lookup(self, person: Pseudonym, column: str) -> bytes:
        return self.cipher.lookup(person.encode(), column=column)

    def _seal(self, held: Guardianship) -> bytes:
        return self.cipher.seal(_GUARDIANSHIP.dump_json(held), cell=f"guardianship.told/{held.id}")


def _state_cell(key: bytes) -> str:
    return f"legal_state.told/{key.hex()}"
