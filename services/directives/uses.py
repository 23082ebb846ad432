"""When a directive that counts its uses was used; no other directive has rows here.

A row's id is random and its time is sealed, so that two bodies' tables show no common order of uses (LN1).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from consent import base64url, instants
from consent.conditions import LONGEST
from consent.errors import MalformedError
from consent.identifiers import DirectiveId, Pseudonym
from consent.terms import Terms
from services.directives.errors import StoredDirectiveChangedError
from services.directives.model import StoredDirective
from services.directives.tables import DirectiveTables
from services.kit.clock import Randomness
from services.kit.columns import ColumnCipher, ColumnError

ID_BYTES = 16


class UseStore:
    """The uses of one body's directives; `queue` holds off all other transactions that write to the body's log."""

    def __init__(
        self,
        tables: DirectiveTables,
        *,
        cipher: ColumnCipher,
        randomness: Randomness,
        queue: Callable[[Connection], None],
    ) -> None:
        self.queue = queue
        self._cipher = cipher
        self._randomness = randomness
        use = tables.use.c
        self._of = select(use.id, use.directive, use.used).where(
            use.directive.in_(bindparam("directives", expanding=True))
        )
        self._add = insert(tables.use)
        self._forget = delete(tables.use).where(use.id.in_(bindparam("ids", expanding=True)))

    def of(
        self, conn: Connection, directives: Iterable[DirectiveId]
    ) -> dict[DirectiveId, tuple[datetime, ...]]:
        """Return the uses of those directives that were used. Raises: StoredDirectiveChangedError."""
        found: dict[DirectiveId, tuple[datetime, ...]] = {}
        for directive, _, moment in self._rows(conn, directives):
            found[directive] = (*found.get(directive, ()), moment)
        return found

    def counted(self, conn: Connection, found: Sequence[StoredDirective]) -> list[StoredDirective]:
        """Return the directives, each that counts with the uses of all in `found` that say the same of its person."""
        counting = [each.id for each in found if each.terms.conditions.frequency is not None]
        uses = self.of(conn, counting)
        alike: dict[tuple[Pseudonym, Terms], tuple[datetime, ...]] = {}
        for each in found:
            if each.id in uses:
                same = each.person, each.terms
                alike[same] = (*alike.get(same, ()), *uses[each.id])
        return [
            each
            if each.terms.conditions.frequency is None
            else replace(each, uses=alike.get((each.person, each.terms), ()))
            for each in found
        ]

    def use(
        self, conn: Connection, stored: StoredDirective, *, alike: Iterable[DirectiveId], now: datetime
    ) -> bool:
        """Count one more use, if those of the directives `alike` together allow it; tells whether they do.

        The caller has queued, so that two requests at once do not both take the last use.
        """
        frequency = stored.terms.conditions.frequency
        if frequency is None:
            return True
        rows = self._rows(conn, {stored.id, *alike})
        if frequency.used_up((moment for _, _, moment in rows), now=now):
            return False
        self._forget_old(conn, rows, before=now - LONGEST)
        name = base64url.encode(self._randomness(ID_BYTES))
        sealed = self._cipher.seal(instants.write(now).encode(), cell=_cell(stored.id, name))
        conn.execute(self._add, {"id": name, "directive": stored.id, "used": sealed})
        return True

    def _forget_old(
        self, conn: Connection, rows: Iterable[tuple[DirectiveId, str, datetime]], *, before: datetime
    ) -> None:
        old = [name for _, name, moment in rows if moment < before]
        if old:
            conn.execute(self._forget, {"ids": old})

    def _rows(
        self, conn: Connection, directives: Iterable[DirectiveId]
    ) -> list[tuple[DirectiveId, str, datetime]]:
        wanted = list(directives)
        if not wanted:
            return []
        rows = conn.execute(self._of, {"directives": wanted})
        return [(DirectiveId(each), name, self._opened(each, name, used)) for name, each, used in rows]

    def _opened(self, directive: str, name: str, used: bytes) -> datetime:
        try:
            return instants.read(self._cipher.open(used, cell=_cell(directive, name)).decode())
        except (ColumnError, MalformedError, UnicodeDecodeError) as error:
            raise StoredDirectiveChangedError(f"directive_use directive={directive}") from error


def _cell(directive: str, name: str) -> str:
    return f"directive_use.used/{directive}/{name}"
