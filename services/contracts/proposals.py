"""Proposals under dual control (C6), the same in every body that has some."""

from collections.abc import Mapping
from typing import Annotated, Protocol

from pydantic import Field, JsonValue

from services.kit.dual_control.model import ProposalState
from services.kit.encoding import Message
from services.kit.http import Http, Token

KindName = Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,62}$")]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
StateName = Annotated[ProposalState, Field(strict=False)]


class Propose(Message):
    """POST /proposals: an operation by name, with the message that the body expects for it."""

    kind: KindName
    parameters: dict[str, JsonValue]
    reason: Reason


class ShownProposal(Message):
    """A proposal as the two people see it; `digest` names the preview. Times are epoch seconds."""

    id: str
    kind: str
    organisation: str
    proposer: str
    reason: str
    made: int
    expires: int
    state: StateName
    preview: dict[str, JsonValue]
    digest: str
    decided_by: str | None
    outcome: dict[str, JsonValue] | None


class Proposals(Message):
    """GET /proposals: what the caller's organisation proposed, newest end first."""

    proposals: list[ShownProposal]


class Approve(Message):
    """POST /proposals/{proposal}/approval: the digest of the preview that the approver saw."""

    digest: Annotated[str, Field(min_length=43, max_length=43)]


class EndProposal(Message):
    """POST /proposals/{proposal}/rejection, POST /proposals/{proposal}/withdrawal: why it is over."""

    reason: Reason


class DualControlled(Protocol):
    """What the client and the fake both do, as one supervisor.

    Raises from every method: RemoteProblemError (403 `same_person`, `person_not_presented`, `not_proposer`; 404; 409
    `proposal_expired`, `proposal_decided`, `proposal_outdated`, `other_preview`, `proposer_gone`, `too_many_proposals`;
    what the kind itself refuses), PeerUnavailableError.
    """

    def propose(self, kind: str, parameters: Message, *, reason: str) -> ShownProposal:
        """Propose an operation."""

    def proposals(self) -> list[ShownProposal]:
        """Return what this organisation proposed."""

    def approve(self, proposal: ShownProposal) -> ShownProposal:
        """Have a proposal that was looked at take effect."""

    def reject(self, proposal: str, *, reason: str) -> ShownProposal:
        """End a proposal without effect."""

    def withdraw(self, proposal: str, *, reason: str) -> ShownProposal:
        """Take one's own proposal back."""


class ProposalsClient:
    """`DualControlled` over HTTP; `token` is a supervisor's."""

    def __init__(self, http: Http, *, token: Token) -> None:
        self._http = http
        self._token = token

    def propose(self, kind: str, parameters: Message, *, reason: str) -> ShownProposal:
        """See `DualControlled`."""
        return self.propose_as(kind, parameters.model_dump(mode="json"), reason=reason)

    def propose_as(self, kind: str, parameters: Mapping[str, JsonValue], *, reason: str) -> ShownProposal:
        """Propose an operation whose message is given as JSON."""
        return self._send("/proposals", Propose(kind=kind, parameters=dict(parameters), reason=reason))

    def proposals(self) -> list[ShownProposal]:
        """See `DualControlled`."""
        answer = self._http.send("GET", "/proposals", token=self._token)
        return Proposals.model_validate_json(answer.content).proposals

    def approve(self, proposal: ShownProposal) -> ShownProposal:
        """See `DualControlled`."""
        return self._send(f"/proposals/{proposal.id}/approval", Approve(digest=proposal.digest))

    def reject(self, proposal: str, *, reason: str) -> ShownProposal:
        """See `DualControlled`."""
        return self._send(f"/proposals/{proposal}/rejection", EndProposal(reason=reason))

    def withdraw(self, proposal: str, *, reason: str) -> ShownProposal:
        """See `DualControlled`."""
        return self._send(f"/proposals/{proposal}/withdrawal", EndProposal(reason=reason))

    def _send(self, path: str, message: Message) -> ShownProposal:
        content = message.model_dump_json().encode()
        answer = self._http.send("POST", path, token=self._token, content=content)
        return ShownProposal.model_validate_json(answer.content)
