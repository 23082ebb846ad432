"""A guardian's signature in a directive: over the terms, for one body and one person, in a capacity.

The wallet signs the directive and makes the fragments, as ever; the guardian's key, which is another one for every
body and every ward, says who decided. Two bodies find nothing in common in it, and neither learns whose key it is.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field

from consent import base64url, canonical, jws
from consent.canonical import JsonObject
from consent.errors import SignatureError
from consent.guardians import Capacity
from consent.identifiers import Pseudonym
from consent.jwk import PublicJwk, thumbprint, to_jwk
from consent.terms import Terms, terms_payload
from consent.vocabulary import Body
from consent.wire import WireModel

GUARDIAN_SIGNATURE: Final = "sekisho-guardian-signature+jws"

SignedText = Annotated[str, Field(pattern=r"^[!-~]{1,2000}$")]


@dataclass(frozen=True, slots=True)
class GuardianSignature:
    """What a directive carries: as what the guardian acts, and the signed text."""

    capacity: Capacity
    proof: str

    @property
    def kid(self) -> str:
        """The key that it claims to be signed with; proves nothing. Raises: SignatureError."""
        return jws.peek_kid(self.proof)

    def verify(self, key: PublicJwk, *, body: Body, person: Pseudonym, terms: Terms) -> None:
        """Check that this key signed these very terms, for this body, person and capacity.

        Raises: SignatureError; MalformedError if the key is not one.
        """
        signed = jws.verify_with_jwk(self.proof, typ=GUARDIAN_SIGNATURE, jwk=key).payload
        if signed != canonical.encode(_payload(self.capacity, body, person=person, terms=terms)):
            raise SignatureError


class GuardianSignatureWire(WireModel):
    """Wire form of `GuardianSignature`."""

    capacity: Capacity
    proof: SignedText


def sign_as_guardian(
    key: Ed25519PrivateKey, capacity: Capacity, *, body: Body, person: Pseudonym, terms: Terms
) -> GuardianSignature:
    """Sign terms for one body, as a guardian of one person."""
    payload = _payload(capacity, body, person=person, terms=terms)
    kid = thumbprint(to_jwk(key.public_key()))
    return GuardianSignature(capacity, jws.sign(payload, typ=GUARDIAN_SIGNATURE, key=key, kid=kid))


def guardian_payload(signature: GuardianSignature) -> JsonObject:
    """Write a guardian's signature as a directive carries it."""
    return {"capacity": signature.capacity, "proof": signature.proof}


def _payload(capacity: Capacity, body: Body, *, person: Pseudonym, terms: Terms) -> JsonObject:
    digest = base64url.encode(sha256(canonical.encode(terms_payload(terms))).digest())
    return {"body": body, "person": person, "capacity": capacity, "terms": digest}
