"""Ways to the bodies: directly with a terminal's certificate, or through My Portal's relay."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import httpx
from pydantic import ValidationError

from consent.vocabulary import Body
from services.gateway.errors import NotVerifiedError, refusal
from services.kit.credentials.dpop import DpopKey
from services.kit.http import Http, RemoteProblemError, Token


class Connect(Protocol):
    """How to reach each body; a connection's `base_url` is the body's own address, the audience of its tokens."""

    def __call__(self, body: Body) -> Http:
        """Return the connection to a body."""

    def close(self) -> None:
        """Close all connections."""


class Direct:
    """Reaches the bodies themselves, with the certificate that `context` presents; one pool for each body."""

    def __init__(self, urls: Mapping[Body, str], *, context: ssl.SSLContext) -> None:
        self._pools = {body: Http(url, context=context) for body, url in urls.items()}

    def __call__(self, body: Body) -> Http:
        """Return the connection to a body."""
        return self._pools[body]

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()


class ThroughPortal:
    """Reaches the bodies through My Portal's relay."""

    def __init__(self, portal: Http, urls: Mapping[Body, str]) -> None:
        self._portal = portal
        self._ways = {body: Relayed(portal, body=body, url=url) for body, url in urls.items()}

    def __call__(self, body: Body) -> Http:
        """Return the connection to a body."""
        return self._ways[body]

    def close(self) -> None:
        """Close the connection to the portal."""
        self._portal.close()


class Relayed(Http):
    """A connection to a body through My Portal, for people who have no terminal of their own.

    The proofs are for the body's own address: the portal passes them on and can use them nowhere.
    """

    def __init__(self, portal: Http, *, body: Body, url: str) -> None:  # the pool is the portal's
        self.base_url = url.rstrip("/")
        self._portal = portal
        self._prefix = f"/relay/{body.value}"

    def form(
        self, path: str, fields: Mapping[str, str], *, key: DpopKey, htu: str | None = None
    ) -> httpx.Response:
        """Send a form with a DPoP proof and no token and return the answer if it is a success."""
        return self._portal.form(self._prefix + path, fields, key=key, htu=htu or self.base_url + path)

    def send(
        self,
        method: str,
        path: str,
        *,
        token: Token | None = None,
        content: bytes | None = None,
        media_type: str = "application/json",
        query: Mapping[str, str] | None = None,
        htu: str | None = None,
    ) -> httpx.Response:
        """Send one request and return the answer if it is a success."""
        return self._portal.send(
            method,
            self._prefix + path,
            token=token,
            content=content,
            media_type=media_type,
            query=query,
            htu=htu or self.base_url + path,
        )

    def close(self) -> None:
        """Leave the portal's pool to whoever opened it."""


@contextmanager
def answers() -> Iterator[None]:
    """Turn what a body refuses, or answers in another form, into this package's errors.

    Raises: RefusedError with the body's code; NotVerifiedError.
    """
    try:
        yield
    except RemoteProblemError as problem:
        raise refusal(problem) from problem
    except ValidationError as error:
        raise NotVerifiedError(
            "a body answered in another form; compare the versions of both sides"
        ) from error
