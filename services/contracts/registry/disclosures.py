"""Disclosure of basic items that a person agreed to, once: what the registry is asked, and its client."""

from typing import Protocol

from services.contracts.registry.messages import ItemName
from services.kit.encoding import Base64Url, Message
from services.kit.http import Http, Token


class Disclose(Message):
    """POST /disclosures: the person by the ID centre's token, and the person's word (a JWS), sealed to the registry."""

    token: str
    disclosure: Base64Url


class DisclosedItem(Message):
    """A value, and the salt of the digest by which the confirmation names it."""

    value: str
    salt: Base64Url


class Disclosed(Message):
    """The items, and the registry's confirmation (JWS), which the bank may show to anybody."""

    items: dict[ItemName, DisclosedItem]
    confirmation: str


class Disclosures(Protocol):
    """What the client and the fake both do. Raises: RemoteProblemError, PeerUnavailableError."""

    def disclose(self, message: Disclose, *, token: Token) -> Disclosed:
        """Ask for the items that the person agreed to disclose (confirmer)."""


class DisclosuresClient:
    """See `Disclosures`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def disclose(self, message: Disclose, *, token: Token) -> Disclosed:
        """See `Disclosures`."""
        content = message.model_dump_json().encode()
        answer = self._http.send("POST", "/disclosures", token=token, content=content)
        return Disclosed.model_validate_json(answer.content)
