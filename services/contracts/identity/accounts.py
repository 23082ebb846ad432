"""Opening an account at a bank: what the ID centre is asked, and its client."""

from typing import Protocol

from services.contracts.identity.messages import Reference
from services.kit.encoding import Base64Url, Message
from services.kit.http import Http, Token


class OpenAccount(Message):
    """POST /accounts: the card's consent (a JWS), sealed to the ID centre by the person's side."""

    consent: Base64Url


class OpenedAccount(Message):
    """How this bank names the person from now on, whom to ask the registry about, and the card's standing (JWS)."""

    reference: Reference
    registry_token: str
    standing: str


class Accounts(Protocol):
    """What the client and the fake both do. Raises: RemoteProblemError, PeerUnavailableError."""

    def open(self, message: OpenAccount, *, token: Token) -> OpenedAccount:
        """Have a card's consent checked (confirmer)."""


class AccountsClient:
    """See `Accounts`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def open(self, message: OpenAccount, *, token: Token) -> OpenedAccount:
        """See `Accounts`."""
        content = message.model_dump_json().encode()
        answer = self._http.send("POST", "/accounts", token=token, content=content)
        return OpenedAccount.model_validate_json(answer.content)
