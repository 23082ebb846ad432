"""A person's passkeys, seen and removed from the person's side; a device makes one in My Portal."""

from collections.abc import Sequence

from consent.vocabulary import Body
from services.contracts.identity.passkey_client import PasskeyClient
from services.contracts.identity.passkey_messages import Passkey, RemovePasskey
from services.gateway.person import Person


def passkeys(person: Person) -> Sequence[Passkey]:
    """Return the person's passkeys, oldest first. Raises: RefusedError, kit's PeerUnavailableError."""
    return person.ask(Body.IDENTITY, lambda http, token: PasskeyClient(http).passkeys(token=token)).passkeys


def remove_passkey(person: Person, passkey: Passkey) -> Sequence[Passkey]:
    """Remove a passkey: it signs nobody in, and what it signed in ends; return those that are left."""
    message = RemovePasskey(id=passkey.id)
    return person.ask(
        Body.IDENTITY, lambda http, token: PasskeyClient(http).remove_passkey(message, token=token)
    ).passkeys
