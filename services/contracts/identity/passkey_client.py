"""Calls about passkeys, by a person's side."""

from typing import Protocol, TypeVar

from services.contracts.identity.passkey_messages import (
    AddPasskey,
    AskPasskeyOptions,
    PasskeyOptions,
    Passkeys,
    RemovePasskey,
)
from services.kit.encoding import Message
from services.kit.http import Http, Token

Answer = TypeVar("Answer", bound=Message)


class PasskeyDesk(Protocol):
    """What the client and the fake both do. Raises from every method: RemoteProblemError, PeerUnavailableError."""

    def passkey_options(self, message: AskPasskeyOptions, *, token: Token) -> PasskeyOptions:
        """Ask what a device is to be told to make a passkey (person, by card)."""

    def add_passkey(self, message: AddPasskey, *, token: Token) -> Passkeys:
        """Add what the device made (person, by card)."""

    def passkeys(self, *, token: Token) -> Passkeys:
        """Return the person's passkeys."""

    def remove_passkey(self, message: RemovePasskey, *, token: Token) -> Passkeys:
        """Remove a passkey."""


class PasskeyClient:
    """See `PasskeyDesk`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def passkey_options(self, message: AskPasskeyOptions, *, token: Token) -> PasskeyOptions:
        """See `PasskeyDesk`."""
        return self._post("/passkeys/options", message, PasskeyOptions, token=token)

    def add_passkey(self, message: AddPasskey, *, token: Token) -> Passkeys:
        """See `PasskeyDesk`."""
        return self._post("/passkeys", message, Passkeys, token=token)

    def passkeys(self, *, token: Token) -> Passkeys:
        """See `PasskeyDesk`."""
        return Passkeys.model_validate_json(self._http.send("GET", "/passkeys", token=token).content)

    def remove_passkey(self, message: RemovePasskey, *, token: Token) -> Passkeys:
        """See `PasskeyDesk`."""
        return self._post("/passkeys/removals", message, Passkeys, token=token)

    def _post(self, path: str, message: Message, kind: type[Answer], *, token: Token) -> Answer:
        content = message.model_dump_json().encode()
        return kind.model_validate_json(self._http.send("POST", path, token=token, content=content).content)
