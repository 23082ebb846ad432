"""X.509 certificates (P-256, RFC 5280): an authority, and what it issues to servers, terminals and cards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from services.kit.clock import Randomness, system_randomness

BACKDATED = timedelta(minutes=5)
SERIAL_BYTES = 16


class CertificateError(Exception):
    """A certificate cannot be issued or read as asked; the message says what to correct."""


class Usage(Enum):
    """What a certificate's key may be used for."""

    SERVER = "server"
    CLIENT = "client"
    CARD_AUTHENTICATION = "card-authentication"
    CARD_SIGNATURE = "card-signature"
    OCSP_RESPONDER = "ocsp-responder"


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority: its self-signed certificate and its key."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey = field(repr=False)


def create_authority(
    name: str,
    *,
    days: int,
    now: datetime,
    key: EllipticCurvePrivateKey | None = None,
    randomness: Randomness = system_randomness,
) -> Authority:
    """Return a new authority that may issue end certificates only; without `key` it makes one."""
    own = key or generate_private_key(SECP256R1())
    subject = _name(name)
    certificate = (
        _builder(own.public_key(), days=days, now=now, randomness=randomness)
        .subject_name(subject)
        .issuer_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage("key_cert_sign", "crl_sign"), critical=True)
        .sign(own, SHA256())
    )
    return Authority(certificate, own)


def load_authority(certificate: bytes, key: EllipticCurvePrivateKey) -> Authority:
    """Return the authority of a PEM certificate and its key.

    Raises: CertificateError when they do not belong together.
    """
    read = from_pem(certificate)
    if read.public_key() != key.public_key():
        raise CertificateError("the authority's certificate is for another key; restore both from one backup")
    return Authority(read, key)


def issue(
    authority: Authority,
    public_key: EllipticCurvePublicKey,
    *,
    common_name: str,
    sans: Sequence[str],
    usages: Iterable[Usage],
    days: int,
    now: datetime,
    randomness: Randomness = system_randomness,
    ocsp_url: str | None = None,
) -> x509.Certificate:
    """Return an end certificate, never valid beyond its authority.

    Shape: each of `sans` is an IP address, a URI (`urn:...`) or a DNS name; `ocsp_url` is where its validity is told.
    Units: `days` from `now`.
    Raises: CertificateError for a key that is not P-256.
    """
    named = frozenset(usages)
    builder = (
        _builder(
            public_key,
            days=days,
            now=now,
            randomness=randomness,
            latest=authority.certificate.not_valid_after_utc,
        )
        .subject_name(_name(common_name))
        .issuer_name(authority.certificate.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_end_usage(named), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
        )
    )
    extended = [_EXTENDED[usage] for usage in Usage if usage in named and usage in _EXTENDED]
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    if Usage.OCSP_RESPONDER in named:
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    if ocsp_url is not None:
        told = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_url)
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([told]), critical=False)
    if sans:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_san(san) for san in sans]), critical=False
        )
    return builder.sign(authority.key, SHA256())


def thumbprint(certificate: x509.Certificate) -> str:
    """Return what the register knows a certificate by: hexadecimal SHA-256 of its DER."""
    return certificate.fingerprint(SHA256()).hex()


def to_pem(certificate: x509.Certificate) -> str:
    """Return the certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM).decode()


def from_pem(pem: bytes) -> x509.Certificate:
    """Return the first certificate of a PEM text. Raises: CertificateError."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise CertificateError("a PEM certificate is expected; copy the file again") from error


_EXTENDED = {
    Usage.SERVER: ExtendedKeyUsageOID.SERVER_AUTH,
    Usage.CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH,
    Usage.OCSP_RESPONDER: ExtendedKeyUsageOID.OCSP_SIGNING,
}
_KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _builder(
    public_key: EllipticCurvePublicKey,
    *,
    days: int,
    now: datetime,
    randomness: Randomness,
    latest: datetime | None = None,
) -> x509.CertificateBuilder:
    if not isinstance(public_key.curve, SECP256R1):
        raise CertificateError("certificates are for P-256 keys; make a key on that curve")
    end = now + timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .public_key(public_key)
        .serial_number(int.from_bytes(randomness(SERIAL_BYTES)) >> 1 or 1)
        .not_valid_before(now - BACKDATED)
        .not_valid_after(end if latest is None else min(end, latest))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    try:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    except ValueError as error:
        raise CertificateError("a certificate's name has 1 to 64 characters; shorten it") from error


def _san(name: str) -> x509.GeneralName:
    if name.startswith("urn:"):
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _end_usage(usages: frozenset[Usage]) -> x509.KeyUsage:
    if usages == {Usage.CARD_SIGNATURE}:
        return _key_usage("content_commitment")
    return _key_usage("digital_signature")


def _key_usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in allowed for name in _KEY_USAGES})
