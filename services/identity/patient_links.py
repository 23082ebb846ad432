"""Rows of patient numbers: which person an organisation's own number means, on what evidence, and whether still."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, bindparam, delete, select, update

from consent.identifiers import OrganisationId, Pseudonym
from services.contracts.identity.messages import StaffCheck
from services.identity.tables import identity_try, patient_link, registry_handle
from services.identity.tables import person as person_table
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.log.tables import insert_if_absent

NUMBER_COLUMN = "patient_link.number"
HOLDER_COLUMN = "patient_link.holder"
HANDLE_COLUMN = "registry_handle.id"
TRY_COLUMN = "identity_try.id"


class LinkState(StrEnum):
    """Where a link stands; while it is being undone it counts no more, and the medical centre is told."""

    LINKED = "linked"
    UNDOING = "undoing"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class PatientLink:
    """One link with its evidence: what the staff signed, and what the card signed if its PIN was given."""

    id: str
    holder: Pseudonym
    organisation: OrganisationId
    number: str
    reference: str
    state: LinkState
    linked_at: int
    check: StaffCheck
    proofs: tuple[str, ...]
    fault: str | None = None
    undone_at: int | None = None

    def __repr__(self) -> str:
        return f"PatientLink({self.id}, {self.state.value})"


_LINK: TypeAdapter[PatientLink] = TypeAdapter(PatientLink)
_ROW = select(patient_link.c.id, patient_link.c.state, patient_link.c.told)
_BY_NUMBER = _ROW.where(patient_link.c.number == bindparam("number"))
_BY_ID = _ROW.where(patient_link.c.id == bindparam("id"))
_HOLD = _BY_ID.with_for_update()
_OWN = _BY_ID.where(patient_link.c.holder == bindparam("holder"))
_OF_HOLDER = _ROW.where(patient_link.c.holder == bindparam("holder"))
_IN_STATE = _ROW.where(patient_link.c.state == bindparam("state")).order_by(patient_link.c.id)
_HANDLE = select(registry_handle.c.person).where(registry_handle.c.id == bindparam("id"))
_PEOPLE = (
    select(person_table.c.pseudonym)
    .where(person_table.c.pseudonym > bindparam("last"))
    .order_by(person_table.c.pseudonym)
    .limit(bindparam("most"))
)
_TRY = (
    update(identity_try)
    .where(identity_try.c.id == bindparam("operator"), identity_try.c.tries < bindparam("most"))
    .values(tries=identity_try.c.tries + 1)
    .returning(identity_try.c.tries)
)


@dataclass(frozen=True, slots=True)
class PatientLinks:
    """The rows, sealed and opened with `cipher`. Each method works within the caller's transaction."""

    cipher: ColumnCipher

    def add(self, conn: Connection, new: PatientLink) -> bool:
        """Keep a new link; tells False when the number is linked already."""
        row = {
            "id": new.id,
            "number": self._number(new.organisation, new.number),
            "holder": self._holder(new.holder),
            "state": new.state.value,
            "told": self._seal(new),
        }
        return insert_if_absent(conn, patient_link, row)

    def of_number(self, conn: Connection, organisation: OrganisationId, number: str) -> PatientLink | None:
        """Return the link of an organisation's number."""
        row = conn.execute(_BY_NUMBER, {"number": self._number(organisation, number)}).one_or_none()
        return None if row is None else self._open(row)

    def hold(self, conn: Connection, link: PatientLink) -> PatientLink | None:
        """Return a link as it stands when nobody else changes it any more, until the transaction ends."""
        row = conn.execute(_HOLD, {"id": link.id}).one_or_none()
        return None if row is None else self._open(row)

    def own(self, conn: Connection, link: str, holder: Pseudonym) -> PatientLink | None:
        """Return a person's link, whatever its state; somebody else's is as one that nobody has."""
        row = conn.execute(_OWN, {"id": link, "holder": self._holder(holder)}).one_or_none()
        return None if row is None else self._open(row)

    def of_holder(self, conn: Connection, holder: Pseudonym) -> list[PatientLink]:
        """Return all links of a person, oldest first."""
        found = [self._open(row) for row in conn.execute(_OF_HOLDER, {"holder": self._holder(holder)})]
        return sorted(found, key=lambda each: (each.linked_at, each.id))

    def in_state(self, conn: Connection, state: LinkState) -> list[PatientLink]:
        """Return the links that stand so; a changed row is left to the audit, and keeps no other waiting."""
        found: list[PatientLink] = []
        for row in conn.execute(_IN_STATE, {"state": state.value}):
            with suppress(ColumnError):
                found.append(self._open(row))
        return found

    def everything(self, conn: Connection) -> Iterator[tuple[str, Row[str, str, bytes]]]:
        """Return every row with its key, unopened, for the audit."""
        for row in conn.execute(_ROW).all():
            yield row.id, row

    def open_row(self, row: Row[str, str, bytes]) -> PatientLink:
        """Open a row of `everything`. Raises: ColumnError."""
        return self._open(row)

    def fits(self, conn: Connection, link: PatientLink) -> bool:
        """Tell whether the look-up columns of a link's row are those of what is sealed in it."""
        row = conn.execute(select(patient_link).where(patient_link.c.id == link.id)).one()
        linked = link.state is LinkState.LINKED
        number = self._number(link.organisation, link.number) if linked else None
        return (row.number, row.holder) == (number, self._holder(link.holder))

    def set_state(self, conn: Connection, link: PatientLink, state: LinkState) -> PatientLink:
        """Change where a link stands; only a linked one keeps its number."""
        changed = replace(link, state=state)
        linked = state is LinkState.LINKED
        conn.execute(
            update(patient_link)
            .where(patient_link.c.id == link.id)
            .values(
                state=state.value,
                number=self._number(link.organisation, link.number) if linked else None,
                told=self._seal(changed),
            )
        )
        return changed

    def keep_handle(self, conn: Connection, handle: str, person: Pseudonym) -> None:
        """Remember whom a handle of the registry means."""
        key = self.cipher.lookup(handle.encode(), column=HANDLE_COLUMN)
        sealed = self.cipher.seal(person.encode(), cell=handle_cell(key))
        insert_if_absent(conn, registry_handle, {"id": key, "person": sealed})

    def of_handle(self, conn: Connection, handle: str) -> Pseudonym | None:
        """Return whom a handle of the registry means, if it is remembered."""
        key = self.cipher.lookup(handle.encode(), column=HANDLE_COLUMN)
        stored = conn.execute(_HANDLE, {"id": key}).scalar_one_or_none()
        if stored is None:
            return None
        return Pseudonym(self.cipher.open(stored, cell=handle_cell(key)).decode())

    def people_after(self, conn: Connection, last: Pseudonym, *, most: int) -> list[Pseudonym]:
        """Return the next people in the order of pseudonyms."""
        return [Pseudonym(each) for each in conn.execute(_PEOPLE, {"last": last, "most": most}).scalars()]

    def count_try(self, conn: Connection, operator: str, *, day: str, most: int) -> bool:
        """Count one check without a PIN; tells False when the operator has had `most` this day."""
        conn.execute(delete(identity_try).where(identity_try.c.day < day))
        key = self.cipher.lookup(f"{operator}\n{day}".encode(), column=TRY_COLUMN)
        insert_if_absent(conn, identity_try, {"id": key, "day": day, "tries": 0})
        return conn.execute(_TRY, {"operator": key, "most": most}).scalar_one_or_none() is not None

    def _number(self, organisation: OrganisationId, number: str) -> bytes:
        return self.cipher.lookup(f"{organisation}\n{number}".encode(), column=NUMBER_COLUMN)

    def _holder(self, holder: Pseudonym) -> bytes:
        return self.cipher.lookup(holder.encode(), column=HOLDER_COLUMN)

    def _seal(self, link: PatientLink) -> bytes:
        return self.cipher.seal(_LINK.dump_json(link), cell=_cell(link.id, link.state.value))

    def _open(self, row: Row[str, str, bytes]) -> PatientLink:
        return _LINK.validate_json(self.cipher.open(row.told, cell=_cell(row.id, row.state)))


def _cell(link: str, state: str) -> str:
    return f"patient_link.told/{link}/{state}"


def handle_cell(key: bytes) -> str:
    """Return what the person of a handle's row is sealed as."""
    return f"registry_handle.person/{key.hex()}"
