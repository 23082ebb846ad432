"""A device that makes and uses passkeys, in software, as the WebAuthn specification says what a browser returns."""

import hashlib
import json
import os
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import JsonValue

from consent import base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Device:
    """One passkey on one device; `flags` are what the device says about its user."""

    origin: str
    rp_id: str
    flags: int = PRESENT | VERIFIED
    count: int = 0
    step: int = 1
    id: bytes = field(default_factory=lambda: os.urandom(32))
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))

    def create(self, challenge: bytes, *, kind: str = "webauthn.create") -> dict[str, JsonValue]:
        """Return what `navigator.credentials.create` gives (RegistrationResponseJSON)."""
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        attested = bytes(15) + b"\x01" + len(self.id).to_bytes(2) + self.id + cose
        data = self._data(self.flags | ATTESTED) + attested
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": self._client(kind, challenge),
            "attestationObject": base64url.encode(made),
        }
        return self._credential(response)

    def use(self, challenge: bytes, *, kind: str = "webauthn.get") -> dict[str, JsonValue]:
        """Return what `navigator.credentials.get` gives (AuthenticationResponseJSON)."""
        self.count += self.step
        client, data = self._client(kind, challenge), self._data(self.flags)
        signed = data + hashlib.sha256(base64url.decode(client)).digest()
        signature = self.key.sign(signed, ECDSA(SHA256()))
        return self._credential(
            {
                "clientDataJSON": client,
                "authenticatorData": base64url.encode(data),
                "signature": base64url.encode(signature),
                "userHandle": base64url.encode(b"handle"),
            }
        )

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client(self, kind: str, challenge: bytes) -> str:
        told = {"type": kind, "challenge": base64url.encode(challenge), "origin": self.origin}
        return base64url.encode(json.dumps(told).encode())

    def _credential(self, response: dict[str, str]) -> dict[str, JsonValue]:
        name = base64url.encode(self.id)
        told: dict[str, JsonValue] = {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": dict(response),
            "clientExtensionResults": {},
        }
        return told
