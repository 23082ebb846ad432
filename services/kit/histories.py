"""How many entries each person has in a body's log, and the roll by which the body is held to it (IT4).

H1 Every entry of a person says which number it has and what the digest of those before it was, within what its leaf
   commits to: an entry that comes to light later shows whose history it was kept out of.
H2 From time to time the body counts: the root of a tree over everybody's number and digest becomes an entry of the log.
H3 A person's evidence shows their row under the newest such root, so entries left out do not fit the row, and all who
   ask are shown one and the same count, under a checkpoint that a witness co-signed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from pydantic import JsonValue
from sqlalchemy import Connection, insert, select

from consent import base64url
from consent.identifiers import Pseudonym
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.journal_tables import HistoryTables
from services.kit.log.errors import LogCorruptError
from services.kit.log.history import AFTER, NUMBER, roll_row, running_digest
from services.kit.log.merkle import leaf_hash
from services.kit.log.row_tree import RowTree
from services.kit.log.tables import put
from services.kit.prepared import PreparedIn

ID_COLUMN = "journal_history.id"
START_COLUMN = "journal_history.start"


@dataclass(frozen=True, slots=True)
class HistoryState:
    """How many entries a person has, their running digest, and the person's row of the roll once there is one."""

    count: int
    head: bytes
    row: int | None = None

    def told(self) -> dict[str, JsonValue]:
        """H1: what the next entry says about itself."""
        return {NUMBER: self.count, AFTER: base64url.encode(self.head)}

    def after(self, entry: bytes) -> "HistoryState":
        """Return the state with one more entry, given its leaf hash."""
        return replace(self, count=self.count + 1, head=running_digest(self.head, entry))

    @property
    def leaf(self) -> bytes:
        """The leaf hash of this state in the roll."""
        return leaf_hash(roll_row(self.count, self.head))

    def to_bytes(self) -> bytes:
        """Return the stored form. Shape: 48 bytes, whatever the state."""
        row = 0 if self.row is None else self.row + 1
        return self.count.to_bytes(8) + row.to_bytes(8) + self.head

    @classmethod
    def from_bytes(cls, stored: bytes) -> "HistoryState":
        """Read the stored form."""
        row = int.from_bytes(stored[8:16])
        return cls(int.from_bytes(stored[:8]), stored[16:], row - 1 if row else None)


@dataclass(frozen=True, slots=True)
class Roll:
    """Where the log last counted all histories, and how many there were."""

    position: int
    rows: int


class Histories:
    """The states and the roll, within the transaction of a caller who holds the log's head to write."""

    def __init__(self, tables: HistoryTables, *, cipher: ColumnCipher) -> None:
        self._tables = tables
        self._cipher = cipher
        self._tree = RowTree(tables.node)
        state, roll = tables.state.c, tables.roll.c
        self._states = PreparedIn(lambda ids: select(state.id, state.state).where(state.id.in_(ids)))
        self._last = select(roll.position, roll.rows).order_by(roll.position.desc()).limit(1)

    def start(self, person: Pseudonym) -> bytes:
        """Return the digest that a person's history starts from: nobody else can guess it, so rows tell nothing."""
        return sha256(self._cipher.lookup(person.encode(), column=START_COLUMN)).digest()

    def states(self, conn: Connection, persons: Iterable[Pseudonym]) -> dict[Pseudonym, HistoryState]:
        """Return the state of each person. Raises: LogCorruptError when one was changed."""
        ids = {self._id(person): person for person in persons}
        found = {person: HistoryState(0, self.start(person)) for person in ids.values()}
        rows = self._states.rows(conn, list(ids))
        return found | {ids[bytes(key)]: self._open(bytes(key), stored) for key, stored in rows}

    def state(self, conn: Connection, person: Pseudonym) -> HistoryState:
        """Return one person's state. Raises: as `states`."""
        return self.states(conn, [person])[person]

    def keep(self, conn: Connection, states: Mapping[Pseudonym, HistoryState]) -> None:
        """Store states."""
        rows = []
        for person, state in states.items():
            key = self._id(person)
            rows.append({"id": key, "state": self._cipher.seal(state.to_bytes(), cell=_cell(key))})
        put(conn, self._tables.state, rows)

    def last_roll(self, conn: Connection) -> Roll | None:
        """Return the newest roll."""
        row = conn.execute(self._last).one_or_none()
        return None if row is None else Roll(row.position, row.rows)

    def count(self, conn: Connection, persons: Iterable[Pseudonym], *, position: int) -> tuple[int, bytes]:
        """H2: take the rows of those who have new entries into the roll of `position`; return rows and root."""
        last = self.last_roll(conn)
        rows = 0 if last is None else last.rows
        states = self.states(conn, persons)
        new = {}
        for person in sorted(person for person, state in states.items() if state.row is None):
            states[person] = new[person] = replace(states[person], row=rows)
            rows += 1
        self.keep(conn, new)
        changed = {each.row: each.leaf for each in states.values() if each.row is not None}
        self._tree.change(conn, changed, size=rows)
        conn.execute(insert(self._tables.roll), {"position": position, "rows": rows})
        return rows, self._tree.root(conn, rows)

    def proof(self, conn: Connection, row: int, roll: Roll) -> list[bytes]:
        """H3: prove a row under the newest roll. Raises: LogCorruptError."""
        return self._tree.inclusion(conn, row, roll.rows)

    def root(self, conn: Connection, roll: Roll) -> bytes:
        """Return the root of the newest roll from the stored tree. Raises: LogCorruptError."""
        return self._tree.root(conn, roll.rows)

    def changed_nodes(self, conn: Connection, roll: Roll, leaves: Mapping[int, bytes]) -> int:
        """Count the stored nodes that are not those of the tree over these leaf hashes."""
        return self._tree.differing(conn, [leaves[row] for row in range(roll.rows)])

    def is_empty(self, conn: Connection) -> bool:
        """Whether no history was kept yet."""
        return conn.execute(select(self._tables.state.c.id).limit(1)).first() is None

    def stored(self, conn: Connection) -> dict[bytes, bytes]:
        """Return all rows as they are stored."""
        state = self._tables.state.c
        return {bytes(key): bytes(value) for key, value in conn.execute(select(state.id, state.state))}

    def opened(self, person: Pseudonym, stored: Mapping[bytes, bytes]) -> HistoryState | None:
        """Return a person's state out of `stored`, None when it is not there. Raises: LogCorruptError."""
        key = self._id(person)
        return self._open(key, stored[key]) if key in stored else None

    def _open(self, key: bytes, stored: bytes) -> HistoryState:
        try:
            return HistoryState.from_bytes(self._cipher.open(stored, cell=_cell(key)))
        except ColumnError as error:
            raise LogCorruptError("journal_history: the count of somebody's entries was changed") from error

    def _id(self, person: Pseudonym) -> bytes:
        return self._cipher.lookup(person.encode(), column=ID_COLUMN)


def _cell(key: bytes) -> str:
    return f"journal_history.state/{key.hex()}"
