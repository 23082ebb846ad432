"""Bodies in this process behind their real gates: `Http` without sockets, a client certificate without TLS."""

import ssl
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from consent import base64url
from services.kit.clock import Clock, Randomness
from services.kit.http import Http, PeerUnavailableError, RemoteProblemError
from services.kit.server import PEER_CERTIFICATE

PEER = "test-peer"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used to connect


class PeerFromHeader:
    """Stands for the TLS layer: puts the client's certificate where the server would."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its certificate."""
        if scope["type"] == "http":
            told = [value for name, value in scope["headers"] if name == PEER.encode()]
            scope.setdefault("state", {})[PEER_CERTIFICATE] = (
                base64url.decode(told[0].decode()) if told else None
            )
            scope["headers"] = [each for each in scope["headers"] if each[0] != PEER.encode()]
        await self._app(scope, receive, send)


class AppHttp(Http):
    """`Http` to an application in this process, with the certificate of one client."""

    def __init__(
        self, url: str, client: TestClient | None, *, certificate: bytes, clock: Clock, randomness: Randomness
    ) -> None:
        super().__init__(url, context=NO_TLS, clock=clock, randomness=randomness)
        self.application = client
        self._peer = {PEER: base64url.encode(certificate)}

    def raw(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send exactly this, and return whatever comes back."""
        return self._request(method, path, headers=headers, data=form, content=content, query=None)

    def _request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        data: Mapping[str, str] | None,
        content: bytes | None,
        query: Mapping[str, str] | None,
    ) -> httpx.Response:
        if self.application is None:
            raise PeerUnavailableError(f"{self.base_url} does not answer")
        answer: Any = self.application.request(
            method,
            self.base_url + path,
            headers={**headers, **self._peer},
            data=dict(data) if data is not None else None,
            content=content,
            params=dict(query) if query is not None else None,
        )
        assert isinstance(answer, httpx.Response)
        return answer


def refused(code: str, status: int) -> pytest.RaisesExc[RemoteProblemError]:
    """Expect a problem document with this code and status."""
    return pytest.raises(RemoteProblemError, check=lambda error: (error.code, error.status) == (code, status))
