"""Every query about habits, cases of suspicious use, and up to where the log was looked at."""

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from consent import base64url
from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from services.contracts.oversight.humans import Account
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.log.audit import Finding
from services.kit.log.tables import put
from services.medical.tables import uses
from services.medical.use_model import Habits, Seen

HABITS_OF: Final = "reading_habits.operator"
CASE_OF: Final = "use_case.operator"
NAME_BYTES: Final = 16
UNTOLD, TOLD = "untold", "told"
"""Of a case that the oversight body does not know as it is now, and of one that waits for its finding."""


@dataclass(frozen=True, slots=True)
class UseCase:
    """What was flagged of one operator since the last finding: by which rules, whose records.

    `rules` counts accesses; `people` has the rules of each; `due` is 0 until the oversight body took it.
    Units: `first`, `last`, `due` epoch seconds.
    """

    id: str
    organisation: OrganisationId
    operator: OperatorId
    first: int
    last: int
    rules: Mapping[str, int] = field(default_factory=dict)
    people: Mapping[Pseudonym, tuple[str, ...]] = field(default_factory=dict)
    accesses: int = 0
    due: int = 0
    state: str = UNTOLD

    def name_for(self, person: Pseudonym) -> str:
        """Name the case to one person: two who compare do not see that somebody opened both their records."""
        return base64url.encode(hmac.digest(self.id.encode(), person.encode(), "sha256")[:NAME_BYTES])


class UseStore:
    """Sealed rows; each function works within the caller's transaction. Raises: ColumnError where it opens them."""

    def __init__(self, cipher: ColumnCipher) -> None:
        self._cipher = cipher

    def place(self, conn: Connection) -> int:
        """Return up to which position the log was looked at."""
        return int(conn.execute(select(uses.place.c.position)).scalar_one())

    def advance(self, conn: Connection, *, start: int, end: int) -> bool:
        """M2: move the place on; tell whether it was where the caller believes it to be."""
        here = update(uses.place).where(uses.place.c.position == start).values(position=end)
        return conn.execute(here).rowcount == 1

    def habits(self, conn: Connection, account: Account) -> Habits:
        """Return what was seen of an account so far."""
        key = self._key(*account, HABITS_OF)
        query = select(uses.habits.c.content).where(uses.habits.c.operator == key)
        stored = conn.execute(query).scalar_one_or_none()
        return Habits() if stored is None else self._open_habits(key, stored)

    def keep_habits(self, conn: Connection, account: Account, habits: Habits) -> None:
        """Keep what was seen of an account."""
        key = self._key(*account, HABITS_OF)
        seen = [[_written(each) for each in told] for told in (habits.recent, habits.run)]
        told = [habits.nights, habits.days, *seen]
        sealed = self._cipher.seal(json.dumps(told).encode(), cell=f"reading_habits.content/{key.hex()}")
        put(conn, uses.habits, [{"operator": key, "content": sealed}])

    def case_of(self, conn: Connection, account: Account) -> UseCase | None:
        """Return the newest case of an operator that has no finding yet."""
        key = self._key(*account, CASE_OF)
        found = [self._load(row) for row in self._rows(conn, uses.case.c.operator == key)]
        return max(found, key=lambda each: (each.first, each.id), default=None)

    def case(self, conn: Connection, name: str) -> UseCase | None:
        """Return a case."""
        found = self._rows(conn, uses.case.c.id == name)
        return self._load(found[0]) if found else None

    def cases(self, conn: Connection, state: str, *, most: int) -> list[UseCase]:
        """Return some cases in a state."""
        return [self._load(row) for row in self._rows(conn, uses.case.c.state == state)[:most]]

    def keep(self, conn: Connection, case: UseCase) -> None:
        """Keep a case."""
        told = {
            "organisation": case.organisation,
            "operator": case.operator,
            "first": case.first,
            "last": case.last,
            "rules": dict(case.rules),
            "people": {person: [*rules] for person, rules in case.people.items()},
            "accesses": case.accesses,
            "due": case.due,
            "state": case.state,
        }
        row = {
            "id": case.id,
            "operator": self._key(case.organisation, case.operator, CASE_OF),
            "state": case.state,
            "content": self._cipher.seal(json.dumps(told).encode(), cell=f"use_case.content/{case.id}"),
        }
        put(conn, uses.case, [row])

    def close(self, conn: Connection, name: str) -> bool:
        """Delete a case that has a finding: the people's histories say it; tell whether it was there."""
        return conn.execute(delete(uses.case).where(uses.case.c.id == name)).rowcount == 1

    def scan(self, conn: Connection) -> tuple[int, list[Finding]]:
        """Return how many rows were looked at, and every one that was edited outside the program."""
        found = [*self._changed_cases(conn), *self._changed_habits(conn)]
        tables = (uses.case, uses.habits)
        rows = sum(conn.execute(select(func.count()).select_from(each)).scalar_one() for each in tables)
        return rows, found

    def _changed_cases(self, conn: Connection) -> Iterator[Finding]:
        for row in conn.execute(select(uses.case)).mappings().all():
            try:
                self._load(row)
            except (ColumnError, ValueError, KeyError):
                yield Finding(uses.case.name, f"id={row['id']}", "was edited outside the program")

    def _changed_habits(self, conn: Connection) -> Iterator[Finding]:
        for key, stored in conn.execute(select(uses.habits.c.operator, uses.habits.c.content)).all():
            try:
                self._open_habits(key, stored)
            except (ColumnError, ValueError):
                yield Finding(uses.habits.name, f"operator={key.hex()}", "was edited outside the program")

    def _rows(self, conn: Connection, where: Any) -> list[RowMapping]:
        query = select(uses.case).where(where).order_by(uses.case.c.id)
        return list(conn.execute(query).mappings())

    def _load(self, row: RowMapping) -> UseCase:
        told = json.loads(self._cipher.open(row["content"], cell=f"use_case.content/{row['id']}"))
        organisation, operator = OrganisationId(told["organisation"]), OperatorId(told["operator"])
        if (told["state"], self._key(organisation, operator, CASE_OF)) != (row["state"], row["operator"]):
            raise ColumnError("a case's row is not what is sealed in it")
        people = {Pseudonym(person): tuple(rules) for person, rules in told["people"].items()}
        known = {"organisation": organisation, "operator": operator, "people": people}
        return UseCase(id=row["id"], **(told | known))

    def _open_habits(self, key: bytes, stored: bytes) -> Habits:
        organisation, _, operator = self._cipher.open_lookup(key, column=HABITS_OF).decode().partition("\n")
        whose = Account(OrganisationId(organisation), OperatorId(operator))
        told = json.loads(self._cipher.open(stored, cell=f"reading_habits.content/{key.hex()}"))
        nights, days, recent, run = told
        return Habits(
            nights,
            days,
            tuple(_read(each, whose) for each in recent),
            tuple(_read(each, whose) for each in run),
        )

    def _key(self, organisation: OrganisationId, operator: OperatorId, column: str) -> bytes:
        return self._cipher.lookup(f"{organisation}\n{operator}".encode(), column=column)


def _written(seen: Seen) -> list[int | str]:
    return [seen.position, seen.person, seen.at, seen.order, *seen.by]


def _read(told: list[Any], whose: Account) -> Seen:
    """Read what is written of one turn; rows of earlier versions do not say with which account: it was their own."""
    position, person, at, order, *by = told
    return Seen(position, person, at, Account(*by) if by else whose, order)
