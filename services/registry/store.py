"""Every query of the registry. Each function works within the caller's transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from consent import base64url
from consent.identifiers import Pseudonym
from consent.vocabulary import BasicItem
from services.contracts.registry.change_reasons import ChangeReason
from services.kit.clock import Randomness
from services.kit.columns import ColumnCipher
from services.registry.model import HistoryEnd, Resident
from services.registry.tables import resident, resident_history

ID_BYTES = 16

_ITEMS = {item: resident.c[item.value] for item in BasicItem}
_ADD_RESIDENT = insert(resident)
_REGISTERED = select(exists().where(resident.c.pseudonym == bindparam("person")))
_RESIDENTS = select(resident.c.pseudonym, *_ITEMS.values()).where(
    resident.c.pseudonym.in_(bindparam("people", expanding=True))
)
_HOLD = select(resident.c.pseudonym).where(resident.c.pseudonym == bindparam("person")).with_for_update()
_RESIDENT = select(*_ITEMS.values()).where(resident.c.pseudonym == bindparam("person"))


@dataclass(frozen=True, slots=True)
class Store:
    """The registry's rows, sealed and opened with `cipher`."""

    cipher: ColumnCipher
    randomness: Randomness

    def registered(self, conn: Connection, person: Pseudonym) -> bool:
        """Tell whether a person is registered."""
        return bool(conn.execute(_REGISTERED, {"person": person}).scalar())

    def hold(self, conn: Connection, person: Pseudonym) -> None:
        """Let nobody else change this person's items until the transaction ends."""
        conn.execute(_HOLD, {"person": person})

    def resident(self, conn: Connection, person: Pseudonym) -> Resident | None:
        """Return a person's items. Raises: ColumnError when a cell was changed."""
        row = conn.execute(_RESIDENT, {"person": person}).one_or_none()
        return None if row is None else self._opened(person, row)

    def residents(self, conn: Connection, people: Sequence[Pseudonym]) -> dict[Pseudonym, Resident]:
        """Return the items of those who are registered. Raises: as `resident`."""
        rows = conn.execute(_RESIDENTS, {"people": people}).all()
        return {Pseudonym(person): self._opened(Pseudonym(person), row) for person, *row in rows}

    def add(self, conn: Connection, person: Pseudonym, new: Resident) -> None:
        """Register a person."""
        self.add_all(conn, [(person, new)])

    def add_all(self, conn: Connection, entries: Sequence[tuple[Pseudonym, Resident]]) -> None:
        """Register several people at once."""
        rows = [{"pseudonym": person, **self._sealed(person, new)} for person, new in entries]
        conn.execute(_ADD_RESIDENT, rows)

    def change(
        self, conn: Connection, person: Pseudonym, *, old: Resident, new: Resident, end: HistoryEnd
    ) -> None:
        """Replace a person's items and keep the old ones as history."""
        self._keep(conn, person, old=old, end=end)
        conn.execute(
            update(resident).where(resident.c.pseudonym == person).values(**self._sealed(person, new))
        )

    def remove(self, conn: Connection, person: Pseudonym, *, old: Resident, end: HistoryEnd) -> bool:
        """Take a person's entry out and keep the items as history; tell whether it was there.

        Nothing may point to the entry any more.
        """
        if conn.execute(delete(resident).where(resident.c.pseudonym == person)).rowcount != 1:
            return False
        self._keep(conn, person, old=old, end=end)
        return True

    def _keep(self, conn: Connection, person: Pseudonym, *, old: Resident, end: HistoryEnd) -> None:
        row, until = base64url.encode(self.randomness(ID_BYTES)), end.day.isoformat()
        told = json.dumps({item.value: value for item, value in old.items.items()}).encode()
        due = None if end.due is None else end.due.isoformat()
        conn.execute(
            insert(resident_history).values(
                id=row,
                pseudonym=person,
                until=until,
                items=self.cipher.seal(told, cell=_history_cell(row, person, until)),
                reason=self.cipher.seal(end.reason.encode(), cell=_reason_cell(row, until, due)),
                due=due,
            )
        )

    def open_reason(self, row: str, *, until: str, due: str | None, reason: bytes) -> ChangeReason:
        """Return why an entry of the history ended. Raises: ColumnError when it or its days were changed."""
        return ChangeReason(self.cipher.open(reason, cell=_reason_cell(row, until, due)).decode())

    def open_history(self, row: str, *, person: str, until: str, items: bytes) -> Resident:
        """Return a row of the history as it was. Raises: ColumnError when it was changed."""
        told = json.loads(self.cipher.open(items, cell=_history_cell(row, person, until)))
        return Resident({BasicItem(name): value for name, value in told.items()})

    def _opened(self, person: Pseudonym, row: Sequence[bytes]) -> Resident:
        return Resident(
            {
                item: self.cipher.open(stored, cell=_cell(item, person)).decode()
                for item, stored in zip(_ITEMS, row, strict=True)
            }
        )

    def _sealed(self, person: Pseudonym, new: Resident) -> dict[str, bytes]:
        return {
            item.value: self.cipher.seal(value.encode(), cell=_cell(item, person))
            for item, value in new.items.items()
        }


def _cell(item: BasicItem, person: str) -> str:
    return f"resident.{item.value}/{person}"


def _reason_cell(row: str, until: str, due: str | None) -> str:
    return f"resident_history.reason/{row}/{until}/{due or ''}"


def _history_cell(row: str, person: str, until: str) -> str:
    return f"resident_history.items/{row}/{person}/{until}"
