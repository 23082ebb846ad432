"""The register as a body under test has it: no cache in between, and every token of the ID centre stands."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.identifiers import OperatorId, OrganisationId, TerminalId
from services.contracts.oversight.register import Directory
from services.contracts.oversight.register_view import DirectorySource
from services.kit.credentials.callers import Peer
from services.kit.credentials.standing import TokenStanding


@dataclass(frozen=True)
class OneEdition:
    """An edition of the register that never changes."""

    edition: Directory

    def directory(self) -> Directory:
        """See `DirectorySource`."""
        return self.edition


class LiveRegister:
    """What a source has at this moment, such as a fake oversight body."""

    def __init__(self, source: DirectorySource) -> None:
        self._source = source

    def directory(self) -> Directory:
        """See `RegisterView`."""
        return self._source.directory()

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
        return TokenStanding.of_keys(self.token_key())
