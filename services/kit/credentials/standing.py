"""Which keys sign access tokens now, and which tokens were stopped early: one text, signed anew all the time.

It is a status list token (`statuslist+jwt`, draft-ietf-oauth-status-list) by the ID centre's signing key of the
register, with the keys for access tokens beside the list (`jwks`): so a key takes over, and a token ends, everywhere
within the seconds that the text may be old (V4), and nobody asks the ID centre about a single token.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError

from consent import base64url, jws
from consent.canonical import JsonObject
from consent.errors import MalformedError, SignatureError
from consent.jwk import from_jwk, thumbprint, to_jwk
from services.kit.clock import Clock, epoch_seconds
from services.kit.encoding import Base64Url, Message
from services.kit.fresh import Fresh, OutdatedError
from services.kit.problems import UnavailableError

STATUS_TYPE: Final = "statuslist+jwt"
STATUS_PATH: Final = "/oauth/token-status"
PLACES: Final = 2**20
"""How many tokens can live at once; a whole number of bytes."""
_BYTES: Final = PLACES // 8
LEEWAY_SECONDS: Final = 5


class _List(Message):
    bits: int
    lst: Base64Url


class _Keys(Message):
    keys: list[dict[str, str]]


class _Text(Message):
    sub: str
    iat: int
    exp: int
    ttl: int
    status_list: _List
    jwks: _Keys


@dataclass(frozen=True, slots=True)
class TokenStanding:
    """The state of all access tokens at one moment. Shape: `stopped` has one bit for each place."""

    keys: Mapping[str, Ed25519PublicKey] = field(repr=False)
    stopped: bytes = field(repr=False)
    issued_at: int

    @classmethod
    def of_keys(cls, *keys: Ed25519PublicKey) -> "TokenStanding":
        """Return the state in which tokens by these keys stand and none was stopped."""
        return cls({thumbprint(to_jwk(each)): each for each in keys}, bytes(_BYTES), 0)

    def stands(self, place: int) -> bool:
        """Tell whether the token at a place was not stopped."""
        if not 0 <= place < PLACES:
            return False
        return not self.stopped[place // 8] >> place % 8 & 1


def sign_standing(
    *,
    url: str,
    keys: Sequence[Ed25519PublicKey],
    stopped: Sequence[int],
    signer: Ed25519PrivateKey,
    now: int,
    lifetime: int,
) -> str:
    """Return the signed text about the tokens whose `status` names `url`. Units: `now`, `lifetime` seconds."""
    bits = bytearray(_BYTES)
    for place in stopped:
        bits[place // 8] |= 1 << place % 8
    told: JsonObject = {
        "sub": url,
        "iat": now,
        "exp": now + lifetime,
        "ttl": 1,
        "status_list": {"bits": 1, "lst": base64url.encode(zlib.compress(bytes(bits), 9))},
        "jwks": {"keys": [to_jwk(each) for each in keys]},
    }
    return jws.sign(told, typ=STATUS_TYPE, key=signer, kid=thumbprint(to_jwk(signer.public_key())))


def verify_standing(token: str, *, url: str, key: Ed25519PublicKey, now: int) -> TokenStanding:
    """Return what the ID centre signed about its tokens. Raises: UnavailableError."""
    try:
        told = _Text.model_validate_json(jws.verify(token, typ=STATUS_TYPE, key=key).payload)
        bits = _inflated(base64url.decode(told.status_list.lst))
        keys = [from_jwk(each) for each in told.jwks.keys]
    except (SignatureError, MalformedError, ValidationError, zlib.error) as error:
        raise UnavailableError("the state of access tokens does not verify") from error
    young = told.iat <= now + LEEWAY_SECONDS and now < told.exp
    if told.sub != url or told.status_list.bits != 1 or len(bits) != _BYTES or not young:
        raise UnavailableError("the state of access tokens is of another time or centre")
    known = TokenStanding.of_keys(*(each for each in keys if isinstance(each, Ed25519PublicKey)))
    return TokenStanding(known.keys, bits, told.iat)


def _inflated(packed: bytes) -> bytes:
    # no more than a list has: a small text must not become a large one
    unpacking = zlib.decompressobj()
    bits = unpacking.decompress(packed, _BYTES)
    return bits if unpacking.eof and not unpacking.unused_data else b""


def standing_reader(
    fetch: Callable[[], str],
    *,
    url: str,
    key: Callable[[], Ed25519PublicKey],
    clock: Clock,
    max_age: float,
    stale_limit: float,
) -> Fresh[TokenStanding]:
    """Return the reader of the ID centre's signed text about the list at `url`; `key` is its key in the register."""

    def newer(held: TokenStanding | None) -> TokenStanding:
        found = verify_standing(fetch(), url=url, key=key(), now=epoch_seconds(clock()))
        if held is not None and found.issued_at < held.issued_at:
            raise OutdatedError
        return found

    return Fresh(
        newer, name="the state of access tokens", clock=clock, max_age=max_age, stale_limit=stale_limit
    )
