"""The oversight body's officials at work: two of them enter an organisation with its first terminal and operator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import JsonValue

from consent import base64url
from consent.delegation import ReceivingKey
from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.oversight.client import OversightClient
from services.contracts.oversight.entering import Entering, certified
from services.contracts.oversight.messages import (
    HandedIn,
    HandInReport,
    OperatorAccreditation,
    OrganisationAccreditation,
    OrganisationKeys,
    RolesChange,
    TerminalAccreditation,
)
from services.contracts.oversight.public import PublicRegister, verify_public_register
from services.contracts.oversight.register import FormerKey, Kind, Role
from services.contracts.proposals import ShownProposal
from services.gateway.credentials import (
    Credentials,
    exchange_author_key,
    load,
    next_author_key,
    put_certificate,
    save,
    terminal_of,
)
from services.gateway.errors import CredentialFolderError
from services.gateway.exchange import answers
from services.gateway.organisation import Organisation
from services.gateway.supervisor import Pair, proposals, propose
from services.kit.clock import epoch_seconds
from services.kit.dual_control.model import ProposalState

Answer = TypeVar("Answer")
ENTER, CHANGE_KEYS = "enter", "change-keys"

WRITING = frozenset({Kind.HOSPITAL, Kind.CLINIC})
NAMING_BYTES = 32
READING = frozenset({Kind.HOSPITAL, Kind.CLINIC, Kind.ANONYMISER, Kind.EMERGENCY_RELAY})


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who asks to be accredited. Units: `days` of validity."""

    id: str
    name: str
    kind: Kind
    roles: Sequence[Role]
    days: int = 365


@dataclass(frozen=True, slots=True)
class Application:
    """An organisation's new keys, and what is to be entered of it; the terminal has no certificate yet."""

    credentials: Credentials
    entering: Entering


def apply(official: Organisation, applicant: Applicant) -> Application:
    """Make an organisation's keys, with a first terminal and operator."""
    author_key = Ed25519PrivateKey.generate() if applicant.kind in WRITING else None
    receiving_key = ReceivingKey.create(official.randomness) if applicant.kind in READING else None
    credentials = Credentials(
        organisation=OrganisationId(applicant.id),
        operator=OperatorId(f"{applicant.id}-operator-1"),
        terminal=TerminalId(f"{applicant.id}-terminal-1"),
        urls=official.credentials.urls,
        register_key=official.credentials.register_key,
        terminal_key=generate_private_key(SECP256R1()),
        terminal_certificate="",
        authority=official.credentials.authority,
        card_key=generate_private_key(SECP256R1()),
        author_key=author_key,
        receiving_key=receiving_key,
        naming=official.randomness(NAMING_BYTES) if author_key else None,
        staff_secret=official.randomness(NAMING_BYTES),
    )
    return Application(credentials, _entering(official, applicant, credentials))


def accredit(officials: Pair, applicant: Applicant, folder: Path) -> None:
    """Make an organisation's keys, have two officials enter it, and write its credentials to `folder`.

    Raises: RefusedError, CredentialFolderError.
    """
    application = apply(officials.first, applicant)
    done = officials.decide(Body.OVERSIGHT, ENTER, application.entering, reason="applied, and was examined")
    told = certified(done.outcome, application.credentials.terminal)
    if told is None:
        raise CredentialFolderError("no certificate came for the terminal; look at the proposal's outcome")
    save(replace(application.credentials, terminal_certificate=told.certificate), folder)


def receive_certificate(official: Organisation, folder: Path, proposal: str) -> None:
    """Complete a credential folder with the certificate that an approved proposal gave its terminal.

    Raises: RefusedError, CredentialFolderError.
    """
    outcomes = [each.outcome for each in proposals(official, Body.OVERSIGHT) if each.id == proposal]
    told = certified(outcomes[0], terminal_of(folder)) if outcomes else None
    if told is None:
        raise CredentialFolderError(f"the proposal has no certificate for {folder}; have it approved first")
    put_certificate(folder, told.certificate)


