"""Who a verified request comes from. Only `authenticate` makes these; routes ask for the kind they serve."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.recipients import Reader
from consent.vocabulary import Body
from services.kit.credentials.standing import TokenStanding


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of the TLS connection, known by its certificate: an accredited terminal, or a body."""

    terminal: TerminalId
    organisation: OrganisationId
    body: Body | None


@dataclass(frozen=True, slots=True)
class OperatorCaller:
    """An operator's card and an accredited terminal, both, with the roles that hold at this moment."""

    organisation: OrganisationId
    operator: OperatorId
    terminal: TerminalId
    roles: frozenset[str]

    @property
    def reader(self) -> Reader:
        """Who asks, as a decision takes it."""
        return Reader(self.organisation, self.operator, self.roles)


class SignedInBy(StrEnum):
    """By what a person signed in (`acr` of the access token)."""

    CARD = "card"
    PASSKEY = "passkey"
    GUARDIAN = "guardian"


@dataclass(frozen=True, slots=True)
class PersonCaller:
    """A person who is signed in, known here by this body's own pseudonym, or a guardian who is, for that person.

    `guardian` is the thumbprint of the guardian's key for this body and this ward.
    """

    pseudonym: Pseudonym
    signed_in_by: SignedInBy
    guardian: str | None = None


@dataclass(frozen=True, slots=True)
class TerminalCaller:
    """An accredited terminal with nobody at it, with the scopes that hold at this moment."""

    organisation: OrganisationId
    terminal: TerminalId
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class BodyCaller:
    """Another body, by its TLS client certificate."""

    body: Body


Caller = OperatorCaller | PersonCaller | BodyCaller | TerminalCaller


class Accreditations(Protocol):
    """The present state of the oversight body's register and of access tokens, as far as credentials need it."""

    def peer(self, certificate_thumbprint: str) -> Peer | None:
        """Return who presents this certificate (hex SHA-256 of its DER), or None if nobody accredited does."""

    def roles(self, organisation: OrganisationId, operator: OperatorId) -> frozenset[str]:
        """Return the roles that the operator has now; empty when suspended, expired or unknown."""

    def scopes(self, terminal: TerminalId) -> frozenset[str]:
        """Return what the terminal may do by itself now; empty when suspended, expired or unknown."""

    def token_key(self) -> Ed25519PublicKey:
        """Return the ID centre's signing key: of pseudonym tokens, and of what it says about access tokens."""

    def tokens(self) -> TokenStanding:
        """Return which access tokens stand. Raises: UnavailableError when that is not known."""
