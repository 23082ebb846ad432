"""Talking to the bodies: directly with a terminal's certificate, or through My Portal's relay."""

import ssl
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import httpx
from pydantic import ValidationError

from consent.vocabulary import Body
from services.gateway.errors import NotVerifiedError, refusal
from services.kit.credentials.dpop import DpopKey
from services.kit.encoding import Message
from services.kit.http import Http, RemoteProblemError, Token

Answer = TypeVar("Answer", bound=Message)


class Connection(Protocol):
    """A way to one body; `base_url` is the body's own address, the audience of its tokens."""

    @property
    def base_url(self) -> str:
        """The body's own address."""

    def form(self, path: str, fields: Mapping[str, str], *, key: DpopKey) -> Any:
        """Send a form with a DPoP proof and no token."""

    def send(
        self,
        method: str,
        path: str,
        *,
        token: Token | None = None,
        content: bytes | None = None,
        media_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request and return the answer if it is a success."""


Connect = Callable[[Body], Connection]
"""How to reach each body."""


class Relayed:
    """A connection to a body through My Portal, for people who have no terminal of their own.

    The proofs are for the body's own address: the portal passes them on and can use them nowhere.
    """

    def __init__(self, portal: Http, *, body: Body, url: str) -> None:
        self.base_url = url.rstrip("/")
        self._portal = portal
        self._prefix = f"/relay/{body.value}"

    def form(self, path: str, fields: Mapping[str, str], *, key: DpopKey) -> Any:
        """Send a form with a DPoP proof and no token."""
        return self._portal.form(self._prefix + path, fields, key=key, htu=self.base_url + path)

    def send(
        self,
        method: str,
        path: str,
        *,
        token: Token | None = None,
        content: bytes | None = None,
        media_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request and return the answer if it is a success."""
        return self._portal.send(
            method,
            self._prefix + path,
            token=token,
            content=content,
            media_type=media_type,
            query=query,
            htu=self.base_url + path,
        )


def direct(urls: Mapping[Body, str], *, context: ssl.SSLContext) -> Connect:
    """Reach the bodies themselves, with the certificate that `context` presents; one pool for each body."""
    pools = {body: Http(url, context=context) for body, url in urls.items()}
    return pools.__getitem__


def relayed(portal: Http, urls: Mapping[Body, str]) -> Connect:
    """Reach the bodies through My Portal."""
    ways = {body: Relayed(portal, body=body, url=url) for body, url in urls.items()}
    return ways.__getitem__


def ask(
    connection: Connection,
    method: str,
    path: str,
    *,
    answer: type[Answer],
    message: Message | None = None,
    token: Token | None = None,
) -> Answer:
    """Send a message and return the answer in its form.

    Raises: RefusedError with the body's code; NotVerifiedError for an answer that is not of that form;
    kit's PeerUnavailableError.
    """
    content = None if message is None else message.model_dump_json(by_alias=True).encode()
    try:
        response = connection.send(method, path, token=token, content=content)
    except RemoteProblemError as problem:
        raise refusal(problem) from problem
    try:
        return answer.model_validate_json(response.content)
    except ValidationError as error:
        raise NotVerifiedError(f"{method} {path} was answered in another form; compare versions") from error
