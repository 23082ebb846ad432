"""Every query about cases of suspicious use."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from pydantic import JsonValue
from sqlalchemy import Connection, RowMapping, select

from services.contracts.oversight.emergencies import ReviewOutcome
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.log.audit import Finding
from services.kit.log.tables import put
from services.oversight.errors import RegisterChangedError
from services.oversight.tables import USE_CASE

ID: Final = "use_case.id"


@dataclass(frozen=True, slots=True)
class UseCase:
    """One case. Units: `first`, `last`, `due` epoch seconds; `rules` the number of accesses by each.

    `each` has the people's parts as they were told, `comments` what was said to some of them.
    """

    id: str
    organisation: str
    operator: str
    rules: dict[str, int]
    accesses: int
    people: int
    first: int
    last: int
    due: int
    reviewed: ReviewOutcome | None = None
    comment: str = ""
    late: bool = False
    each: list[dict[str, JsonValue]] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """The names under which its people are told apart."""
        return {str(share["name"]) for share in self.each}


class UseCaseStore:
    """Cases, sealed as a whole. Raises: RegisterChangedError from what reads."""

    def __init__(self, cipher: ColumnCipher) -> None:
        self._cipher = cipher

    def put(self, conn: Connection, case: UseCase) -> None:
        """Store a case, or what became of it."""
        key = self._key(case.id)
        content = json.dumps(asdict(case), ensure_ascii=False, sort_keys=True).encode()
        sealed = self._cipher.seal(content, cell=_cell(key))
        reviewed = None if case.reviewed is None else case.reviewed.value
        put(conn, USE_CASE, [{"id": key, "due": case.due, "reviewed": reviewed, "content": sealed}])

    def get(self, conn: Connection, case: str) -> UseCase | None:
        """Return a case, held for update."""
        query = select(USE_CASE).where(USE_CASE.c.id == self._key(case)).with_for_update()
        row = conn.execute(query).mappings().first()
        return None if row is None else self._load(row)

    def waiting(self, conn: Connection) -> list[UseCase]:
        """Return the cases without an outcome, first due first."""
        rows = conn.execute(select(USE_CASE).where(USE_CASE.c.reviewed.is_(None))).mappings()
        return sorted((self._load(row) for row in rows), key=lambda each: (each.due, each.id))

    def decided(self, conn: Connection, cases: Sequence[str]) -> list[UseCase]:
        """Return those of some cases that have an outcome."""
        keys = [self._key(each) for each in cases]
        query = select(USE_CASE).where(USE_CASE.c.id.in_(keys), USE_CASE.c.reviewed.is_not(None))
        return [self._load(row) for row in conn.execute(query).mappings()]

    def scan(self, conn: Connection) -> tuple[int, list[Finding]]:
        """Return how many cases were looked at, and every one that was edited outside the program."""
        rows, found = conn.execute(select(USE_CASE)).mappings().all(), []
        for row in rows:
            try:
                self._load(row)
            except RegisterChangedError:
                found.append(
                    Finding(USE_CASE.name, f"id={row['id'].hex()}", "was edited outside the program")
                )
        return len(rows), found

    def _load(self, row: RowMapping) -> UseCase:
        try:
            told = json.loads(self._cipher.open(row["content"], cell=_cell(row["id"])))
        except ColumnError as error:
            raise RegisterChangedError("a case of suspicious use does not open") from error
        if (told["due"], told["reviewed"]) != (row["due"], row["reviewed"]):
            raise RegisterChangedError("a case of suspicious use was edited outside the program")
        reviewed = told["reviewed"] and ReviewOutcome(told["reviewed"])
        return UseCase(**(told | {"reviewed": reviewed}))

    def _key(self, case: str) -> bytes:
        return self._cipher.lookup(case.encode(), column=ID)


def _cell(key: bytes) -> str:
    return f"use_case.content/{key.hex()}"
