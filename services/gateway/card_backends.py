"""Where the keys of a card's two applications are made and stay: in the card file, or on a token (PKCS#11).

Either way the card file is what a PIN is tried on, through the ID centre's counter (`consent.pin`): it holds, wrapped,
the key itself or the token's own PIN. The wallet's seed is in the file in both cases.
"""

from collections.abc import Mapping
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from pydantic import Field

from consent import base64url
from services.contracts.identity.messages import Application
from services.gateway.card_tokens import HeldToken, TokenPlace, TokenReader
from services.gateway.errors import CardFileError
from services.kit.clock import Randomness
from services.kit.encoding import Base64Url, Message


class HeldKey(Message):
    """What a card file keeps, wrapped, of one application: its key (PKCS#8 DER), or the token that has it."""

    key: Base64Url | None = Field(default=None, repr=False)
    token: HeldToken | None = None


class CardBackend(Protocol):
    """The two applications of one new card, independent of each other (K4)."""

    def make(self, application: Application) -> EllipticCurvePrivateKey:
        """Make an application's P-256 key and return it, ready to sign. Raises: CardFileError."""

    def hold(self, application: Application) -> HeldKey:
        """Return how to get at the key again, once the card is issued. Raises: CardFileError."""


class SoftwareCard:
    """Keys made here, kept in the card file."""

    def __init__(self) -> None:
        self._made: dict[Application, EllipticCurvePrivateKey] = {}

    def make(self, application: Application) -> EllipticCurvePrivateKey:
        """See `CardBackend`."""
        return self._made.setdefault(application, generate_private_key(SECP256R1()))

    def hold(self, application: Application) -> HeldKey:
        """See `CardBackend`."""
        key = self.make(application)
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return HeldKey(key=base64url.encode(der))


class TokenCard:
    """Keys made on tokens, another one for each application, which they never leave.

    Guarantees: a token's PIN is replaced by a random one that only the card file knows, so that nobody tries PINs on
    the token past the ID centre's counter, whether the token counts or not.
    """

    def __init__(
        self, reader: TokenReader, places: Mapping[Application, TokenPlace], *, randomness: Randomness
    ) -> None:
        if len({place.label for place in places.values()}) < len(places):
            raise CardFileError("A card needs two tokens with labels of their own, one for each application.")
        self._reader = reader
        self._places = dict(places)
        self._randomness = randomness
        self._held: dict[Application, HeldKey] = {}

    def make(self, application: Application) -> EllipticCurvePrivateKey:
        """See `CardBackend`."""
        if application not in self._places:
            raise CardFileError(f"No token is named for the {application.value} application.")
        return self._reader.make(self._places[application], randomness=self._randomness)

    def hold(self, application: Application) -> HeldKey:
        """See `CardBackend`; the token has another PIN afterwards."""
        if application not in self._held:
            told = self._reader.replace_pin(self._places[application], randomness=self._randomness)
            self._held[application] = HeldKey(token=told)
        return self._held[application]


def open_key(held: HeldKey, reader: TokenReader) -> EllipticCurvePrivateKey:
    """Return an application's key, ready to sign. Raises: CardFileError, CardLockedError."""
    if held.token is not None:
        return reader.open(held.token)
    if held.key is None:
        raise CardFileError("the card file holds no key; have the card reissued")
    key = load_der_private_key(base64url.decode(held.key), password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise CardFileError("the card file holds another kind of key; have the card reissued")
    return key
