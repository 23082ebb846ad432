"""What is done on a token through its PKCS#11 module: making a card application's key, opening it, signing with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NoReturn

import pkcs11
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePrivateNumbers,
    EllipticCurvePublicKey,
    EllipticCurveSignatureAlgorithm,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    PrivateFormat,
)
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import NoSuchKey, PinLocked, PKCS11Error, UserAlreadyLoggedIn
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_named_curve_parameters

from consent import base64url
from services.gateway.card_tokens import Apart, HeldToken, TokenPlace
from services.gateway.errors import CardFileError, CardLockedError

KEY_LABEL: Final = "sekisho"

_SCALAR: Final = 32
_POINT: Final = 65
_OCTETS: Final = bytes([0x04, _POINT])
_KEPT: Final = {
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.PRIVATE: True,
    Attribute.SIGN: True,
}


class TokenKey(EllipticCurvePrivateKey):
    """A P-256 key on a token, after the token's PIN: it signs, and cannot be had."""

    def __init__(self, key: SignMixin, public: EllipticCurvePublicKey, *, apart: Apart) -> None:
        self._key = key
        self._public = public
        self._apart = apart

    def __repr__(self) -> str:
        return "TokenKey(...)"

    def __copy__(self) -> "TokenKey":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "TokenKey":
        return self

    @property
    def curve(self) -> SECP256R1:
        """P-256."""
        return SECP256R1()

    @property
    def key_size(self) -> int:
        """Bits."""
        return self.curve.key_size

    def public_key(self) -> EllipticCurvePublicKey:
        """The public part."""
        return self._public

    def sign(self, data: Any, signature_algorithm: EllipticCurveSignatureAlgorithm) -> bytes:
        """Have the token sign (ECDSA with SHA-256, DER). Raises: CardFileError when the token is gone."""
        if not isinstance(signature_algorithm, ECDSA) or not isinstance(
            signature_algorithm.algorithm, SHA256
        ):
            raise UnsupportedAlgorithm("A card signs with ECDSA and SHA-256.")
        digest = sha256(data).digest()
        with _understood("the token does not sign; connect it again"):
            raw = self._apart(lambda: self._key.sign(digest, mechanism=Mechanism.ECDSA))
        return encode_dss_signature(int.from_bytes(raw[:_SCALAR]), int.from_bytes(raw[_SCALAR:]))

    def exchange(self, algorithm: ECDH, peer_public_key: EllipticCurvePublicKey) -> bytes:
        """Never."""
        _refuse()

    def private_numbers(self) -> EllipticCurvePrivateNumbers:
        """Never."""
        _refuse()

    def private_bytes(
        self,
        encoding: Encoding,
        format: PrivateFormat,
        encryption_algorithm: KeySerializationEncryption,
    ) -> bytes:
        """Never."""
        _refuse()


class TokenModule:
    """The tokens that one module reaches; each method is called in the module's own thread (`Apart`)."""

    def __init__(self, module: Path, *, apart: Apart) -> None:
        self._module = module
        self._apart = apart

    def make(self, place: TokenPlace, key_id: bytes) -> TokenKey:
        """See `TokenReader.make`."""
        session = _log_in(self._token(place.label, None), place.pin)
        with _understood(f"the token {place.label} made no key that it keeps to itself"):
            if list(session.get_objects({Attribute.LABEL: KEY_LABEL})):
                raise CardFileError(f"The token {place.label} holds a card's key; initialise it anew first.")
            curve = session.create_domain_parameters(
                KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
            )
            public, private = curve.generate_keypair(
                id=key_id,
                label=KEY_LABEL,
                store=True,
                mechanism=Mechanism.EC_KEY_PAIR_GEN,
                private_template=dict(_KEPT),
            )
            _require_kept(private)
            return self._signing(private, public)

    def replace_pin(self, place: TokenPlace, pin: str) -> HeldToken:
        """See `TokenReader.replace_pin`."""
        token = self._token(place.label, None)
        session = _log_in(token, place.pin)
        with _understood(f"the token {place.label} does not take a PIN of {len(pin)} signs"):
            session.set_pin(place.pin, pin)
            session.close()
        return HeldToken(label=place.label, serial=base64url.encode(token.serial), pin=pin)

    def open(self, held: HeldToken) -> TokenKey:
        """See `TokenReader.open`."""
        session = _log_in(self._token(held.label, base64url.decode(held.serial)), held.pin)
        with _understood(f"the token {held.label} does not hold the card's key; it was initialised anew"):
            private = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=KEY_LABEL)
            public = session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=KEY_LABEL)
            return self._signing(private, public)

    def _token(self, label: str, serial: bytes | None) -> pkcs11.Token:
        with _understood(f"the token {label} is not there; connect it"):
            return pkcs11.lib(str(self._module)).get_token(token_label=label, token_serial=serial)

    def _signing(self, private: pkcs11.Key, public: pkcs11.Key) -> TokenKey:
        if not isinstance(private, SignMixin):
            raise NoSuchKey
        point = bytes(public[Attribute.EC_POINT])
        octets = point.removeprefix(_OCTETS) if len(point) == len(_OCTETS) + _POINT else point
        known = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), octets)
        return TokenKey(private, known, apart=self._apart)


def _log_in(token: pkcs11.Token, pin: str) -> pkcs11.Session:
    with _understood(f"the token {token.label} does not open with its PIN"):
        try:
            return token.open(rw=True, user_pin=pin)
        except UserAlreadyLoggedIn:  # by another session of this process: PKCS#11 counts them as one
            return token.open(rw=True)


@contextmanager
def _understood(problem: str) -> Iterator[None]:
    try:
        yield
    except PinLocked as error:
        raise CardLockedError from error
    except (PKCS11Error, RuntimeError) as error:
        raise CardFileError(f"{problem[0].upper()}{problem[1:]} ({type(error).__name__}).") from error


def _require_kept(key: pkcs11.PrivateKey) -> None:
    kept = {
        **_KEPT,
        Attribute.LOCAL: True,
        Attribute.NEVER_EXTRACTABLE: True,
        Attribute.ALWAYS_SENSITIVE: True,
    }
    told = key.get_attributes(list(kept))
    if any(told.get(name) is not value for name, value in kept.items()):
        key.destroy()
        raise CardFileError("The token would hand the key out; use one that keeps keys to itself.")


def _refuse() -> NoReturn:
    raise UnsupportedAlgorithm("The key is on a token, which signs with it and does nothing else.")
