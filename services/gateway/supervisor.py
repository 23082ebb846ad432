"""Supervisors at work: what two of them do together, at any body (C6); and who presents themselves as one."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from pydantic import JsonValue

from consent.identifiers import OperatorId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.presenting import PresentOperator
from services.contracts.proposals import ProposalsClient, ShownProposal
from services.gateway.credentials import Credentials
from services.gateway.errors import RefusedError
from services.gateway.organisation import Organisation
from services.gateway.person import Person
from services.kit.encoding import Message

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two supervisors of one organisation; `first` proposes, `second` looks and approves."""

    first: Organisation
    second: Organisation

    def decide(self, body: Body, kind: str, message: Message, *, reason: str) -> ShownProposal:
        """Propose and approve. Raises: RefusedError."""
        made = propose(self.first, body, kind, json.loads(message.model_dump_json()), reason=reason)
        return approve(self.second, body, made.id)


def propose(
    supervisor: Organisation, body: Body, kind: str, parameters: dict[str, JsonValue], *, reason: str
) -> ShownProposal:
    """Propose an operation at a body; nothing happens before somebody else approves it. Raises: RefusedError."""
    return _ask(supervisor, body, lambda at: at.propose_as(kind, parameters, reason=reason))


def proposals(supervisor: Organisation, body: Body) -> list[ShownProposal]:
    """Return what the supervisor's organisation proposed at a body. Raises: RefusedError."""
    return _ask(supervisor, body, lambda at: at.proposals())


def approve(supervisor: Organisation, body: Body, proposal: str) -> ShownProposal:
    """Approve what the proposal shows at this moment. Raises: RefusedError."""
    found = [each for each in proposals(supervisor, body) if each.id == proposal]
    if not found:
        raise RefusedError("not_found", "your organisation has no proposal of that name there")
    return _ask(supervisor, body, lambda at: at.approve(found[0]))


def reject(supervisor: Organisation, body: Body, proposal: str, *, reason: str) -> ShownProposal:
    """End a proposal without effect. Raises: RefusedError."""
    return _ask(supervisor, body, lambda at: at.reject(proposal, reason=reason))


def withdraw_proposal(supervisor: Organisation, body: Body, proposal: str, *, reason: str) -> ShownProposal:
    """Take one's own proposal back. Raises: RefusedError."""
    return _ask(supervisor, body, lambda at: at.withdraw(proposal, reason=reason))


def colleague(member: Credentials, operator: str, *, human_name: str | None = None) -> Credentials:
    """Return credentials for another operator at the same terminal, with a new card, not yet accredited.

    The organisation's receiving key goes along: without the role of a reader nobody is sent what it opens.
    """
    return Credentials(
        organisation=member.organisation,
        operator=OperatorId(operator),
        terminal=member.terminal,
        urls=member.urls,
        register_key=member.register_key,
        terminal_key=member.terminal_key,
        terminal_certificate=member.terminal_certificate,
        authority=member.authority,
        card_key=generate_private_key(SECP256R1()),
        receiving_key=member.receiving_key,
        staff_secret=member.staff_secret,
        operator_name=human_name,
    )


def present_operator(person: Person, credentials: Credentials) -> str:
    """Have the ID centre say, for the accreditor, which human an operator's card belongs to. Raises: RefusedError."""
    message = PresentOperator(
        organisation=credentials.organisation, card_key=to_jwk(credentials.card_key.public_key())
    )
    return person.ask(
        Body.IDENTITY, lambda http, token: IdentityClient(http).present_operator(message, token=token)
    ).presentation


def _ask(supervisor: Organisation, body: Body, call: Callable[[ProposalsClient], Answer]) -> Answer:
    return supervisor.ask(body, lambda http, token: call(ProposalsClient(http, token=token)))
