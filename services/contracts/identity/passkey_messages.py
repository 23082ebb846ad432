"""Messages about a person's passkeys."""

from typing import Annotated, Final

from pydantic import Field, JsonValue

from services.kit.encoding import Base64Url, Message

PASSKEY_GRANT: Final = "urn:sekisho:params:oauth:grant-type:passkey"
"""Extension grant (RFC 6749, section 4.5): `assertion` is the device's answer as base64url of JSON
(AuthenticationResponseJSON), `challenge` the ID centre's challenge."""
PasskeyId = Annotated[Base64Url, Field(min_length=1, max_length=1364)]
PasskeyName = Annotated[str, Field(min_length=1, max_length=60)]


class AskPasskeyOptions(Message):
    """POST /passkeys/options: the person, signed in with the card, wants to add a passkey of this name."""

    name: PasskeyName


class PasskeyOptions(Message):
    """What `navigator.credentials.create` is to be called with (PublicKeyCredentialCreationOptionsJSON)."""

    challenge: str
    options: dict[str, JsonValue]


class AddPasskey(Message):
    """POST /passkeys: what the device made (RegistrationResponseJSON) for the challenge."""

    name: PasskeyName
    challenge: str
    credential: dict[str, JsonValue]


class Passkey(Message):
    """One passkey of the person. Units: epoch seconds."""

    id: PasskeyId
    name: str
    added: int
    used: int | None


class Passkeys(Message):
    """GET /passkeys, and the answer to every change: the person's passkeys, oldest first."""

    passkeys: list[Passkey]


class RemovePasskey(Message):
    """POST /passkeys/removals: it signs nobody in any more, and what it signed in ends."""

    id: PasskeyId
