"""The token endpoint of the honest fake: assertions are verified, tokens are real."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, ValidationError

from consent import base64url
from consent.identifiers import OperatorId, Pseudonym, TerminalId
from consent.vocabulary import Body
from services.contracts.fake_credentials import problem
from services.contracts.identity.messages import CLIENT_CREDENTIALS, Challenge, Jwk, TokenAnswer
from services.contracts.oversight.register import BodyEntry, Directory, Terminal
from services.kit.clock import Clock, Randomness, epoch_seconds
from services.kit.credentials.compact import CompactError, UnverifiedCompact, es256_key
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.tokens import Confirmation, TokenIssuer
from services.kit.http import RemoteProblemError, Token
from services.kit.permissions import policies

SECONDS = 300


class _Claims(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    iss: str
    aud: str
    exp: int
    jti: str
    organisation: str | None = None
    nonce: str | None = None
    cnf: Confirmation | None = None


@dataclass(frozen=True, slots=True)
class CardKey:
    """A usable card: whose it is (linkage code), and how it signs."""

    holder: bytes = field(repr=False)
    kid: str
    public_key: Jwk


@dataclass
class FakeTokenEndpoint:
    """`card` returns a usable card, `name` how a body knows a holder."""

    url: str
    clock: Clock
    directory: Callable[[], Directory]
    key: Ed25519PrivateKey = field(repr=False)
    randomness: Randomness
    card: Callable[[str], CardKey | None]
    name: Callable[[Body, bytes], Pseudonym]
    challenges: set[str] = field(default_factory=set, repr=False)
    used: set[str] = field(default_factory=set, repr=False)
    issued: list[tuple[str, str, str]] = field(default_factory=list, repr=False)
    ended: set[str] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self._issuer = TokenIssuer(self.url, self.key, timedelta(seconds=SECONDS), self.randomness)

    def challenge(self) -> Challenge:
        """See `Identity`."""
        made = base64url.encode(self.randomness(16))
        self.challenges.add(made)
        return Challenge(challenge=made, expires_in=120)

    def token(self, fields: Mapping[str, str], *, key: DpopKey) -> TokenAnswer:
        """See `Identity`."""
        bodies = self.directory().register.bodies
        audience = [each for each in bodies if each.url == fields["resource"]]
        if not audience:
            raise problem(400, "invalid_target")
        if fields.get("grant_type") == CLIENT_CREDENTIALS:
            return self._for_terminal(fields, audience[0], key)
        if "client_assertion" in fields:
            return self._for_operator(fields, audience[0], key)
        return self._for_person(fields, audience[0], key)

    def end_session(self, token: str, *, key: DpopKey) -> None:
        """End the tokens of a key, if this is one of them."""
        bound = {jkt for issued, jkt, _ in self.issued if issued == token}
        if bound - {key.thumbprint}:
            raise problem(400, "invalid_dpop_proof")
        self.ended |= {issued for issued, jkt, _ in self.issued if jkt in bound}

    def end_ground(self, ground: str) -> None:
        """End the tokens that rest on something."""
        self.ended |= {issued for issued, _, rests_on in self.issued if rests_on == ground}

    def require_live(self, token: Token) -> None:
        """Refuse a token that was ended."""
        if token.value in self.ended:
            raise problem(401, "unauthenticated")

    def use_once(self, value: str, again: RemoteProblemError) -> None:
        """Mark a value as used; raises `again` the second time."""
        if value in self.used:
            raise again
        self.used.add(value)

    def _for_operator(self, fields: Mapping[str, str], audience: BodyEntry, key: DpopKey) -> TokenAnswer:
        directory, refused = self.directory(), problem(400, "invalid_grant")
        terminal = self._terminal(fields["client_assertion"])
        claims = _claims(fields["assertion"], refused)
        operator = directory.operator(terminal.organisation, OperatorId(claims.iss))
        if operator is None or claims.organisation != terminal.organisation:
            raise refused
        self._verify(fields["assertion"], operator.card_key, refused)
        holding = directory.roles(operator.organisation, operator.id)
        wanted = frozenset(fields.get("scope", "").split())
        if not wanted <= holding:
            raise problem(400, "invalid_scope")
        roles = sorted(wanted or holding)
        token = self._issuer.for_operator(
            audience=audience.url,
            organisation=operator.organisation,
            operator=operator.id,
            terminal=terminal.id,
            roles=roles,
            jkt=key.thumbprint,
            place=len(self.issued),
            now=self.clock(),
        )
        self.issued.append((token, key.thumbprint, f"operator {operator.organisation} {operator.id}"))
        return _answer(token, " ".join(roles))

    def _terminal(self, assertion: str) -> Terminal:
        stranger = problem(401, "invalid_client")
        terminal = self.directory().terminal(TerminalId(_claims(assertion, stranger).iss))
        if terminal is None:
            raise stranger
        self._verify(assertion, terminal.public_key, stranger)
        return terminal

    def _for_terminal(self, fields: Mapping[str, str], audience: BodyEntry, key: DpopKey) -> TokenAnswer:
        terminal = self._terminal(fields["client_assertion"])
        holding = self.directory().scopes(terminal.id) & policies().scopes_at(audience.body)
        wanted = frozenset(fields.get("scope", "").split()) or holding
        if not wanted or not wanted <= holding:
            raise problem(400, "invalid_scope")
        token = self._issuer.for_terminal(
            audience=audience.url,
            organisation=terminal.organisation,
            terminal=terminal.id,
            scopes=sorted(wanted),
            jkt=key.thumbprint,
            place=len(self.issued),
            now=self.clock(),
        )
        self.issued.append((token, key.thumbprint, f"terminal {terminal.id}"))
        return _answer(token, " ".join(sorted(wanted)))

    def _for_person(self, fields: Mapping[str, str], audience: BodyEntry, key: DpopKey) -> TokenAnswer:
        refused = problem(400, "invalid_grant")
        claims = _claims(fields["assertion"], refused)
        card = self.card(claims.iss)
        if card is None or claims.nonce not in self.challenges:
            raise refused
        self._verify(fields["assertion"], card.public_key, refused, kid=card.kid)
        if claims.cnf is None or claims.cnf.jkt != key.thumbprint:
            raise refused
        self.use_once(f"challenge {claims.nonce}", refused)
        return self._to_person(card.holder, audience, key, ground=f"card {claims.iss}", acr="card")

    def issue_to_person(
        self, holder: bytes, *, resource: str, key: DpopKey, ground: str, acr: str
    ) -> TokenAnswer:
        """Issue a token to a person whose sign-in was verified elsewhere."""
        audience = [each for each in self.directory().register.bodies if each.url == resource]
        if not audience:
            raise problem(400, "invalid_target")
        return self._to_person(holder, audience[0], key, ground=ground, acr=acr)

    def _to_person(
        self, holder: bytes, audience: BodyEntry, key: DpopKey, *, ground: str, acr: str
    ) -> TokenAnswer:
        token = self._issuer.for_person(
            audience=audience.url,
            pseudonym=self.name(audience.body, holder),
            audience_key=self.directory().sealing_key(audience.body),
            acr=acr,
            jkt=key.thumbprint,
            place=len(self.issued),
            now=self.clock(),
        )
        self.issued.append((token, key.thumbprint, ground))
        return _answer(token, "")

    def _verify(
        self, assertion: str, key: Jwk, refused: RemoteProblemError, *, kid: str | None = None
    ) -> None:
        try:
            text = UnverifiedCompact.parse(assertion)
            text.verify(es256_key(key).key)
        except CompactError:
            raise refused from None
        claims, now = _claims(assertion, refused), epoch_seconds(self.clock())
        lasting = now < claims.exp <= now + SECONDS
        if claims.aud != f"{self.url}/oauth/token" or not lasting or text.header.get("kid") != kid:
            raise refused
        self.use_once(f"assertion {claims.iss} {claims.jti}", refused)


def _claims(assertion: str, refused: RemoteProblemError) -> _Claims:
    try:
        return _Claims.model_validate_json(UnverifiedCompact.parse(assertion).payload)
    except (CompactError, ValidationError):
        raise refused from None


def _answer(token: str, scope: str) -> TokenAnswer:
    return TokenAnswer(
        access_token=token,
        token_type="DPoP",  # noqa: S106 - a scheme's name, not a secret
        expires_in=SECONDS,
        scope=scope,
    )
