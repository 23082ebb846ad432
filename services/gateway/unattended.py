"""An organisation's terminal at work with nobody at it: what it may know without an operator's card.

Its token comes by `client_credentials`, as any SMART Backend Services client asks for one; the card's key is not used.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent import base64url
from consent.vocabulary import Body
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import CLIENT_ASSERTION_TYPE, CLIENT_CREDENTIALS
from services.contracts.oversight.audit_reports import LOGS
from services.contracts.oversight.client import OversightClient
from services.contracts.oversight.own import OwnAccreditation, OwnStandingClient
from services.contracts.oversight.public import PublicRegister, verify_public_register
from services.contracts.shared import SharedClient
from services.gateway.credentials import Credentials
from services.gateway.errors import GatewayError
from services.gateway.exchange import Connect, answers
from services.gateway.organisation import Organisation
from services.gateway.tokens import TOKEN_PATH, Assertions, SignedIn, Signer, TokenSource, assertion
from services.kit.clock import Clock, Randomness, system_clock, system_randomness
from services.kit.http import PeerUnavailableError, Token
from services.kit.log.checkpoint import verify_cosigned
from services.kit.log.errors import LogError
from services.kit.log.note import NoteVerifier, UnverifiedNote


@dataclass(frozen=True, slots=True)
class LogSeen:
    """How long a body's co-signed log is; `problem` is set when it could not be seen or does not verify."""

    body: Body
    size: int
    problem: str | None = None


class UnattendedTerminal(SignedIn):
    """What a terminal does by itself. Safe to share between threads."""

    def __init__(
        self,
        credentials: Credentials,
        connect: Connect,
        *,
        clock: Clock = system_clock,
        randomness: Randomness = system_randomness,
    ) -> None:
        self.connect = connect
        self._root = Ed25519PublicKey.from_public_bytes(base64url.decode(credentials.register_key))
        identity = connect(Body.IDENTITY)
        assertions = terminal_assertions(
            identity.base_url + TOKEN_PATH,
            terminal=Signer(credentials.terminal, credentials.terminal_key),
            clock=clock,
            randomness=randomness,
        )
        self.tokens = TokenSource(IdentityClient(identity), assertions, clock=clock)

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Return the terminal whose credentials lie in `folder`. Raises: CredentialFolderError."""
        owner = Organisation.at(folder)
        return cls(owner.credentials, owner.connect)

    def close(self) -> None:
        """Close the connections to the bodies."""
        self.connect.close()

    def token(self, audience: str) -> Token:
        """Return the terminal's own token for the body at `audience`. Raises: RefusedError, PeerUnavailableError."""
        return self.tokens.token(audience)

    def accreditation(self) -> OwnAccreditation:
        """Return what the register says of this terminal and its organisation. Raises: RefusedError."""
        return self.ask(
            Body.OVERSIGHT, lambda http, token: OwnStandingClient(http, token=token).own_accreditation()
        )

    def register(self) -> PublicRegister:
        """Return the public edition, its signature verified. Raises: kit's UnavailableError."""
        with answers():
            told = OversightClient(self.connect(Body.OVERSIGHT)).public_register()
        return verify_public_register(told, key=self._root)

    def logs(self) -> list[LogSeen]:
        """Look at every body's newest checkpoint; one that cannot be seen does not end the round."""
        register = self.register()
        return [self._log(register, body) for body in LOGS]

    def _log(self, register: PublicRegister, body: Body) -> LogSeen:
        try:
            note = self.ask(body, lambda http, token: SharedClient(http).checkpoint(token=token))
            log = next(each.log_key for each in register.bodies if each.body is body)
            seen = verify_cosigned(
                UnverifiedNote.parse(note),
                log=NoteVerifier.parse(log),
                witnesses=[
                    NoteVerifier.parse(each.witness_key) for each in register.bodies if each.witness_key
                ],
                quorum=1,
            )
        except (GatewayError, PeerUnavailableError, LogError) as error:
            return LogSeen(body, 0, str(error))
        return LogSeen(body, seen.checkpoint.size)


def terminal_assertions(
    endpoint: str, *, terminal: Signer, clock: Clock, randomness: Randomness
) -> Assertions:
    """A terminal by itself in a request to the token endpoint (RFC 6749, section 4.4; RFC 7523)."""

    def fields(_proof_key: str) -> dict[str, str]:
        signed = assertion(terminal, audience=endpoint, now=clock(), randomness=randomness, claims={})
        return {
            "grant_type": CLIENT_CREDENTIALS,
            "client_assertion_type": CLIENT_ASSERTION_TYPE,
            "client_assertion": signed,
        }

    return fields
