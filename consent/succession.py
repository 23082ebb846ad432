"""A wallet's successor: how a person's new keys take the place of the old ones, provably and for one body at a time.

The former wallet announces its successor to a body (Y3); the successor, which embeds that text in its own, takes over
(Y5, Y6). Both signatures are needed: without the former's anybody could take a wallet over, without the successor's
anybody could pass records of their own off as another person's former ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from consent import base64url, canonical, jws
from consent.canonical import JsonObject
from consent.errors import MalformedError, SignatureError
from consent.jwk import PublicJwk, thumbprint
from consent.vocabulary import Body
from consent.wallet import Wallet
from consent.wire import Count, Identifier, WireModel, parse

SUCCESSION: Final = "sekisho-wallet-succession+jws"
RENEWAL: Final = "sekisho-wallet-renewal+jws"


@dataclass(frozen=True, slots=True)
class VerifiedSuccession:
    """The former wallet's word about who comes after it, at one body. Units: `at` is epoch seconds."""

    body: Body
    former: PublicJwk
    successor: PublicJwk
    at: int


@dataclass(frozen=True, slots=True)
class VerifiedRenewal:
    """Both wallets' word that one follows the other; `announced` is the former's signed text."""

    succession: VerifiedSuccession
    announced: str
    at: int


class _SuccessionWire(WireModel):
    body: Identifier
    former: dict[str, str]
    successor: dict[str, str]
    at: Count


class _RenewalWire(WireModel):
    succession: str
    at: Count


def announce(former: Wallet, successor: Wallet, *, body: Body, now: datetime) -> str:
    """Y3: have the former wallet name its successor to a body."""
    payload: JsonObject = {
        "body": body.value,
        "former": former.public_jwk(body),
        "successor": successor.public_jwk(body),
        "at": int(now.timestamp()),
    }
    return former.sign(body, SUCCESSION, payload)


def take_over(successor: Wallet, announced: str, *, body: Body, now: datetime) -> str:
    """Y5, Y6: have the successor take over what was announced."""
    return successor.sign(body, RENEWAL, {"succession": announced, "at": int(now.timestamp())})


def verify_succession(token: str) -> VerifiedSuccession:
    """Check that the former wallet which the text names has signed it.

    Guarantees: nothing about whose the wallet is; compare `former` with the registered key.
    Raises: SignatureError.
    """
    try:
        claimed = canonical.decode(base64url.decode(token.split(".")[1])).get("former")
        if not isinstance(claimed, dict):
            raise SignatureError
        former = {name: str(value) for name, value in claimed.items()}
        wire = parse(_SuccessionWire, jws.verify_with_jwk(token, typ=SUCCESSION, jwk=former).payload)
        thumbprint(wire.successor)
        return VerifiedSuccession(Body(wire.body), former, wire.successor, wire.at)
    except (MalformedError, IndexError, ValueError):
        raise SignatureError from None


def verify_renewal(token: str) -> VerifiedRenewal:
    """Check that both wallets signed. Raises: SignatureError."""
    try:
        claimed = canonical.decode(base64url.decode(token.split(".")[1])).get("succession")
        succession = verify_succession(str(claimed))
        wire = parse(_RenewalWire, jws.verify_with_jwk(token, typ=RENEWAL, jwk=succession.successor).payload)
    except (MalformedError, IndexError, ValueError):
        raise SignatureError from None
    return VerifiedRenewal(succession, wire.succession, wire.at)


def lineage(current: PublicJwk, renewals: Sequence[str], *, body: Body) -> tuple[PublicJwk, ...]:
    """Return the keys that came before the present one, newest first, given the renewals oldest first.

    Guarantees: each was followed, by both wallets' word, by the next, and the last by `current`.
    Raises: SignatureError.
    """
    found: list[PublicJwk] = []
    key = current
    for token in reversed(renewals):
        told = verify_renewal(token).succession
        if told.body is not body or thumbprint(told.successor) != thumbprint(key):
            raise SignatureError
        key = told.former
        found.append(key)
    return tuple(found)
