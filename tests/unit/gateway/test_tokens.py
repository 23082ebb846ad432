"""Access tokens: one for each audience, kept while they last, proved anew each time they are fetched."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from joserfc import jws, jwt
from joserfc.jwk import ECKey

from services.contracts.identity.messages import JWT_BEARER, Challenge, TokenAnswer
from services.gateway.errors import RefusedError
from services.gateway.tokens import Signer, TokenSource, operator_assertions, person_assertions
from services.kit.clock import epoch_seconds, system_randomness
from services.kit.credentials.dpop import DpopKey
from services.kit.http import RemoteProblemError

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ENDPOINT = "https://identity.example/oauth/token"
LIFETIME = 300


@dataclass
class Watch:
    """A clock that stands until it is set."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class FakeTokenOffice:
    """Issues tokens to whoever signs; refuses an assertion, challenge or signature that is not good once."""

    watch: Watch
    keys: Mapping[str, EllipticCurvePrivateKey]
    issued: list[tuple[str, str]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    challenges: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)

    def challenge(self) -> Challenge:
        """Return a challenge that is good once."""
        self.challenges.add(told := f"challenge-{len(self.challenges)}-{len(self.issued)}")
        return Challenge(challenge=told, expires_in=60)

    def token(self, fields: Mapping[str, str], *, key: DpopKey) -> TokenAnswer:
        """Issue a token bound to `key`."""
        assert fields["grant_type"] == JWT_BEARER
        for name in fields.keys() & {"assertion", "client_assertion"}:
            self._check(fields[name])
        self.issued.append((fields["resource"], key.thumbprint))
        told = f"token-{len(self.issued)}"
        return TokenAnswer(access_token=told, token_type="DPoP", expires_in=LIFETIME, scope="")

    def revoke(self, token: str, *, key: DpopKey) -> None:
        """End the tokens of a key."""
        number = int(token.removeprefix("token-"))
        assert self.issued[number - 1][1] == key.thumbprint
        self.ended.add(key.thumbprint)

    def _check(self, assertion: str) -> None:
        claimed = json.loads(jws.extract_compact(assertion.encode()).payload)["iss"]
        if claimed not in self.keys:
            raise _refused("unknown key")
        claims = jwt.decode(assertion, ECKey.import_key(self.keys[claimed].public_key()), ["ES256"]).claims
        fresh = epoch_seconds(self.watch.now) < claims["exp"] <= epoch_seconds(self.watch.now) + 300
        if claims["aud"] != ENDPOINT or claims["jti"] in self.seen or not fresh:
            raise _refused("not for here and now")
        self.seen.add(claims["jti"])
        if "nonce" in claims:
            self.challenges.remove(claims["nonce"])


def _refused(detail: str) -> RemoteProblemError:
    return RemoteProblemError(status=400, code="invalid_grant", title="", detail=detail, members={})


@dataclass
class World:
    """An office, an operator and a card holder."""

    watch: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        self.keys = {name: generate_private_key(SECP256R1()) for name in ("operator", "terminal", "card")}
        self.office = FakeTokenOffice(self.watch, self.keys)

    def operator(self) -> TokenSource:
        assertions = operator_assertions(
            ENDPOINT,
            operator=Signer("operator", self.keys["operator"]),
            organisation="hospital-a",
            terminal=Signer("terminal", self.keys["terminal"]),
            clock=self.watch,
            randomness=system_randomness,
        )
        return TokenSource(self.office, assertions, clock=self.watch)

    def person(self) -> TokenSource:
        card = Signer("card", self.keys["card"], "5a")
        assertions = person_assertions(
            ENDPOINT, card=card, identity=self.office, clock=self.watch, randomness=system_randomness
        )
        return TokenSource(self.office, assertions, clock=self.watch)


@pytest.mark.parametrize("holder", ["operator", "person"])
def test_a_token_is_kept_until_thirty_seconds_before_it_expires(holder: str) -> None:
    world = World()
    tokens: TokenSource = getattr(world, holder)()
    first = tokens.token("https://medical.example")
    world.watch.now = NOW + timedelta(seconds=LIFETIME - 31)
    assert tokens.token("https://medical.example") is first
    world.watch.now = NOW + timedelta(seconds=LIFETIME - 30)
    assert tokens.token("https://medical.example").value != first.value
    assert len(world.office.issued) == 2


def test_every_audience_has_a_token_of_its_own() -> None:
    world = World()
    tokens = world.operator()
    one, other = tokens.token("https://medical.example"), tokens.token("https://identity.example")
    assert one.value != other.value
    assert [resource for resource, _ in world.office.issued] == [
        "https://medical.example",
        "https://identity.example",
    ]


def test_no_two_holders_share_a_proof_key() -> None:
    world = World()
    for tokens in (world.operator(), world.operator(), world.person()):
        tokens.token("https://medical.example")
    assert len({thumbprint for _, thumbprint in world.office.issued}) == 3


def test_forgotten_tokens_are_fetched_anew_with_new_assertions() -> None:
    world = World()
    tokens = world.person()
    first = tokens.token("https://medical.example")
    tokens.forget()
    assert tokens.token("https://medical.example").value != first.value


def test_threads_share_one_token() -> None:
    world = World()
    tokens = world.operator()
    with ThreadPoolExecutor(8) as pool:
        values = set(pool.map(lambda _: tokens.token("https://medical.example").value, range(40)))
    assert len(values) == len(world.office.issued) == 1


def test_a_refused_holder_gets_the_codes_of_the_token_endpoint() -> None:
    world = World()
    tokens = world.operator()
    del world.keys["operator"]
    with pytest.raises(RefusedError) as caught:
        tokens.token("https://medical.example")
    assert caught.value.code == "invalid_grant"
    assert world.office.issued == []


def test_signing_out_ends_what_was_issued_and_the_next_request_signs_in_anew() -> None:
    world = World()
    tokens = world.person()
    tokens.end()
    assert world.office.ended == set()
    first = tokens.token("https://medical.example")
    tokens.end()
    assert world.office.ended == {first.key.thumbprint}
    assert tokens.token("https://medical.example").value != first.value
