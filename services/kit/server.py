"""Serving one body over TLS 1.3 with client certificates; the peer's certificate travels in the request's state."""

import asyncio
import errno
import gc
import socket
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.kit.problems import MalformedRequestError, answer

PEER_CERTIFICATE = "peer_certificate"
MOST_HEADER_BYTES = 65_536


class PortInUseError(Exception):
    """Another program listens on the port."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Where a body's TLS files lie; `authority` is the accreditation CA that client certificates must come from."""

    certificate: Path
    key: Path
    authority: Path


class PeerCertificateProtocol(HttpToolsProtocol):
    """Puts the client's certificate (DER) into `scope["state"]`, which uvicorn itself does not."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True) if tls is not None else None
        self.app_state = {**self.app_state, PEER_CERTIFICATE: der}

    def on_headers_complete(self) -> None:
        """Refuse a head that is larger than any of ours; uvicorn's parser has no limit of its own."""
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MOST_HEADER_BYTES:
            raise ValueError("the request's head is too large")  # the parser makes it a 400
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP request with a problem document, and close."""
        told = answer(MalformedRequestError.problem, detail=msg)
        fields = b"".join(name + b": " + value + b"\r\n" for name, value in told.raw_headers)
        head = b"HTTP/1.1 400 Bad Request\r\n" + fields + b"connection: close\r\n\r\n"
        self.transport.write(head + bytes(told.body))
        self.transport.close()

    def shutdown(self) -> None:
        """Close an idle connection at once; waiting for the other side's TLS farewell would hold up the stop."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
        else:
            super().shutdown()


class WithoutTraces:
    """Ends errors that were answered and logged by their kind: a trace in the log could hold what was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await self._app(scope, receive, send)
        except Exception:
            if scope["type"] != "http":
                raise


def serve(app: ASGIApp, *, host: str, port: int, tls: Tls, client_certificates: ssl.VerifyMode) -> None:
    """Serve `app` until told to stop (SIGINT, SIGTERM); open requests are finished first.

    Raises: PortInUseError.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        WithoutTraces(app),
        http=PeerCertificateProtocol,
        loop="uvloop",
        lifespan="on",
        ssl_certfile=tls.certificate,
        ssl_keyfile=tls.key,
        ssl_ca_certs=str(tls.authority),
        ssl_cert_reqs=client_certificates,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,
        server_header=False,
        access_log=False,
        log_level="warning",
    )
    config.load()
    # A1: without a certificate of the authority the handshake fails, but for the portal
    if config.ssl is None:
        raise ssl.SSLError("a body is never served without TLS")
    config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
    server = uvicorn.Server(config)
    # what is there now stays for good: looking through it again and again took a twentieth of the time
    gc.collect()
    gc.freeze()
    server.run(sockets=[listener])
    if not server.started:
        sys.exit(3)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"port {port} is in use by another program; stop it or set another port for this body"
            ) from error
        raise
    listener.listen(512)
    return listener
