"""What a keeper gives back to the person."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from consent import base64url
from services.contracts.recovery import RELEASE_INFO, ReleasedParts
from services.kit.credentials.pseudonyms import seal_to
from services.kit.egress import egress
from services.recovery.store import KeptPart


@egress(
    to="the person, signed in with a new card",
    fields="this body's part of the person's wallet, sealed to a key of the person's",
    purpose="recovering a lost wallet",
    ground="a registrar's confirmation checked against this body's own register, with the paper's proof or a second "
    "registrar's confirmation",
    answers=("POST /recovery/releases",),
)
def released(parts: Sequence[KeptPart], *, key: X25519PublicKey) -> ReleasedParts:
    """L5: return the parts."""
    return ReleasedParts(
        parts=[base64url.encode(seal_to(key, each.part, info=RELEASE_INFO)) for each in parts]
    )