def renew_author_key(
    official: Organisation, folder: Path, *, former: FormerKey, reason: str
) -> ShownProposal | None:
    """Propose another signing key for the organisation with these credentials; called again when it is in the
    register, put it in place of the former one and return None.

    Guarantees: interrupted at any point, the same call goes on; until then what the organisation signs is either
    taken or refused, never lost. Raises: RefusedError; CredentialFolderError for who writes nothing.
    """
    credentials = load(folder)
    held = official.directory().organisation(credentials.organisation)
    if credentials.author_key is None or held is None:
        raise CredentialFolderError(f"{folder} is of nobody who is accredited to write; name another folder")
    key = to_jwk(next_author_key(folder).public_key())
    if held.signing_key == key:
        exchange_author_key(folder, credentials)
        return None
    for each in proposals(official, Body.OVERSIGHT):
        if each.state is ProposalState.PENDING and _new_signing_key(each) == key:
            return each
    keys = OrganisationKeys(id=held.id, signing_key=key, receiving_key=held.receiving_key, former=former)
    return propose(official, Body.OVERSIGHT, CHANGE_KEYS, keys.model_dump(mode="json"), reason=reason)


def change_roles(
    officials: Pair, member: Organisation, roles: Sequence[Role], *, reason: str
) -> ShownProposal:
    """Give an organisation's operator other roles, by two officials. Raises: RefusedError."""
    message = RolesChange(organisation=member.id, id=member.credentials.operator, roles=list(roles))
    return officials.decide(Body.OVERSIGHT, "roles", message, reason=reason)


def read_public_register(member: Organisation) -> PublicRegister:
    """Return the register that everybody may read, verified. Raises: RefusedError, kit's UnavailableError."""
    key = Ed25519PublicKey.from_public_bytes(base64url.decode(member.credentials.register_key))
    with answers():
        told = OversightClient(member.connect(Body.OVERSIGHT)).public_register()
    return verify_public_register(told, key=key)


def hand_in_report(member: Organisation, report: str, text: str) -> int:
    """Hand a demanded report in; return the edition that says so. Raises: RefusedError."""
    return _ask(member, lambda oversight: oversight.hand_in(HandInReport(report=report, text=text))).serial


def read_report(official: Organisation, organisation: str, report: str) -> HandedIn:
    """Return a report that an organisation handed in. Raises: RefusedError."""
    return _ask(official, lambda oversight: oversight.report(organisation, report))


def propose_operator(
    official: Organisation,
    credentials: Credentials,
    roles: Sequence[Role],
    *,
    presentation: str | None,
    reason: str,
) -> ShownProposal:
    """Propose another operator of an organisation. Raises: RefusedError, CredentialFolderError."""
    entering = operator_entering(official, credentials, roles, presentation=presentation)
    return propose(official, Body.OVERSIGHT, ENTER, entering.model_dump(mode="json"), reason=reason)


def operator_entering(
    official: Organisation, credentials: Credentials, roles: Sequence[Role], *, presentation: str | None
) -> Entering:
    """Return the message by which another operator of an organisation is entered. Raises: CredentialFolderError."""
    holder = official.directory().organisation(credentials.organisation)
    if holder is None:
        raise CredentialFolderError(f"{credentials.organisation} is not accredited; accredit it first")
    message = OperatorAccreditation(
        id=credentials.operator,
        organisation=credentials.organisation,
        roles=list(roles),
        card_key=to_jwk(credentials.card_key.public_key()),
        expires=holder.expires,
        presentation=presentation,
    )
    return Entering(operators=[message])


def _entering(official: Organisation, applicant: Applicant, credentials: Credentials) -> Entering:
    expires = epoch_seconds(official.clock() + timedelta(days=applicant.days))
    signing, receiving = credentials.author_key, credentials.receiving_key
    organisation = OrganisationAccreditation(
        id=applicant.id,
        name=applicant.name,
        kind=applicant.kind,
        expires=expires,
        signing_key=to_jwk(signing.public_key()) if signing else None,
        receiving_key=base64url.encode(receiving.public_bytes()) if receiving else None,
    )
    terminal = TerminalAccreditation(
        id=credentials.terminal,
        organisation=applicant.id,
        public_key=to_jwk(credentials.terminal_key.public_key()),
        days=applicant.days,
    )
    operator = OperatorAccreditation(
        id=credentials.operator,
        organisation=applicant.id,
        roles=list(applicant.roles),
        card_key=to_jwk(credentials.card_key.public_key()),
        expires=expires,
    )
    return Entering(organisations=[organisation], terminals=[terminal], operators=[operator])


def _new_signing_key(proposal: ShownProposal) -> JsonValue:
    after = proposal.preview.get("after")
    return after.get("signing_key") if proposal.kind == CHANGE_KEYS and isinstance(after, dict) else None


def _ask(official: Organisation, call: Callable[[OversightClient], Answer]) -> Answer:
    return official.ask(Body.OVERSIGHT, lambda http, token: call(OversightClient(http, token=token)))
