"""What explains the reads of a person's records, for the person: by the same rule by which reads are judged."""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from services.contracts.medical.relationships import ExplainedRead
from services.contracts.medical.uses import Explanation
from services.kit.context import BodyContext
from services.kit.events import EventKind, Outcome
from services.medical.centre import Centre
from services.medical.relationship_store import RelationshipStore
from services.medical.use_known import UseKnowledge, access_of, limits_of
from services.medical.use_model import Access
from services.medical.use_rules import explain

MOST: Final = 500
"""Of a person's newest entries: what is older was shown when it was new."""


class Explaining:
    """Judges a person's own reads again, without what the rules make of a reader's habits."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._known = UseKnowledge(centre, RelationshipStore(centre.context.cipher))

    @property
    def _context(self) -> BodyContext:
        return self._centre.context

    def of(self, conn: Connection, person: Pseudonym) -> list[ExplainedRead]:
        """Return the person's newest reads that something explains, oldest first; `conn` sees one moment only."""
        found = [self._explained(conn, person, position) for position in self._reads(conn, person)]
        return [each for each in found if each is not None]

    def _reads(self, conn: Connection, person: Pseudonym) -> list[int]:
        newest = self._context.journal.positions(conn, person)[-MOST:]
        openings = self._context.journal.openings(conn, newest)
        wanted = EventKind.RECORDS_READ.value, Outcome.PERMITTED.value
        return [at for at in newest if (openings[at].event["kind"], openings[at].event["outcome"]) == wanted]

    def _explained(self, conn: Connection, person: Pseudonym, position: int) -> ExplainedRead | None:
        ((_, told),) = self._context.journal.told(conn, range(position, position + 1))
        found = access_of(position, person, told, self._centre.register.directory())
        if found is None:
            return None
        access, ground = found
        by = self._by(conn, access, ground)
        return None if by is None else ExplainedRead(entry=position, by=by)

    def _by(self, conn: Connection, access: Access, ground: str) -> Explanation | None:
        if access.emergency:
            return Explanation.EMERGENCY
        named = replace(access, by_name=self._known.by_name(conn, access, ground))
        return explain(named, self._known.of(conn, named), limits_of(self._centre.settings))[0]
