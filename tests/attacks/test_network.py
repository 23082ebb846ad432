"""Somebody on the network: older TLS, none, other authorities, certificates that are over or another body's."""

import socket
import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from consent.vocabulary import Body
from services.demo.scene import Scene
from services.deployment.organisations import credential_folder
from services.gateway.credentials import tls_of
from services.kit.certificates import Authority, Usage, create_authority, issue, load_authority, to_pem
from services.kit.clock import system_clock
from services.kit.http import client_context
from services.kit.keys import KeyFolder, pem, write_private
from services.kit.server import Tls

pytestmark = pytest.mark.processes


def test_older_tls_is_refused_by_every_body(deployment: Scene) -> None:
    """OL5: a client that can do no better than TLS 1.2 gets no handshake."""
    for body in Body:
        context = _context(deployment)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            _connect(deployment, body, context)
        assert _connect(deployment, body, _context(deployment)) == "TLSv1.3"


def test_plain_http_gets_no_answer_from_any_body(deployment: Scene) -> None:
    """OL5: there is nothing to listen to, and no redirect."""
    for body in Body:
        address = deployment.layout.url(body).replace("https", "http") + "/healthz"
        with pytest.raises(httpx.HTTPError), httpx.Client(trust_env=False, timeout=5) as client:
            client.get(address)


def test_client_refuses_a_server_of_another_authority(deployment: Scene, tmp_path: Path) -> None:
    """OL5: who stands in for a body without the accreditation's certificate is not talked to."""
    other = create_authority("Accreditation", days=10, now=system_clock())
    write_private(tmp_path / "authority.pem", to_pem(other.certificate).encode())
    own = tls_of(credential_folder(deployment.layout, "clinic-c"))
    context = client_context(authority=tmp_path / "authority.pem", tls=own)
    for body in Body:
        with pytest.raises(ssl.SSLCertVerificationError):
            _connect(deployment, body, context)


Certify = Callable[[Scene], Authority]


def strange(_scene: Scene) -> Authority:
    return create_authority("Sekisho accreditation", days=10, now=system_clock())


def own(scene: Scene) -> Authority:
    folder = scene.layout.body(Body.OVERSIGHT)
    key = KeyFolder(folder / "keys").p256("accreditation")
    return load_authority(scene.layout.authority.read_bytes(), key)


@pytest.mark.parametrize(
    ("authority", "usage", "ago"),
    [
        (strange, Usage.CLIENT, timedelta()),
        (own, Usage.SERVER, timedelta()),
        (own, Usage.CLIENT, timedelta(days=3)),
        (own, Usage.CLIENT, timedelta()),
    ],
    ids=["another authority", "a server's", "expired", "accredited by nobody"],
)
def test_client_certificate_that_does_not_count_opens_nothing(
    deployment: Scene, tmp_path: Path, authority: Certify, usage: Usage, ago: timedelta
) -> None:
    """OL5, OL1: the handshake fails, or, where the certificate is genuine and nobody's, the request."""
    key = generate_private_key(SECP256R1())
    made = issue(
        authority(deployment),
        key.public_key(),
        common_name="clinic-c",
        sans=["urn:sekisho:terminal:clinic-c"],
        usages=[usage],
        days=1,
        now=system_clock() - ago,
    )
    tls = Tls(tmp_path / "certificate.pem", tmp_path / "key.pem", deployment.layout.authority)
    write_private(tls.key, pem(key))
    write_private(tls.certificate, to_pem(made).encode())
    for body in (each for each in Body if each is not Body.PORTAL):
        context = client_context(authority=deployment.layout.authority, tls=tls)
        with httpx.Client(verify=context, trust_env=False, timeout=5) as client:
            try:
                answer = client.get(deployment.layout.url(body) + "/log/checkpoint")
            except httpx.HTTPError:
                continue
        assert answer.status_code == 401, body.value


def test_another_bodys_certificate_gets_what_is_that_bodys_only(deployment: Scene) -> None:
    """OL5: the right authority, the wrong centre."""
    folder = deployment.layout.body(Body.MEDICAL) / "tls"
    tls = Tls(folder / "certificate.pem", folder / "key.pem", folder / "authority.pem")
    context = client_context(authority=deployment.layout.authority, tls=tls)
    with httpx.Client(verify=context, trust_env=False, timeout=5) as client:
        url = deployment.layout.url(Body.REGISTRY)
        assert client.post(f"{url}/presence", json={"token": "x"}).status_code == 403
        assert client.get(f"{url}/history").status_code == 403
        identity = deployment.layout.url(Body.IDENTITY)
        assert client.get(f"{identity}/oauth/token-status").status_code == 200


def _context(scene: Scene) -> ssl.SSLContext:
    tls = tls_of(credential_folder(scene.layout, "clinic-c"))
    return client_context(authority=scene.layout.authority, tls=tls)


def _connect(scene: Scene, body: Body, context: ssl.SSLContext) -> str | None:
    address = (scene.layout.host, scene.layout.ports[body])
    with (
        socket.create_connection(address, timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=scene.layout.host) as connection,
    ):
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert connection.recv(12)
        return connection.version()
