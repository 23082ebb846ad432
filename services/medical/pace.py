"""How many people's records one professional may open in a while, and that they are stopped who open more (M6).

One human is one professional, with however many accounts and cards, as far as the register tells. A finding that the
reads were justified ends the stop before its time (M5).

The count lies in the database and changes in the transaction of the read, under a lock on its rows: neither a restart
nor reads at the same time start it anew. Reading the same few patients again and again counts them once.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from services.contracts.oversight.humans import Account
from services.contracts.oversight.register import Role
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.credentials.callers import OperatorCaller
from services.kit.log.audit import Finding
from services.kit.log.tables import insert_if_absent, put
from services.kit.prepared import Prepared
from services.medical.settings import Settings
from services.medical.tables import reading_pace

OPERATOR: Final = "reading_pace.operator"
_STATE = Prepared(
    select(reading_pace.c.state).where(reading_pace.c.operator == bindparam("its_operator")).with_for_update()
)


@dataclass(frozen=True, slots=True)
class Pace:
    """Whose records an account opened lately and when, by digest; until when it is stopped (epoch seconds)."""

    opened: dict[str, int]
    stopped_until: int = 0

    def after(self, person: str, now: int, settings: Settings, *, besides: Iterable["Pace"] = ()) -> "Pace":
        """Return the pace after one more; stopped from now on when that was the last that is allowed.

        `besides` are the paces of the same human's other accounts.
        """
        since = now - settings.reads_window_seconds
        opened = {each: at for each, at in self.opened.items() if at > since and each != person}
        opened[person] = now
        others = {each for pace in besides for each, at in pace.opened.items() if at > since}
        full = len(opened.keys() | others) >= settings.reads_block_people
        return Pace(opened, now + settings.reads_block_seconds if full else self.stopped_until)


@dataclass(frozen=True, slots=True)
class ReadingPace:
    """The accounts' rows, sealed with `cipher`. Each function works within the caller's transaction."""

    cipher: ColumnCipher
    settings: Settings

    def admits(
        self,
        conn: Connection,
        caller: OperatorCaller,
        person: Pseudonym,
        *,
        accounts: Iterable[Account],
        now: int,
    ) -> bool:
        """Count one read, and tell whether it may be; `accounts` are all of the caller's human. Raises: ColumnError.

        Who reads for many people by their task is not counted: the anonymiser, and the relay, which has limits of its
        own.
        """
        if Role.READER.value not in caller.roles:
            return True
        own = self._key(caller.organisation, caller.operator)
        # every account's row, in one order for everybody: two first reads at once, too, wait for each other
        paces = {
            key: self._held(conn, key) for key in sorted({own, *(self._key(*each) for each in accounts)})
        }
        if any(each.stopped_until > now for each in paces.values()):
            return False
        pace = paces.pop(own)
        digest = sha256(person.encode()).hexdigest()[:16]
        if pace.opened.get(digest, 0) == now:
            return True  # counted in this very second
        self._keep(conn, own, pace.after(digest, now, self.settings, besides=paces.values()))
        return True

    def resume(
        self, conn: Connection, organisation: OrganisationId, operator: OperatorId, *, now: int, known: int
    ) -> bool:
        """End a stop that began at `known` (epoch seconds) or before, and count anew; tell whether there was one.

        What a review did not know of, it does not excuse, nor a stop by another account of the same human, or what
        that one opened. Raises: ColumnError.
        """
        key = self._key(organisation, operator)
        pace = self._held(conn, key)
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

    def _held(self, conn: Connection, key: bytes) -> Pace:
        """Return an account's pace and lock its row, which is made if there is none."""
        rows = _STATE.rows(conn, {"its_operator": key})
        if not rows:
            insert_if_absent(conn, reading_pace, self._row(key, Pace({})))
            rows = _STATE.rows(conn, {"its_operator": key})
        return self._open(key, rows[0][0])

    def _keep(self, conn: Connection, key: bytes, pace: Pace) -> None:
        put(conn, reading_pace, [self._row(key, pace)])

    def _row(self, key: bytes, pace: Pace) -> dict[str, bytes]:
        told = json.dumps([pace.stopped_until, pace.opened]).encode()
        return {"operator": key, "state": self.cipher.seal(told, cell=_cell(key))}

    def _open(self, key: bytes, stored: bytes) -> Pace:
        stopped_until, opened = json.loads(self.cipher.open(stored, cell=_cell(key)))
        return Pace(opened, stopped_until)


def _cell(key: bytes) -> str:
    return f"reading_pace.state/{key.hex()}"
