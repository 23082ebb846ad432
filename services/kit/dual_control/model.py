"""What dual control reasons about: proposals, their states, and the two people."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import JsonValue

from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId


class ProposalState(StrEnum):
    """What became of a proposal; only a pending one can become anything else.

    OUTDATED: what it would do had changed when somebody was about to approve it.
    """

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    OUTDATED = "outdated"


class Obstacle(StrEnum):
    """Why a proposal is not approved; the code stands in the log and on the wire."""

    SAME_PERSON = "same_person"
    PERSON_NOT_PRESENTED = "person_not_presented"
    PROPOSER_GONE = "proposer_gone"
    EXPIRED = "proposal_expired"
    DECIDED = "proposal_decided"
    OTHER_PREVIEW = "other_preview"
    OUTDATED = "proposal_outdated"
    NOT_PROPOSER = "not_proposer"
    IMPOSSIBLE = "cannot_be_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """An operator as the register has them now: `card` is the thumbprint of their card's key, `person` the pseudonym of
    the human for this purpose (equal for two accounts of one human), `sector` the kind of their organisation.
    """

    operator: OperatorId
    organisation: OrganisationId
    sector: str
    roles: frozenset[str]
    card: str
    person: str | None


class Signatories(Protocol):
    """The register, as far as dual control needs it."""

    def signatory(self, organisation: OrganisationId, operator: OperatorId) -> Signatory | None:
        """Return the operator if they are accredited now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One proposal as it is stored. Units: `made` and `expires` are epoch seconds.

    `asked` is the kind's own message as JSON, `preview` what was shown of its effect, `outcome` what the effect told.
    """

    id: str
    kind: str
    organisation: OrganisationId
    proposer: OperatorId
    terminal: TerminalId
    card: str
    human: str
    reason: str
    asked: str
    preview: Mapping[str, JsonValue]
    person: Pseudonym | None
    made: int
    expires: int
    state: ProposalState = ProposalState.PENDING
    decided_by: OperatorId | None = None
    outcome: Mapping[str, JsonValue] | None = None

    def __repr__(self) -> str:
        return f"Proposal(id={self.id!r}, kind={self.kind!r}, state={self.state.value!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """The ground on which an effect takes place: two different people of one organisation."""

    proposal: str
    organisation: OrganisationId
    proposer: OperatorId
    approver: OperatorId
    terminal: TerminalId
    reason: str
