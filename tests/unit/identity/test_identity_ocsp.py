"""What is told about the validity of card certificates (RFC 6960), read as any client would."""

import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import (
    OCSPCertStatus,
    OCSPRequestBuilder,
    OCSPResponse,
    OCSPResponseStatus,
    load_der_ocsp_response,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from support.card_scene import CardScene
from support.identity_people import IDENTITY
from support.identity_world import running

from services.contracts.identity.card_messages import SuspendByCode
from services.contracts.identity.messages import Application, CardChange
from services.kit.certificates import create_authority, from_pem

ANY = {"Content-Type": "application/ocsp-request"}


class Scene(CardScene):
    """Somebody's card, and a bank that asks whether it counts."""

    @property
    def authority(self) -> x509.Certificate:
        told = self.world.http(IDENTITY, self.city).raw("GET", "/.well-known/card-authority.pem", headers={})
        return from_pem(told.content)

    def certificate(self, application: Application = Application.SIGNATURE) -> x509.Certificate:
        return from_pem(self.holder.issued.applications[application].certificate.encode())

    def ask(self, content: bytes) -> OCSPResponse:
        told = self.world.http(IDENTITY, self.city).raw("POST", "/ocsp", headers=ANY, content=content)
        assert (told.status_code, told.headers["content-type"]) == (200, "application/ocsp-response")
        assert told.headers["cache-control"] == "no-store"
        return load_der_ocsp_response(told.content)

    def status(self, application: Application = Application.SIGNATURE) -> OCSPResponse:
        return self.ask(request(self.certificate(application), self.authority))

    def change(self, change: CardChange) -> None:
        self.world.change_card(self.city, self.holder, change)


def request(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    algorithm: HashAlgorithm | None = None,
    nonce: bytes | None = None,
) -> bytes:
    builder = OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm or SHA1())
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path) as world:
        yield Scene.of(world)


@pytest.mark.parametrize("algorithm", [SHA1(), SHA256()])
def test_answer_is_signed_by_a_responder_whom_the_authority_delegated(
    scene: Scene, algorithm: HashAlgorithm
) -> None:
    told = scene.ask(request(scene.certificate(), scene.authority, algorithm, nonce=bytes(16)))
    (responder,) = told.certificates
    responder.verify_directly_issued_by(scene.authority)
    usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert responder.extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert responder.not_valid_after_utc - responder.not_valid_before_utc < timedelta(days=3)
    key = responder.public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    assert told.signature_hash_algorithm is not None
    key.verify(told.signature, told.tbs_response_bytes, ECDSA(told.signature_hash_algorithm))
    assert told.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == bytes(16)
    assert (told.certificate_status, told.serial_number) == (
        OCSPCertStatus.GOOD,
        scene.certificate().serial_number,
    )
    assert told.this_update_utc == scene.world.clock().replace(microsecond=0)
    assert told.next_update_utc == told.this_update_utc + timedelta(seconds=60)


def test_suspended_is_on_hold_resumed_is_good_revoked_is_revoked_at_once(scene: Scene) -> None:
    """K3, K5: no second passes between the change and the answer."""
    seen = [scene.status()]
    scene.world.cards(scene.city).suspend(SuspendByCode(code=scene.holder.issued.suspension_code))
    stopped = scene.world.clock().replace(microsecond=0)
    scene.world.clock.move(100)
    seen.append(scene.status())
    assert seen[-1].revocation_time_utc == stopped
    reasons = [seen[-1].revocation_reason]
    for change in (CardChange.RESUME, CardChange.REVOKE):
        scene.change(change)
        seen.append(scene.status())
    reasons.append(seen[-1].revocation_reason)
    assert reasons == [x509.ReasonFlags.certificate_hold, x509.ReasonFlags.cessation_of_operation]
    good, revoked = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED
    assert [each.certificate_status for each in seen] == [good, revoked, good, revoked]
    assert scene.status(Application.AUTHENTICATION).certificate_status is revoked


def test_serial_that_was_never_issued_is_unknown(scene: Scene) -> None:
    other = create_authority("other", days=1, now=scene.world.clock())
    content = request(scene.certificate(), scene.authority)
    number = scene.certificate().serial_number.to_bytes(16)
    unknown = scene.ask(content.replace(number.lstrip(b"\0"), bytes([1] * len(number.lstrip(b"\0")))))
    assert unknown.certificate_status is OCSPCertStatus.UNKNOWN
    foreign = scene.ask(request(scene.certificate(), other.certificate))
    assert foreign.response_status is OCSPResponseStatus.UNAUTHORIZED


@pytest.mark.parametrize("content", [b"", b"\x30\x03\x02\x01\x01", b"{}", bytes(3000)])
def test_what_is_no_request_is_told_so(scene: Scene, content: bytes) -> None:
    if content:
        assert scene.ask(content).response_status is OCSPResponseStatus.MALFORMED_REQUEST
    told = scene.world.http(IDENTITY, scene.city).raw("GET", "/ocsp/" + content.hex() + "!", headers={})
    assert load_der_ocsp_response(told.content).response_status is OCSPResponseStatus.MALFORMED_REQUEST


def test_answer_can_be_asked_for_in_the_address(scene: Scene) -> None:
    """RFC 6960, A.1: base 64, URL-encoded or as it is, with every sign that it may have."""
    connection = scene.world.http(IDENTITY, scene.city)
    written = b64encode(request(scene.certificate(), scene.authority)).decode()
    for address in (quote(written, safe=""), written):
        told = connection.raw("GET", f"/ocsp/{address}", headers={})
        assert load_der_ocsp_response(told.content).certificate_status is OCSPCertStatus.GOOD


def test_address_of_the_responder_opens_nothing_else(scene: Scene) -> None:
    connection = scene.world.http(IDENTITY, scene.city)
    for path in ("/ocsp/../audit", "/ocsp/%2e%2e/audit", "/ocspx", "/cards/own%2f..%2f..%2focsp/"):
        told = connection.raw("GET", path, headers={})
        other = told.headers["content-type"] != "application/ocsp-response"
        assert (
            other or load_der_ocsp_response(told.content).response_status is not OCSPResponseStatus.SUCCESSFUL
        )
        assert told.status_code in (200, 400, 401, 404)


def test_certificates_name_the_card_and_nobody(scene: Scene) -> None:
    """K2: no basic information; the two applications' uses exclude each other."""
    uses = []
    for application in Application:
        certificate = scene.certificate(application)
        certificate.verify_directly_issued_by(scene.authority)
        assert certificate.subject.rfc4514_string() == f"CN={scene.holder.issued.card}"
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        uses.append((usage.digital_signature, usage.content_commitment))
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        assert [(each.access_method, each.access_location.value) for each in access] == [
            (AuthorityInformationAccessOID.OCSP, f"{IDENTITY}/ocsp")
        ]
        with pytest.raises(x509.ExtensionNotFound):
            certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert uses == [(True, False), (False, True)]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program")
def test_openssl_believes_the_answer(scene: Scene, tmp_path: Path) -> None:
    for name, certificate in (("ca", scene.authority), ("card", scene.certificate())):
        (tmp_path / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "told").write_bytes(scene.status().public_bytes(Encoding.DER))
    words = "openssl ocsp -respin told -issuer ca.pem -cert card.pem -CAfile ca.pem -no_nonce"
    moment = ["-attime", str(int(scene.world.clock().timestamp())), "-validity_period", "4000000000"]
    done = subprocess.run(
        [*words.split(), *moment], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "Response verify OK" in done.stderr + done.stdout, done
    assert "card.pem: good" in done.stdout
