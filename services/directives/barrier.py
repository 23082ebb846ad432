"""Withdrawal and refusal as a barrier: what is answered after either was acknowledged does not go against it (SC2).

A reader's last look at a directive and the sending of its answer hold the directive; a withdrawal waits for
those who hold it, and whoever comes later sees it withdrawn. A refusal waits for those who hold any permission of the
person that it can meet, and whoever comes later finds it. The end of somebody's right, such as a guardian's, waits
for the answers that rest on it, and whoever comes later finds it ended. A hold is taken before a write transaction,
never in one.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Table, bindparam, select

from consent.identifiers import DirectiveId
from consent.lifecycle import DirectiveState
from services.kit.database import Database, share_turn, take_turn
from services.kit.prepared import PreparedIn


class Barrier:
    """The barrier over one body's directives.

    Guarantees: PostgreSQL: row locks, so it holds between any number of processes. SQLite: locks of this process,
    which is the only one to use the file.
    """

    def __init__(self, database: Database, directive: Table) -> None:
        self._database = database
        self._turns = Turnstile()
        row, named = directive.c, directive.c.id.in_(bindparam("ids", expanding=True))
        active = row.state == DirectiveState.ACTIVE.value
        self._active = PreparedIn(lambda ids: select(row.id).where(row.id.in_(ids), active))
        self._share = select(row.id).where(named).order_by(row.id).with_for_update(read=True)
        self._lock = select(row.id).where(named).order_by(row.id).with_for_update()

    @contextmanager
    def hold(self, directives: Iterable[DirectiveId]) -> Iterator[frozenset[DirectiveId]]:
        """Hold directives against withdrawal; yields those of them that are in force."""
        wanted = sorted(set(directives))  # one order for everybody, so that holders never wait in a circle
        with ExitStack() as held:
            if self._database.is_sqlite:
                for each in wanted:
                    held.enter_context(self._turns.shared(each))
                with self._database.read() as conn:
                    in_force = self._in_force(conn, wanted)
            else:
                conn = held.enter_context(self._database.holding())
                conn.execute(self._share, {"ids": wanted})
                in_force = self._in_force(conn, wanted)
            yield in_force

    @contextmanager
    def hold_right(self, right: str) -> Iterator[None]:
        """Hold somebody's right against its end, beside others who hold it; whether it stands is looked up within."""
        if self._database.is_sqlite:
            with self._turns.shared(right):
                yield
            return
        with self._database.holding() as conn:
            share_turn(conn, right)
            yield

    def _in_force(self, conn: Connection, directives: list[DirectiveId]) -> frozenset[DirectiveId]:
        return frozenset(name for (name,) in self._active.rows(conn, directives))

    @contextmanager
    def exclude(self, directive: DirectiveId) -> Iterator[Connection]:
        """W2: open the write transaction of a withdrawal when nobody holds the directive any more."""
        with self._turns.exclusive(directive), self._database.holding() as conn:
            conn.execute(self._lock, {"ids": [directive]})
            yield conn

    @contextmanager
    def take_in(
        self,
        turn: str,
        *,
        against: Callable[[Connection], Iterable[DirectiveId]],
        ending: Sequence[str] = (),
    ) -> Iterator[Connection]:
        """P6: open the write transaction in which a directive is stored, when nobody holds those of `against` any more,
        nor the rights that it may be `ending`.

        Guarantees: with one `turn`, one after the other, so that `against` misses none that is just being stored.
        """
        with ExitStack() as held:
            for name in (turn, *ending):
                held.enter_context(self._turns.exclusive(name))
            if self._database.is_sqlite:
                with self._database.read() as conn:
                    ended = sorted(set(against(conn)))
                for each in ended:
                    held.enter_context(self._turns.exclusive(each))
                conn = held.enter_context(self._database.holding())
            else:
                conn = held.enter_context(self._database.holding())
                for name in (turn, *ending):
                    take_turn(conn, name)
                conn.execute(self._lock, {"ids": sorted(set(against(conn)))})
            yield conn


@dataclass(slots=True)
class _Place:
    holders: int = 0
    excluding: bool = False
    waiting: int = 0


class Turnstile:
    """Readers-writer locks by name; a waiting writer goes before later readers.

    Guarantees: may be released by another thread than took it. A name nobody uses takes no memory.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._places: dict[str, _Place] = {}

    @contextmanager
    def shared(self, name: str) -> Iterator[None]:
        """Hold `name` beside other holders."""
        with self._changed:
            place = self._places.setdefault(name, _Place())
            while place.excluding or place.waiting:
                self._changed.wait()
                place = self._places.setdefault(name, _Place())
            place.holders += 1
        try:
            yield
        finally:
            with self._changed:
                place.holders -= 1
                self._leave(name, place)

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """Hold `name` alone."""
        with self._changed:
            place = self._places.setdefault(name, _Place())
            place.waiting += 1
            while place.excluding or place.holders:
                self._changed.wait()
            place.waiting -= 1
            place.excluding = True
        try:
            yield
        finally:
            with self._changed:
                place.excluding = False
                self._leave(name, place)

    def names(self) -> set[str]:
        """Return the names that somebody holds or waits for."""
        with self._changed:
            return set(self._places)

    def _leave(self, name: str, place: _Place) -> None:
        if not (place.holders or place.waiting or place.excluding):
            self._places.pop(name, None)
        self._changed.notify_all()
