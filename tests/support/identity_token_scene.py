"""A token endpoint with a hospital, a clinic and a person with a card, and forged words for it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from support.identity_people import Holder, Participant
from support.identity_world import World, running

from consent import base64url
from services.contracts.identity.messages import Application
from services.contracts.oversight.register import Kind, Role
from services.kit.clock import epoch_seconds
from services.kit.strict_json import loads


@dataclass(frozen=True)
class TokenScene:
    """A hospital and a clinic, and a person with a card."""

    world: World
    hospital: Participant
    clinic: Participant
    city: Participant
    holder: Holder

    def now(self) -> int:
        """The present moment in epoch seconds."""
        return epoch_seconds(self.world.clock())

    def refusal(
        self, fields: Mapping[str, str], *, at: Participant | None = None, proof: str | None = None
    ) -> tuple[int, str]:
        """Ask and return (status, error)."""
        answer = self.world.ask_token(at or self.hospital, fields, proof=proof)
        told = answer.json()
        assert set(told) == {"error", "error_description"}
        assert answer.headers["cache-control"] == "no-store"
        return answer.status_code, told["error"]


@contextmanager
def token_scene(folder: Path) -> Iterator[TokenScene]:
    """Run a world with a hospital, a clinic, a municipality and a person."""
    with running(folder) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        hospital = world.accredit("hospital", Kind.HOSPITAL, Role.WRITER, Role.READER)
        clinic = world.accredit("clinic", Kind.CLINIC, Role.READER)
        yield TokenScene(world, hospital, clinic, city, world.holder(city))


def jwt_claims(token: str) -> dict[str, object]:
    """Read the claims of a JWT without checking it."""
    claims: dict[str, object] = loads(base64url.decode(token.split(".")[1]))
    return claims


def strange_keys(holder: Holder) -> dict[Application, EllipticCurvePrivateKey]:
    """Return keys that are not the card's."""
    return {application: generate_private_key(SECP256R1()) for application in holder.keys}


def compact(header: object, claims: object, key: EllipticCurvePrivateKey) -> str:
    """Sign a JWS whatever its header says (RFC 7518, section 3.4)."""
    text = ".".join(base64url.encode(json.dumps(part).encode()) for part in (header, claims))
    r, s = decode_dss_signature(key.sign(text.encode(), ECDSA(SHA256())))
    return f"{text}.{base64url.encode(r.to_bytes(32) + s.to_bytes(32))}"
