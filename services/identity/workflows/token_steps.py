"""The steps of the token endpoint that every grant takes; the numbers are those of `tokens.py`."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue
from sqlalchemy import Connection

from consent.guardians import Capacity
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from services.contracts.identity.messages import TokenAnswer
from services.contracts.oversight.register import BodyEntry, Directory, Terminal
from services.identity.assertions import WRONG_SIGNATURE, AssertionRefusedError, UnverifiedAssertion
from services.identity.centre import IdentityCentre
from services.identity.errors import ChallengeError, OAuthCode, OAuthError
from services.identity.oauth_form import TokenRequest, parse_token_request
from services.identity.sign_in import Once
from services.identity.token_proof import VerifiedProof, verified_proof
from services.identity.token_store import LiveToken
from services.identity.workflows.revocation import take_place
from services.kit.credentials.callers import SignedInBy
from services.kit.credentials.passkeys import PasskeyError
from services.kit.events import ACTING, Event, EventKind, Outcome
from services.kit.problems import ReplayError

KINDS: Final = {
    SignedInBy.CARD: (EventKind.TOKEN_ISSUED, EventKind.TOKEN_REFUSED),
    SignedInBy.PASSKEY: (EventKind.PASSKEY_USED, EventKind.PASSKEY_REFUSED),
    SignedInBy.GUARDIAN: (EventKind.GUARDIAN_SIGNED_IN, EventKind.GUARDIAN_REFUSED),
}


@dataclass(frozen=True, slots=True)
class TokenCall:
    """A request to the token endpoint. Shape: `certificate` is the TLS peer's, DER."""

    content: bytes = field(repr=False)
    content_type: str
    proof: str | None
    certificate: bytes | None


@dataclass(slots=True)
class Asker:
    """What is known for certain about who asks, for the log; filled in as it is verified."""

    organisation: OrganisationId | None = None
    terminal: TerminalId | None = None
    operator: OperatorId | None = None
    person: Pseudonym | None = None
    audience: str | None = None
    by: SignedInBy = SignedInBy.CARD
    acting: Capacity | None = None

    def event(self, kind: EventKind, outcome: Outcome, *, reason: str | None = None) -> Event:
        """Return what happened, about whom it is known."""
        return Event(
            kind=kind,
            outcome=outcome,
            organisation=self.organisation,
            terminal=self.terminal,
            operator=self.operator,
            reason=reason,
            detail=self._detail() or None,
        )

    def _detail(self) -> dict[str, JsonValue]:
        audience: dict[str, JsonValue] = {} if self.audience is None else {"audience": self.audience}
        return audience if self.acting is None else {**audience, ACTING: self.acting.value}


@dataclass(frozen=True, slots=True)
class Bound:
    """Steps T1 to T3, done: what is asked, by which proof key, for whom, when."""

    request: TokenRequest
    directory: Directory
    audience: BodyEntry
    proof: VerifiedProof

    @property
    def jkt(self) -> str:
        """The thumbprint of the key that the token will be bound to."""
        return self.proof.jkt


def bind(centre: IdentityCentre, call: TokenCall, asker: Asker) -> Bound:
    """T1 to T3. Raises: OAuthError."""
    request = parse_token_request(call.content, call.content_type)  # T1
    proof = verified_proof(centre, call.proof, url=centre.token_endpoint)  # T2
    directory = centre.register.directory()
    audience = next((each for each in directory.register.bodies if each.url == request.resource), None)  # T3
    if audience is None:
        raise OAuthError(OAuthCode.INVALID_TARGET, "the resource is not the address of a body")
    asker.audience = audience.body.value
    return Bound(request, directory, audience, proof)


def terminal_that_asks(
    centre: IdentityCentre, bound: Bound, *, certificate: bytes | None
) -> tuple[Terminal, Once]:
    """T4: return the terminal, and its assertion to be used up. Raises: OAuthError."""
    code = OAuthCode.INVALID_CLIENT
    with refused_as(code, "client_assertion"):
        unverified = UnverifiedAssertion.parse(bound.request.client_assertion or "")
        terminal = bound.directory.terminal(TerminalId(unverified.claims.iss))
        # OL2: a name that nobody has costs the same work, gets the same answer and the same entries
        key = terminal.public_key if terminal is not None else centre.decoy_key
        verified = unverified.verify(key, audience=centre.token_endpoint, now=centre.seconds())
        if terminal is None:
            raise AssertionRefusedError(WRONG_SIGNATURE)
    presented = hashlib.sha256(certificate).hexdigest() if certificate is not None else None
    if presented != terminal.certificate_thumbprint:
        raise OAuthError(code, "the TLS client certificate is not the terminal's")
    return terminal, Once("client assertion", f"{terminal.id}.{verified.jti}", verified.expires, code)


def use_once(centre: IdentityCentre, conn: Connection, bound: Bound, uses: list[Once]) -> None:
    """T7: use up the proof and whatever else counts once. Raises: OAuthError."""
    bound.proof.use_up(centre, conn)
    now = centre.seconds()
    for each in uses:
        try:
            centre.context.replays.use(conn, kind=each.kind, value=each.value, expires=each.expires, now=now)
        except ReplayError as error:
            raise OAuthError(each.code, error.detail) from error


def place_of(
    centre: IdentityCentre, conn: Connection, bound: Bound, *, ground: str, holder: Pseudonym | None
) -> int:
    """T7: take the token's place in the status list. Raises: UnavailableError."""
    expires = centre.seconds() + centre.settings.token_seconds
    return take_place(centre, conn, LiveToken(ground, bound.jkt, holder, expires))


def answer(centre: IdentityCentre, token: str, *, scope: str) -> TokenAnswer:
    """T8: return the answer with the token."""
    return TokenAnswer(
        access_token=token,
        token_type="DPoP",  # noqa: S106 - a scheme's name, not a secret
        expires_in=centre.settings.token_seconds,
        scope=scope,
    )


@contextmanager
def refused_as(code: OAuthCode, parameter: str) -> Iterator[None]:
    """Call what is wrong with a parameter by its OAuth name. Raises: OAuthError."""
    try:
        yield
    except (AssertionRefusedError, ChallengeError, PasskeyError) as error:
        raise OAuthError(code, f"{parameter}: {error}") from error
