"""What a body's log says of one person's directives, wallet and guardians, and whether the rows still say so.

A row by itself shows that it was true once: put back from an earlier moment it opens, and its signature is the person's
(IT5, IT6). Where two bodies decide together, the other one has its own rows. A body that decides alone asks its log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import JsonValue
from sqlalchemy import Connection

from consent.identifiers import DirectiveId, Pseudonym
from consent.lifecycle import DirectiveState
from services.directives.errors import StoredDirectiveChangedError
from services.directives.service import Directives
from services.kit.columns import ColumnError
from services.kit.events import EventKind, Outcome
from services.kit.log.errors import LogError
from services.kit.reading_on import ReadingOn


@dataclass(slots=True)
class Logged:
    """What the entries of one person come to; `ended` by which kind of entry, `number` of the last legal state."""

    stored: set[DirectiveId] = field(default_factory=set)
    ended: dict[DirectiveId, EventKind] = field(default_factory=dict)
    renewals: int = 0
    number: int = 0

    def take(self, event: Mapping[str, JsonValue]) -> None:
        """Take in the next entry."""
        if event.get("outcome") != Outcome.DONE.value:
            return
        ground, detail = event.get("ground"), event.get("detail")
        match event.get("kind"):
            case EventKind.DIRECTIVE_STORED.value if isinstance(ground, str):
                self.stored.add(DirectiveId(ground))
            case EventKind.DIRECTIVE_WITHDRAWN.value if isinstance(ground, str):
                self.ended[DirectiveId(ground)] = EventKind.DIRECTIVE_WITHDRAWN
            case EventKind.DIRECTIVE_LAPSED.value if isinstance(ground, str):
                self.ended[DirectiveId(ground)] = EventKind.DIRECTIVE_LAPSED
            case EventKind.WALLET_RENEWED.value:
                self.renewals += 1
            case EventKind.LEGAL_STATE_TOLD.value if isinstance(detail, dict):
                number = detail.get("number")
                self.number = max(self.number, number if isinstance(number, int) else 0)

    def copy(self) -> "Logged":
        """Return it as it is now."""
        return replace(self, stored=set(self.stored), ended=dict(self.ended))


class AsLogged:
    """Compares a person's rows with the log; reads on in each history from where it was read before.

    Safe between threads, also where one's view of the database is older than another's.
    """

    def __init__(self, directives: Directives) -> None:
        self._directives = directives
        self._people = ReadingOn(directives.context.journal, Logged)

    def require(self, conn: Connection, person: Pseudonym) -> None:
        """Require that nothing of a person was put back or taken out; call it before `conn` writes to the journal.

        Raises: StoredDirectiveChangedError.
        """
        found = self._difference(conn, person)
        if found is not None:
            # what others committed between our statements (PostgreSQL) is there for both when we look again
            found = self._difference(conn, person)
        if found is not None:
            raise StoredDirectiveChangedError(found)

    def _difference(self, conn: Connection, person: Pseudonym) -> str | None:
        store, logged = self._directives.store, self._logged(conn, person)
        states = store.states(conn, person)
        for directive in sorted(logged.stored - states.keys()):
            return f"directive id={directive}: missing, though the log has it"
        for directive in logged.ended:
            if states.get(directive) is DirectiveState.ACTIVE:
                return f"directive id={directive}: in force, though the log ended it"
        wallet = store.wallets.get(conn, person)
        if (0 if wallet is None else len(wallet.renewals)) != logged.renewals:
            return f"wallet pseudonym={person}: not the one that the log says"
        if store.wards.get(conn, person).number != logged.number:
            return f"ward pseudonym={person}: not the one that the log says"
        return None

    def _logged(self, conn: Connection, person: Pseudonym) -> Logged:
        try:
            return self._people.of(conn, person)
        except (ColumnError, LogError, ValueError, KeyError) as error:
            raise StoredDirectiveChangedError("the log of this person's entries was changed") from error
