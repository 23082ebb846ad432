"""Every query about emergencies."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from consent.canonical import JsonValue
from consent.identifiers import OrganisationId, Pseudonym
from consent.staff import StaffMask
from services.contracts.oversight.emergencies import EmergencyState, ReviewOutcome
from services.kit.columns import ColumnCipher, ColumnError
from services.oversight.errors import RegisterChangedError
from services.oversight.tables import EMERGENCY

_CLEAR: Final = ("pseudonym", "organisation", "state", "asked", "ends", "reviewed", "token")


@dataclass(frozen=True, slots=True)
class Case:
    """One emergency. Units: `asked`, `seconded`, `ends`, `due` epoch seconds, 0 while it is not so far.

    `humans` are the person tags of those who signed, `operators` their names, `staff` what each signed of how
    the person is shown them, the first professional first.
    """

    id: str
    pseudonym: Pseudonym
    organisation: OrganisationId
    state: EmergencyState
    asked: int
    request: str
    digest: str
    reason: str
    categories: tuple[str, ...]
    years: tuple[int, int]
    operators: tuple[str, ...]
    humans: tuple[str, ...]
    staff: tuple[Mapping[str, JsonValue], ...] = ()
    seconded: int = 0
    ends: int = 0
    due: int = 0
    second: str = ""
    details: str = ""
    token: str | None = None
    refused: str | None = None
    reviewed: ReviewOutcome | None = None

    @property
    def masks(self) -> tuple[StaffMask, ...]:
        """How the person is shown those who signed, the first professional first."""
        return tuple(StaffMask.read(each) for each in self.staff)

    def mask(self, operator: str) -> StaffMask | None:
        """How the person is shown one of those who signed."""
        return next(
            (each for name, each in zip(self.operators, self.masks, strict=False) if name == operator), None
        )


class EmergencyStore:
    """Cases, sealed as a whole; the columns in the clear are compared with what is sealed."""

    def __init__(self, cipher: ColumnCipher) -> None:
        self._cipher = cipher

    def add(self, conn: Connection, case: Case) -> None:
        """Store a new case."""
        conn.execute(insert(EMERGENCY).values(id=case.id, **self._row(case)))

    def put(self, conn: Connection, case: Case) -> None:
        """Store what became of a case."""
        conn.execute(update(EMERGENCY).where(EMERGENCY.c.id == case.id).values(**self._row(case)))

    def get(self, conn: Connection, case: str) -> Case | None:
        """Return a case, held for update. Raises: RegisterChangedError."""
        found = self._read(conn, EMERGENCY.c.id == case)
        return found[0] if found else None

    def own(self, conn: Connection, case: str, organisation: OrganisationId) -> Case | None:
        """Return an organisation's case; another's is as one that does not exist. Raises: RegisterChangedError."""
        found = self._read(conn, EMERGENCY.c.id == case, EMERGENCY.c.organisation == organisation)
        return found[0] if found else None

    def of_token(self, conn: Connection, digest: str) -> Case | None:
        """Return the case whose relay reads with this token. Raises: RegisterChangedError."""
        found = self._read(conn, EMERGENCY.c.token == digest)
        return found[0] if found else None

    def since(self, conn: Connection, moment: int) -> list[Case]:
        """Return the cases asked for since then. Raises: RegisterChangedError."""
        return self._read(conn, EMERGENCY.c.asked > moment)

    def waiting(self, conn: Connection) -> list[Case]:
        """Return the cases that no relay has answered. Raises: RegisterChangedError."""
        return self._read(conn, EMERGENCY.c.state == EmergencyState.DECLARED.value)

    def unreviewed(self, conn: Connection) -> list[Case]:
        """Return the cases that were in force and have no outcome, first due first. Raises: RegisterChangedError."""
        found = self._read(
            conn, EMERGENCY.c.reviewed.is_(None), EMERGENCY.c.state != EmergencyState.ASKED.value
        )
        return sorted(found, key=lambda each: (each.due, each.id))

    def newest(self, conn: Connection, organisation: OrganisationId, *, most: int) -> list[Case]:
        """Return the newest cases of an organisation. Raises: RegisterChangedError."""
        return self._read(conn, EMERGENCY.c.organisation == organisation, newest=most)

    def of_person(self, conn: Connection, person: Pseudonym) -> list[Case]:
        """Return the cases about somebody. Raises: RegisterChangedError."""
        return self._read(conn, EMERGENCY.c.pseudonym == person)

    def past(self, conn: Connection, now: int) -> list[Case]:
        """Return the cases that are over and not ended yet. Raises: RegisterChangedError."""
        on = [EmergencyState.DECLARED.value, EmergencyState.RELAYED.value, EmergencyState.FAILED.value]
        return self._read(conn, EMERGENCY.c.ends <= now, EMERGENCY.c.state.in_(on))

    def put_answer(self, conn: Connection, case: str, answer: bytes | None) -> None:
        """Keep the relay's answer, or delete it."""
        sealed = None if answer is None else self._cipher.seal(answer, cell=f"emergency.answer/{case}")
        conn.execute(update(EMERGENCY).where(EMERGENCY.c.id == case).values(answer=sealed))

    def answer(self, conn: Connection, case: str) -> bytes | None:
        """Return the relay's answer. Raises: RegisterChangedError."""
        stored = conn.execute(select(EMERGENCY.c.answer).where(EMERGENCY.c.id == case)).scalar_one_or_none()
        return None if stored is None else self._open(stored, cell=f"emergency.answer/{case}")

    def ids(self, conn: Connection) -> Sequence[str]:
        """Return the ids of all cases, for the audit."""
        return conn.execute(select(EMERGENCY.c.id).order_by(EMERGENCY.c.id)).scalars().all()

    def _row(self, case: Case) -> dict[str, object]:
        told = asdict(case)
        content = json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
        sealed = self._cipher.seal(content, cell=f"emergency.content/{case.id}")
        return {name: told[name] for name in _CLEAR} | {"content": sealed}

    def _read(self, conn: Connection, *where: object, newest: int | None = None) -> list[Case]:
        query = select(EMERGENCY).where(*where)  # type: ignore[arg-type]  # SQLAlchemy's conditions
        if newest is not None:
            query = query.order_by(EMERGENCY.c.asked.desc()).limit(newest)
        return [self._load(row) for row in conn.execute(query).mappings()]

    def _load(self, row: RowMapping) -> Case:
        told = json.loads(self._open(row["content"], cell=f"emergency.content/{row['id']}"))
        if any(told[name] != row[name] for name in _CLEAR) or told["id"] != row["id"]:
            raise RegisterChangedError(f"emergency id={row['id']} was edited outside the program")
        named = ("categories", "years", "operators", "humans", "staff")
        listed = {name: tuple(told[name]) for name in named if name in told}
        reviewed = told["reviewed"] and ReviewOutcome(told["reviewed"])
        return Case(**(told | listed | {"state": EmergencyState(told["state"]), "reviewed": reviewed}))

    def _open(self, stored: bytes, *, cell: str) -> bytes:
        try:
            return self._cipher.open(stored, cell=cell)
        except ColumnError as error:
            raise RegisterChangedError(f"{cell} does not open") from error
