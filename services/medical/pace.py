"""How many people's records one professional may open in a while, and that they are stopped who open more (M6).

A finding that the reads were justified ends the stop before its time (M5).

The count lies in the database and changes in the transaction of the read, under a lock on its row: neither a restart
nor reads at the same time start it anew. Reading the same few patients again and again counts them once.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from services.contracts.oversight.register import Role
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.credentials.callers import OperatorCaller
from services.kit.log.audit import Finding
from services.kit.log.tables import put
from services.kit.prepared import Prepared
from services.medical.settings import Settings
from services.medical.tables import reading_pace

OPERATOR: Final = "reading_pace.operator"
_STATE = Prepared(
    select(reading_pace.c.state).where(reading_pace.c.operator == bindparam("its_operator")).with_for_update()
)


@dataclass(frozen=True, slots=True)
class Pace:
    """Whose records an operator opened lately and when, by digest; until when they are stopped (epoch seconds)."""

    opened: dict[str, int]
    stopped_until: int = 0

    def after(self, person: str, now: int, settings: Settings) -> "Pace":
        """Return the pace after one more; stopped from now on when that was the last that is allowed."""
        since = now - settings.reads_window_seconds
        opened = {each: at for each, at in self.opened.items() if at > since and each != person}
        opened[person] = now
        full = len(opened) >= settings.reads_block_people
        return Pace(opened, now + settings.reads_block_seconds if full else self.stopped_until)


@dataclass(frozen=True, slots=True)
class ReadingPace:
    """The operators' rows, sealed with `cipher`. Each function works within the caller's transaction."""

    cipher: ColumnCipher
    settings: Settings

    def admits(self, conn: Connection, caller: OperatorCaller, person: Pseudonym, *, now: int) -> bool:
        """Count one read, and tell whether it may be. Raises: ColumnError.

        Who reads for many people by their task is not counted: the anonymiser, and the relay, which has limits of its
        own.
        """
        if Role.READER.value not in caller.roles:
            return True
        key = self._key(caller.organisation, caller.operator)
        row = _STATE.row(conn, {"its_operator": key})
        pace = Pace({}) if row is None else self._open(key, row[0])
        if pace.stopped_until > now:
            return False
        digest = sha256(person.encode()).hexdigest()[:16]
        if pace.opened.get(digest, 0) == now:
            return True  # counted in this very second
        self._keep(conn, key, pace.after(digest, now, self.settings))
        return True

    def resume(
        self, conn: Connection, organisation: OrganisationId, operator: OperatorId, *, now: int, known: int
    ) -> bool:
        """End a stop that began at `known` (epoch seconds) or before, and count anew; tell whether there was one.

        What a review did not know of, it does not excuse. Raises: ColumnError.
        """
        key = self._key(organisation, operator)
        row = _STATE.row(conn, {"its_operator": key})
        pace = Pace({}) if row is None else self._open(key, row[0])
        began = pace.stopped_until - self.settings.reads_block_seconds
        if pace.stopped_until <= now or began > known:
            return False
        self._keep(conn, key, Pace({}))
        return True

    def scan(self, conn: Connection) -> tuple[int, list[Finding]]:
        """Return how many rows were looked at, and every one that was edited outside the program."""
        found = []
        for key, stored in conn.execute(select(reading_pace.c.operator, reading_pace.c.state)).all():
            try:
                self.cipher.open_lookup(key, column=OPERATOR)
                self._open(key, stored)
            except (ColumnError, ValueError):
                problem = "was edited outside the program"
                found.append(Finding(reading_pace.name, f"operator={key.hex()}", problem))
        return conn.execute(select(func.count()).select_from(reading_pace)).scalar_one(), found

    def _key(self, organisation: OrganisationId, operator: OperatorId) -> bytes:
        return self.cipher.lookup(f"{organisation}\n{operator}".encode(), column=OPERATOR)

    def _keep(self, conn: Connection, key: bytes, pace: Pace) -> None:
        told = json.dumps([pace.stopped_until, pace.opened]).encode()
        put(conn, reading_pace, [{"operator": key, "state": self.cipher.seal(told, cell=_cell(key))}])

    def _open(self, key: bytes, stored: bytes) -> Pace:
        stopped_until, opened = json.loads(self.cipher.open(stored, cell=_cell(key)))
        return Pace(opened, stopped_until)


def _cell(key: bytes) -> str:
    return f"reading_pace.state/{key.hex()}"
