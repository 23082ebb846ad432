"""Certificates that a TLS 1.3 handshake accepts, and those that it refuses."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key

from services.kit.certificates import (
    Authority,
    CertificateError,
    Usage,
    create_authority,
    from_pem,
    issue,
    load_authority,
    thumbprint,
    to_pem,
)
from services.kit.http import client_context
from services.kit.keys import pem, write_private
from services.kit.server import Tls

NOW = datetime.now(UTC)


@pytest.fixture
def authority() -> Authority:
    """Make an authority."""
    return create_authority("Authority", days=10, now=NOW)


def test_both_sides_accept_each_other(tmp_path: Path, authority: Authority) -> None:
    server = _files(tmp_path / "server", authority, Usage.SERVER, sans=["127.0.0.1", "localhost"])
    client = _files(tmp_path / "client", authority, Usage.CLIENT, sans=["urn:sekisho:terminal:desk"])
    seen = _handshake(server, client_context(authority=server.authority, tls=client))
    assert seen == from_pem(client.certificate.read_bytes())


# step A1
def test_a_client_of_another_authority_is_refused(tmp_path: Path, authority: Authority) -> None:
    other = create_authority("Authority", days=10, now=NOW)
    server = _files(tmp_path / "server", authority, Usage.SERVER, sans=["localhost"])
    client = _files(tmp_path / "client", other, Usage.CLIENT, sans=[])
    with pytest.raises(ssl.SSLError):
        _handshake(server, client_context(authority=server.authority, tls=client))


def test_a_terminals_certificate_is_no_servers(tmp_path: Path, authority: Authority) -> None:
    server = _files(tmp_path / "server", authority, Usage.CLIENT, sans=["localhost"])
    client = _files(tmp_path / "client", authority, Usage.CLIENT, sans=[])
    with pytest.raises(ssl.SSLError):
        _handshake(server, client_context(authority=server.authority, tls=client))


def test_no_certificate_outlives_its_authority(authority: Authority) -> None:
    key = generate_private_key(SECP256R1())
    issued = issue(
        authority, key.public_key(), common_name="x", sans=[], usages=[Usage.CLIENT], days=900, now=NOW
    )
    assert issued.not_valid_after_utc == authority.certificate.not_valid_after_utc
    issued.verify_directly_issued_by(authority.certificate)


def test_cards_certificates_are_for_their_one_use(authority: Authority) -> None:
    key = generate_private_key(SECP256R1()).public_key()
    signing, authenticating = (
        issue(authority, key, common_name="card", sans=[], usages=[usage], days=1, now=NOW)
        for usage in (Usage.CARD_SIGNATURE, Usage.CARD_AUTHENTICATION)
    )
    for certificate, signs in ((signing, True), (authenticating, False)):
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        assert (usage.content_commitment, usage.digital_signature) == (signs, not signs)
        with pytest.raises(x509.ExtensionNotFound):
            certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)


def test_an_authority_is_loaded_with_its_own_key_only(authority: Authority) -> None:
    told = to_pem(authority.certificate).encode()
    assert load_authority(told, authority.key).certificate == authority.certificate
    with pytest.raises(CertificateError):
        load_authority(told, generate_private_key(SECP256R1()))
    with pytest.raises(CertificateError):
        load_authority(b"no certificate", authority.key)


def test_a_key_on_another_curve_gets_no_certificate(authority: Authority) -> None:
    key = generate_private_key(SECP384R1()).public_key()
    with pytest.raises(CertificateError):
        issue(authority, key, common_name="x", sans=[], usages=[Usage.CLIENT], days=1, now=NOW)


def test_serial_numbers_come_from_the_randomness_that_was_handed_in(authority: Authority) -> None:
    key = generate_private_key(SECP256R1()).public_key()

    def issued(filling: int) -> x509.Certificate:
        return issue(
            authority,
            key,
            common_name="x",
            sans=[],
            usages=[Usage.CLIENT],
            days=1,
            now=NOW,
            randomness=lambda size: bytes([filling]) * size,
        )

    assert issued(8).serial_number == int.from_bytes(bytes([8]) * 16) >> 1
    assert thumbprint(issued(8)) != thumbprint(issued(9))


def _files(folder: Path, authority: Authority, usage: Usage, *, sans: list[str]) -> Tls:
    key = generate_private_key(SECP256R1())
    issued = issue(
        authority,
        key.public_key(),
        common_name="x",
        sans=sans,
        usages=[usage],
        days=1,
        now=NOW - timedelta(minutes=1),
    )
    tls = Tls(folder / "certificate.pem", folder / "key.pem", folder / "authority.pem")
    write_private(tls.certificate, to_pem(issued).encode())
    write_private(tls.key, pem(key))
    write_private(tls.authority, to_pem(authority.certificate).encode())
    return tls


def _handshake(server: Tls, client: ssl.SSLContext) -> x509.Certificate:
    """Return the client's certificate as the server saw it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(server.certificate, server.key)
    context.load_verify_locations(server.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(down, up, server_hostname="localhost"),
        context.wrap_bio(up, down, server_side=True),
    ]
    waiting = list(ends)
    for _ in range(6):
        for end in list(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(end)
    assert not waiting
    der = ends[1].getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)
