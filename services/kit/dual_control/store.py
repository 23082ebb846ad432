"""Every query about proposals."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Table, func, insert, select, update

from consent.identifiers import OrganisationId
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.dual_control.errors import ProposalChangedError
from services.kit.dual_control.model import Proposal, ProposalState

CLEAR = ("id", "organisation", "state", "expires")


@dataclass(frozen=True, slots=True)
class ProposalStore:
    """The rows of one body. Raises: ProposalChangedError when one that is asked for does not open."""

    table: Table
    cipher: ColumnCipher

    def add(self, conn: Connection, proposal: Proposal) -> None:
        """Keep a new proposal."""
        conn.execute(insert(self.table).values(**self._row(proposal)))

    def for_change(self, conn: Connection, proposal: str, *, organisation: OrganisationId) -> Proposal | None:
        """Return a proposal of an organisation, locked until the transaction ends."""
        row = self.table.c
        asked = select(self.table).where(row.id == proposal, row.organisation == organisation)
        found = conn.execute(asked.with_for_update()).one_or_none()
        return None if found is None else self._open(found)

    def change(self, conn: Connection, proposal: Proposal, **decided: object) -> Proposal:
        """Keep what became of a proposal."""
        changed = replace(proposal, **decided)  # type: ignore[arg-type]  # names and types are the callers' and checked there
        conn.execute(update(self.table).where(self.table.c.id == proposal.id).values(**self._row(changed)))
        return changed

    def of(self, conn: Connection, organisation: OrganisationId, *, limit: int) -> list[Proposal]:
        """Return an organisation's proposals, those that expire last first."""
        row = self.table.c
        asked = select(self.table).where(row.organisation == organisation)
        return [
            self._open(found)
            for found in conn.execute(asked.order_by(row.expires.desc(), row.id).limit(limit))
        ]

    def pending(self, conn: Connection, organisation: OrganisationId, *, now: int) -> int:
        """Count what an organisation's supervisors have to decide."""
        row = self.table.c
        asked = select(func.count()).where(
            row.organisation == organisation, row.state == ProposalState.PENDING.value, row.expires > now
        )
        return int(conn.execute(asked).scalar_one())

    def ids(self, conn: Connection) -> list[str]:
        """Return the names of all proposals."""
        return list(conn.execute(select(self.table.c.id)).scalars())

    def get(self, conn: Connection, proposal: str) -> Proposal:
        """Return one proposal, whosever it is, for the audit."""
        return self._open(conn.execute(select(self.table).where(self.table.c.id == proposal)).one())

    def _row(self, proposal: Proposal) -> dict[str, object]:
        written = json.dumps(asdict(proposal), ensure_ascii=False).encode()
        return {
            "id": proposal.id,
            "organisation": proposal.organisation,
            "state": proposal.state.value,
            "expires": proposal.expires,
            "content": self.cipher.seal(written, cell=f"proposal.content/{proposal.id}"),
        }

    def _open(self, row: Row[Any]) -> Proposal:
        try:
            told = json.loads(self.cipher.open(row.content, cell=f"proposal.content/{row.id}"))
        except ColumnError as error:
            raise ProposalChangedError(f"proposal {row.id} does not open") from error
        if any(told[name] != getattr(row, name) for name in CLEAR):
            raise ProposalChangedError(f"proposal {row.id} is not what was sealed")
        return Proposal(**{**told, "state": ProposalState(told["state"])})
