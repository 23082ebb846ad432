"""Asking the registry for a statement of one's items about one's signature certificate (K2)."""

from typing import Annotated, Protocol

from pydantic import Field

from consent.identifiers import OrganisationId
from services.kit.encoding import Message
from services.kit.http import Http, Token

Serial = Annotated[str, Field(pattern=r"^[0-9a-f]{1,40}$")]


class StateAttributes(Message):
    """POST /attribute-statements: which certificate, and the ID centre's word that it is the caller's."""

    certificate: Serial
    token: str


class StatedAttributes(Message):
    """The registry's signed statement."""

    statement: str


class AttributeRegistry(Protocol):
    """What the client and the fake both do. Raises: RemoteProblemError, PeerUnavailableError."""

    def state_attributes(self, message: StateAttributes, *, token: Token) -> StatedAttributes:
        """Have the person's items stated about their certificate (person)."""


class AttributeClient:
    """See `AttributeRegistry`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def state_attributes(self, message: StateAttributes, *, token: Token) -> StatedAttributes:
        """See `AttributeRegistry`."""
        content = message.model_dump_json().encode()
        answer = self._http.send("POST", "/attribute-statements", token=token, content=content)
        return StatedAttributes.model_validate_json(answer.content)


def about_certificate(serial: str) -> OrganisationId:
    """Return for whom the ID centre's word about a certificate is: nobody but the registry, for this one."""
    return OrganisationId(f"certificate:{serial}")
