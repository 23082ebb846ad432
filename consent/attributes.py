"""Basic items stated about a signature certificate, by the registry and not by who issued the certificate (K2).

The certificate names a card and nobody. The registry signs that the holder of this certificate has these items, and the
person shows both to whom they choose; the ID centre, which issues certificates, never sees an item.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from consent import instants, jws
from consent.canonical import JsonValue
from consent.errors import SealError, SignatureError
from consent.jwk import thumbprint, to_jwk
from consent.randomness import Randomness, draw
from consent.vocabulary import BasicItem
from consent.wallet import Wallet
from consent.wire import Identifier, Instant, Text, WireModel, parse

ATTRIBUTES: Final = "sekisho-attributes+jws"
_NONCE: Final = 12
_INFO: Final = b"sekisho-attributes-keeping/1"


class _Claims(WireModel):
    certificate: Identifier
    name: Text
    address: Text
    sex: Text
    birth_date: Text
    stated_at: Instant


@dataclass(frozen=True, slots=True)
class AttributeStatement:
    """What the registry states. `certificate` is the serial number, hexadecimal, of the signature certificate."""

    certificate: str
    items: Mapping[BasicItem, str]
    stated_at: datetime

    def __repr__(self) -> str:
        return "AttributeStatement(...)"


def state(statement: AttributeStatement, key: Ed25519PrivateKey) -> str:
    """Sign a statement with the registry's key."""
    payload: dict[str, JsonValue] = {item.value: value for item, value in statement.items.items()}
    payload |= {"certificate": statement.certificate, "stated_at": instants.write(statement.stated_at)}
    return jws.sign(payload, typ=ATTRIBUTES, key=key, kid=thumbprint(to_jwk(key.public_key())))


def verify(token: str, *, registry_key: Ed25519PublicKey, certificate: str) -> AttributeStatement:
    """Return what is stated about a certificate; the caller checks certificate and its validity, and how old it is.

    Raises: SignatureError, also when the statement is about another certificate; MalformedError.
    """
    verified = jws.verify_with_jwk(token, typ=ATTRIBUTES, jwk=to_jwk(registry_key))
    claims = parse(_Claims, verified.payload)
    if claims.certificate != certificate:
        raise SignatureError
    items = {item: str(getattr(claims, item.value)) for item in BasicItem}
    return AttributeStatement(claims.certificate, items, claims.stated_at)


def keep(wallet: Wallet, token: str, *, randomness: Randomness) -> bytes:
    """Seal a statement so that it can lie beside the card: only the wallet opens it."""
    nonce = draw(randomness, _NONCE)
    return nonce + AESGCM(_key(wallet)).encrypt(nonce, token.encode(), _INFO)


def kept(wallet: Wallet, sealed: bytes) -> str:
    """Return what `keep` sealed. Raises: SealError."""
    try:
        return AESGCM(_key(wallet)).decrypt(sealed[:_NONCE], sealed[_NONCE:], _INFO).decode()
    except (InvalidTag, ValueError):
        raise SealError from None


def _key(wallet: Wallet) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO).derive(wallet.to_secret_bytes())
