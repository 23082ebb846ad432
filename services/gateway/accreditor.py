"""The oversight body's officials at work: accredit an organisation with its first terminal and operator; change it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from consent import base64url
from consent.delegation import ReceivingKey
from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.oversight.client import OversightClient
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
    save,
)
from services.gateway.errors import CredentialFolderError
from services.gateway.exchange import answers
from services.gateway.organisation import Organisation
from services.gateway.supervisor import Pair
from services.kit.clock import epoch_seconds

Answer = TypeVar("Answer")

WRITING = frozenset({Kind.HOSPITAL, Kind.CLINIC})
NAMING_BYTES = 32
READING = frozenset({Kind.HOSPITAL, Kind.CLINIC, Kind.ANONYMISER})


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who asks to be accredited. Units: `days` of validity."""

    id: str
    name: str
    kind: Kind
    roles: Sequence[Role]
    days: int = 365


def accredit(official: Organisation, applicant: Applicant, folder: Path) -> None:
    """Make an organisation's keys in `folder`, have them accredited, and write its credentials there.

    Raises: RefusedError, CredentialFolderError.
    """
    terminal_key, card_key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    author_key = Ed25519PrivateKey.generate() if applicant.kind in WRITING else None
    receiving_key = ReceivingKey.create(official.randomness) if applicant.kind in READING else None
    terminal, operator = f"{applicant.id}-terminal-1", f"{applicant.id}-operator-1"
    expires = epoch_seconds(official.clock() + timedelta(days=applicant.days))
    organisation = OrganisationAccreditation(
        id=applicant.id,
        name=applicant.name,
        kind=applicant.kind,
        expires=expires,
        signing_key=to_jwk(author_key.public_key()) if author_key else None,
        receiving_key=base64url.encode(receiving_key.public_bytes()) if receiving_key else None,
    )
    _ask(official, lambda oversight: oversight.accredit_organisation(organisation))
    device = TerminalAccreditation(
        id=terminal,
        organisation=applicant.id,
        public_key=to_jwk(terminal_key.public_key()),
        days=applicant.days,
    )
    certified = _ask(official, lambda oversight: oversight.accredit_terminal(device))
    person = OperatorAccreditation(
        id=operator,
        organisation=applicant.id,
        roles=list(applicant.roles),
        card_key=to_jwk(card_key.public_key()),
        expires=expires,
    )
    _ask(official, lambda oversight: oversight.accredit_operator(person))
    credentials = Credentials(
        organisation=OrganisationId(applicant.id),
        operator=OperatorId(operator),
        terminal=TerminalId(terminal),
        urls=official.credentials.urls,
        register_key=official.credentials.register_key,
        terminal_key=terminal_key,
        terminal_certificate=certified.certificate,
        authority=certified.authority,
        card_key=card_key,
        author_key=author_key,
        receiving_key=receiving_key,
        naming=official.randomness(NAMING_BYTES) if author_key else None,
    )
    save(credentials, folder)


def renew_author_key(official: Organisation, folder: Path, *, former: FormerKey) -> int:
    """Give the organisation with these credentials another signing key; return the edition that names it.

    Guarantees: interrupted at any point, the same call completes it; until then what the organisation signs is either
    taken or refused, never lost. Raises: RefusedError; CredentialFolderError for who writes nothing.
    """
    credentials = load(folder)
    held = official.directory().organisation(credentials.organisation)
    if credentials.author_key is None or held is None:
        raise CredentialFolderError(f"{folder} is of nobody who is accredited to write; name another folder")
    key = next_author_key(folder)
    keys = OrganisationKeys(
        id=held.id,
        signing_key=to_jwk(key.public_key()),
        receiving_key=held.receiving_key,
        former=former,
    )
    serial = _ask(official, lambda oversight: oversight.change_keys(keys)).serial
    exchange_author_key(folder, credentials)
    return serial


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


def accredit_operator(
    official: Organisation, credentials: Credentials, roles: Sequence[Role], *, presentation: str | None
) -> int:
    """Accredit another operator of an organisation; return the edition that names them. Raises: RefusedError."""
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
    return _ask(official, lambda oversight: oversight.accredit_operator(message)).serial


def _ask(official: Organisation, call: Callable[[OversightClient], Answer]) -> Answer:
    return official.ask(Body.OVERSIGHT, lambda http, token: call(OversightClient(http, token=token)))
