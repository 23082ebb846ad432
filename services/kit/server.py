"""Serving one body over TLS 1.3 with client certificates; the peer's certificate travels in the request's state."""

import asyncio
import errno
import socket
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PEER_CERTIFICATE = "peer_certificate"


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

    def shutdown(self) -> None:
        """Close an idle connection at once; waiting for the other side's TLS farewell would hold up the stop."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
        else:
            super().shutdown()


def serve(app: ASGIApp, *, host: str, port: int, tls: Tls, client_certificates: ssl.VerifyMode) -> None:
    """Serve `app` until told to stop (SIGINT, SIGTERM); open requests are finished first.

    Raises: PortInUseError.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
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
    if config.ssl is None:
        raise ssl.SSLError("a body is never served without TLS")
    config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
    server = uvicorn.Server(config)
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
