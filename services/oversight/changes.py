"""How a change of the register is found, made and logged, in its caller's transaction."""

from dataclasses import dataclass
from typing import TypeVar

from pydantic import JsonValue
from sqlalchemy import Connection

from consent.identifiers import OperatorId, OrganisationId, TerminalId
from services.contracts.oversight.register import Operator, Organisation, Terminal
from services.kit.credentials.callers import OperatorCaller
from services.kit.dual_control.model import Approval
from services.kit.events import Event, EventKind, Outcome
from services.oversight.errors import UnknownEntryError
from services.oversight.office import Office
from services.oversight.store import Entry, entry_digest, place

E = TypeVar("E", Organisation, Terminal, Operator)


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes the register: two people by a proposal, or the organisation itself that hands a report in."""

    organisation: OrganisationId
    operator: OperatorId
    terminal: TerminalId
    proposer: OperatorId | None = None
    proposal: str | None = None

    @classmethod
    def of_caller(cls, caller: OperatorCaller) -> "Author":
        """Return one person."""
        return cls(caller.organisation, caller.operator, caller.terminal)

    @classmethod
    def of_approval(cls, approval: Approval) -> "Author":
        """Return two."""
        return cls(
            approval.organisation, approval.approver, approval.terminal, approval.proposer, approval.proposal
        )


def record(
    office: Office,
    conn: Connection,
    author: Author,
    *,
    entry: Entry,
    serial: int,
    told: dict[str, JsonValue],
) -> None:
    """Log a change with the digest of the entry that it left."""
    kind, key = place(entry)
    both: dict[str, JsonValue] = {}
    if author.proposal is not None:
        both = {"proposer": author.proposer, "proposal": author.proposal}
    event = Event(
        kind=EventKind.ACCREDITATION_CHANGED,
        outcome=Outcome.DONE,
        organisation=author.organisation,
        operator=author.operator,
        terminal=author.terminal,
        detail={
            **told,
            **both,
            "kind": kind.value,
            "id": key,
            "serial": serial,
            "entry": entry_digest(entry),
        },
    )
    office.context.journal.record(conn, person=None, event=event)


def organisation(office: Office, conn: Connection, key: str) -> Organisation:
    """Return an organisation's entry. Raises: UnknownEntryError."""
    return held(office, conn, Organisation, key)


def held(office: Office, conn: Connection, kind: type[E], key: str) -> E:
    """Return an entry. Raises: UnknownEntryError."""
    found = office.store.get(conn, kind, key)
    if found is None:
        raise UnknownEntryError("the register has no entry of that identifier")
    return found
