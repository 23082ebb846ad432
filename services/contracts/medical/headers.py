"""Headers of bundles on their way from one wallet's keys to the next one's: messages, and the client (Y4)."""

from typing import Annotated, Final, Protocol

from pydantic import Field

from services.contracts.medical.messages import Label, Name, Octets
from services.kit.encoding import Message
from services.kit.http import Http, Token

MAX_HEADERS: Final = 500
HEADERS_TYPE: Final = "sekisho-wallet-headers+jws"


class Header(Message):
    """What a bundle's content key is sealed to now."""

    bundle: Name
    compartment: Label
    message_kit: Octets


class Headers(Message):
    """Answer of GET and PUT /headers (Y4): some headers that are to be handed over, and how many are left in all."""

    headers: list[Header]
    left: int


class StageHeaders(Message):
    """PUT /headers (Y4): content keys under the keys to come.

    `statement` is signed by the announced wallet (`HEADERS_TYPE`): id, compartment and SHA-256 of each message kit.
    """

    statement: Annotated[str, Field(min_length=1, max_length=1 << 20)]
    headers: Annotated[list[Header], Field(min_length=1, max_length=MAX_HEADERS)]


class HeaderKeeper(Protocol):
    """What the client and the fake both do. Raises from every method: RemoteProblemError, PeerUnavailableError."""

    def headers(self, *, token: Token) -> Headers:
        """Return headers that are not yet handed over to the announced wallet (the person)."""

    def stage(self, message: StageHeaders, *, token: Token) -> Headers:
        """Lay down the headers to come; returns some of what is left (the person)."""


class HeadersClient:
    """See `HeaderKeeper`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def headers(self, *, token: Token) -> Headers:
        """See `HeaderKeeper`."""
        return Headers.model_validate_json(self._http.send("GET", "/headers", token=token).content)

    def stage(self, message: StageHeaders, *, token: Token) -> Headers:
        """See `HeaderKeeper`."""
        content = message.model_dump_json().encode()
        return Headers.model_validate_json(
            self._http.send("PUT", "/headers", token=token, content=content).content
        )
