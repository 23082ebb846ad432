"""Bare signatures and sealing, as tokens, proofs, statements and notes use them, with nothing around them."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from services.kit.credentials.pseudonyms import PADDED_BYTES, SIGNATURE_BYTES, open_sealed, seal_to

MESSAGE: Final = bytes(400)
"""About as long as what is signed in a token, a proof or a statement."""
ES256: Final = ECDSA(SHA256())


class Signatures:
    """The operations by themselves, with keys made for the purpose."""

    def __init__(self) -> None:
        self._card, self._body = generate_private_key(SECP256R1()), Ed25519PrivateKey.generate()
        self._sealing = X25519PrivateKey.generate()
        self._by_card, self._by_body = self._card.sign(MESSAGE, ES256), self._body.sign(MESSAGE)
        self._plain = bytes(SIGNATURE_BYTES + PADDED_BYTES)
        self._sealed = seal_to(self._sealing.public_key(), self._plain, info="benchmark")

    def es256(self, *, signed: int, verified: int) -> None:
        """Signatures of cards, terminals and proof keys."""
        public = self._card.public_key()
        for _ in range(signed):
            self._card.sign(MESSAGE, ES256)
        for _ in range(verified):
            public.verify(self._by_card, MESSAGE, ES256)

    def ed25519(self, *, signed: int, verified: int) -> None:
        """Signatures of bodies, writers and wallets."""
        public = self._body.public_key()
        for _ in range(signed):
            self._body.sign(MESSAGE)
        for _ in range(verified):
            public.verify(self._by_body, MESSAGE)

    def hpke(self, *, sealed: int, opened: int) -> None:
        """Pseudonym tokens and handles."""
        public = self._sealing.public_key()
        for _ in range(sealed):
            seal_to(public, self._plain, info="benchmark")
        for _ in range(opened):
            open_sealed(self._sealing, self._sealed, info="benchmark")

    def requests(self, number: int) -> None:
        """Requests with a DPoP-bound token: the proof signed and verified (ES256), the token verified (Ed25519)."""
        self.es256(signed=number, verified=number)
        self.ed25519(signed=0, verified=number)
