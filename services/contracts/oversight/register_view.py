"""The register as a running body uses it: the present edition, and which access tokens count."""

from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.identifiers import OperatorId, OrganisationId, TerminalId
from services.contracts.oversight.register import Directory
from services.kit.credentials.callers import Accreditations, Peer
from services.kit.credentials.standing import TokenStanding
from services.kit.fresh import Fresh


class RegisterView(Accreditations, Protocol):
    """The register as bodies use it: credentials, and the present directory."""

    def directory(self) -> Directory:
        """Return the present edition. Raises: UnavailableError when none is young enough."""


class DirectorySource(Protocol):
    """Whoever has the present edition."""

    def directory(self) -> Directory:
        """Return the present edition. Raises: UnavailableError when none is young enough."""


@dataclass(frozen=True, slots=True)
class WithTokens:
    """The register with the state of access tokens beside it (`RegisterView`)."""

    register: DirectorySource
    standing: Fresh[TokenStanding]

    def directory(self) -> Directory:
        """See `RegisterView`."""
        return self.register.directory()

    def peer(self, certificate_thumbprint: str) -> Peer | None:
        """See `Directory.peer`."""
        return self.directory().peer(certificate_thumbprint)

    def roles(self, organisation: OrganisationId, operator: OperatorId) -> frozenset[str]:
        """See `Directory.roles`."""
        return self.directory().roles(organisation, operator)

    def scopes(self, terminal: TerminalId) -> frozenset[str]:
        """See `Directory.scopes`."""
        return self.directory().scopes(terminal)

    def token_key(self) -> Ed25519PublicKey:
        """See `Directory.token_key`."""
        return self.directory().token_key()

    def tokens(self) -> TokenStanding:
        """See `Accreditations`."""
        return self.standing.get()
