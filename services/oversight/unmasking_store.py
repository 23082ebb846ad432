"""Every query about unmaskings."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from consent.identifiers import Pseudonym
from services.contracts.oversight.unmasking import UnmaskingState
from services.kit.columns import ColumnCipher, ColumnError
from services.oversight.errors import RegisterChangedError
from services.oversight.tables import UNMASKING

_CLEAR: Final = ("pseudonym", "state", "asked")
OPEN: Final = (UnmaskingState.ASKED, UnmaskingState.FALSE_OPENING)
"""What two officials may still decide: after a false opening, whether another one fits."""


@dataclass(frozen=True, slots=True)
class Masked:
    """What an entry says of its staff, and where it is: `origin` names the log.

    `colleague` is 0 for who acted, else the number of one who acted beside.
    """

    origin: str
    index: int
    at: str
    kind: str
    organisation: str
    pseudonym: str
    commitment: str
    sealed: str
    colleague: int = 0

    @property
    def place(self) -> str:
        """The entry's place as people write it, BODY/NUMBER or BODY/NUMBER/COLLEAGUE."""
        return f"{self.body}/{self.index}" + (f"/{self.colleague}" if self.colleague else "")

    @property
    def body(self) -> str:
        """The body that logged it."""
        return self.origin.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Case:
    """One unmasking. Units: `asked` epoch seconds."""

    id: str
    pseudonym: Pseudonym
    state: UnmaskingState
    asked: int
    masked: Masked
    why: str
    name: str | None = None
    comment: str | None = None

    def __repr__(self) -> str:
        return f"Case(id={self.id!r}, state={self.state.value!r})"


class UnmaskingStore:
    """Cases, sealed as a whole; the columns in the clear are compared with what is sealed."""

    def __init__(self, cipher: ColumnCipher) -> None:
        self._cipher = cipher

    def add(self, conn: Connection, case: Case) -> None:
        """Store a new case."""
        entry = self._entry(case.masked)
        conn.execute(insert(UNMASKING).values(id=case.id, entry=entry, **self._row(case)))

    def put(self, conn: Connection, case: Case) -> None:
        """Store what became of a case."""
        conn.execute(update(UNMASKING).where(UNMASKING.c.id == case.id).values(**self._row(case)))

    def get(self, conn: Connection, case: str) -> Case | None:
        """Return a case. Raises: RegisterChangedError."""
        found = self._read(conn, UNMASKING.c.id == case)
        return found[0] if found else None

    def about(self, conn: Connection, person: Pseudonym, masked: Masked) -> Case | None:
        """Return what a person has asked about an entry. Raises: RegisterChangedError."""
        entry = self._entry(masked)
        found = self._read(conn, UNMASKING.c.pseudonym == person, UNMASKING.c.entry == entry)
        return found[0] if found else None

    def of_person(self, conn: Connection, person: Pseudonym) -> list[Case]:
        """Return a person's cases, the oldest first. Raises: RegisterChangedError."""
        return self._read(conn, UNMASKING.c.pseudonym == person)

    def open(self, conn: Connection) -> list[Case]:
        """Return what two officials may decide, the oldest first. Raises: RegisterChangedError."""
        return self._read(conn, UNMASKING.c.state.in_([each.value for each in OPEN]))

    def ids(self, conn: Connection) -> Sequence[str]:
        """Return the ids of all cases, for the audit."""
        return conn.execute(select(UNMASKING.c.id).order_by(UNMASKING.c.id)).scalars().all()

    def _entry(self, masked: Masked) -> bytes:
        whose = f" {masked.colleague}" if masked.colleague else ""
        return self._cipher.lookup(
            f"{masked.origin} {masked.index}{whose}".encode(), column="unmasking.entry"
        )

    def _row(self, case: Case) -> dict[str, object]:
        told = asdict(case)
        content = json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
        sealed = self._cipher.seal(content, cell=f"unmasking.content/{case.id}")
        return {name: told[name] for name in _CLEAR} | {"content": sealed}

    def _read(self, conn: Connection, *where: object) -> list[Case]:
        query = select(UNMASKING).where(*where)  # type: ignore[arg-type]  # SQLAlchemy's conditions
        rows = conn.execute(query.order_by(UNMASKING.c.asked, UNMASKING.c.id)).mappings()
        return [self._load(row) for row in rows]

    def _load(self, row: RowMapping) -> Case:
        try:
            told = json.loads(self._cipher.open(row["content"], cell=f"unmasking.content/{row['id']}"))
        except ColumnError as error:
            raise RegisterChangedError(f"unmasking id={row['id']} does not open") from error
        masked = Masked(**told["masked"])
        same = all(told[name] == row[name] for name in _CLEAR) and told["id"] == row["id"]
        if not same or self._entry(masked) != row["entry"]:
            raise RegisterChangedError(f"unmasking id={row['id']} was edited outside the program")
        return Case(**(told | {"masked": masked, "state": UnmaskingState(told["state"])}))
