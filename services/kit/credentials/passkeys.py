"""Passkeys (WebAuthn level 3): what a device signed, for exactly one page, challenge and proof key.

The challenge that the device signs is the hash of the ID centre's challenge and of the proof key, so a relay cannot put
its own key in place of the person's. User verification (PIN, finger, face of the device) is required.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from pydantic import JsonValue
from webauthn import (
    base64url_to_bytes,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
"""Browsers ask for the first and the last: some devices make one kind only."""
LONGEST_ID: Final = 1023


class PasskeyError(Exception):
    """What the device signed does not count here and now; the message says no more than that."""

    def __init__(self) -> None:
        super().__init__("the passkey's answer does not verify")


@dataclass(frozen=True, slots=True)
class Page:
    """The one page whose passkeys count: `origin` is scheme, host and port; its host is the RP ID."""

    origin: str

    @property
    def rp_id(self) -> str:
        """The host to which passkeys are bound."""
        return urlsplit(self.origin).hostname or ""


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that a device has just made. Shape: `public_key` is COSE."""

    id: bytes
    public_key: bytes = field(repr=False)
    count: int


def signed_challenge(challenge: str, jkt: str) -> bytes:
    """Return what a device signs to sign in: it names the proof key, too."""
    return hashlib.sha256(f"{challenge}.{jkt}".encode()).digest()


def registration_options(
    page: Page, *, challenge: str, name: str, handle: bytes, known: list[bytes]
) -> dict[str, JsonValue]:
    """Return the options of `navigator.credentials.create`; devices that hold a `known` passkey make no second one."""
    made = generate_registration_options(
        rp_id=page.rp_id,
        rp_name="Sekisho",
        user_name=name,
        user_id=handle,
        challenge=challenge.encode(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        supported_pub_key_algs=ALGORITHMS,
    )
    told: dict[str, JsonValue] = json.loads(options_to_json(made))
    return told


def verify_registration(credential: Mapping[str, JsonValue], *, challenge: str, page: Page) -> NewPasskey:
    """Return the passkey that a device made for this page and challenge. Raises: PasskeyError."""
    try:
        made = verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge.encode(),
            expected_rp_id=page.rp_id,
            expected_origin=page.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise PasskeyError from error
    return NewPasskey(made.credential_id, made.credential_public_key, made.sign_count)


def verify_use(
    credential: Mapping[str, JsonValue], *, challenge: bytes, page: Page, public_key: bytes, count: int
) -> int:
    """Return the device's counter after a use; one that does not rise is a copy's. Raises: PasskeyError."""
    try:
        used = verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=page.rp_id,
            expected_origin=page.origin,
            credential_public_key=public_key,
            credential_current_sign_count=count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise PasskeyError from error
    return used.new_sign_count


def credential_id(credential: Mapping[str, JsonValue]) -> bytes:
    """Return which passkey an answer says that it is of. Raises: PasskeyError."""
    told = credential.get("id")
    if not isinstance(told, str) or not told or len(told) > 2 * LONGEST_ID:
        raise PasskeyError
    try:
        return base64url_to_bytes(told)
    except ValueError as error:
        raise PasskeyError from error


def spelled(identifier: bytes) -> str:
    """Return a passkey's id as devices and pages spell it."""
    return bytes_to_base64url(identifier)
