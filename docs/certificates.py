"""The profile of card certificates, read from certificates that the ID centre's own code issues."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from services.contracts.identity.messages import Application
from services.identity.card_certificates import RESPONDER_DAYS, Responder, issue_card_certificate
from services.identity.centre import AUTHORITY_DAYS, AUTHORITY_NAME, OCSP_PATH
from services.identity.settings import Settings
from services.kit.certificates import create_authority
from services.kit.clock import system_randomness

CARD: Final = "the card's random id"
NOW: Final = datetime(2026, 4, 1, tzinfo=UTC)
DAYS: Final = int(Settings.model_fields["card_days"].default)
HEAD: Final = """# Card certificates

X.509 version 3 (RFC 5280), issued by the ID centre's card authority, whose own certificate is at
`GET /.well-known/card-authority.pem`. Both certificates of a card name the card and nobody: **no basic information**.
The real signature certificate carries name, address, birth date and sex (K2). The ID centre must not know them, so the
registry states them about the certificate's serial number, and the holder shows both (see [cards.md](cards.md)).

Validity is asked at the address that each certificate names (OCSP, RFC 6960; POST, and GET with base 64 in the
address). `thisUpdate` is the moment of the answer, `nextUpdate` the setting `ocsp_seconds` later; nothing is kept in
between, so a stopped card is told as revoked by the next answer. A suspended card is `revoked` for `certificateHold`
and `good` again once resumed; one that was given up is `revoked` for `cessationOfOperation`, and so is the former
certificate of a renewed application; a serial number that was never issued is `unknown`. Only who was shown a
certificate knows its serial number, so answers need no credential. A nonce is repeated (RFC 9654); one request is about
one certificate.
"""


def page() -> str:
    """Return the page."""
    authority = create_authority(AUTHORITY_NAME, days=AUTHORITY_DAYS, now=NOW)
    columns: dict[str, Mapping[str, str]] = {"authority": fields(authority.certificate)}
    for application in Application:
        issued = issue_card_certificate(
            authority,
            authority.key.public_key(),
            card_id=CARD,
            application=application,
            start=NOW,
            days=DAYS,
            ocsp_url="https://ID-CENTRE" + OCSP_PATH,
            randomness=system_randomness,
        )
        columns[application.value] = fields(issued)
    responder = Responder(authority, authority.key, system_randomness).certificate(NOW)
    columns["responder"] = fields(responder)
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    rows = [
        f"| {name} | {' | '.join(column.get(name, '-') for column in columns.values())} |" for name in names
    ]
    head = f"| field | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}\n"
    foot = (
        f"\nThe responder's certificate lives {RESPONDER_DAYS} days and is made anew a day before its end.\n"
    )
    return HEAD + "\n" + head + "\n".join(rows) + "\n" + foot


def fields(certificate: x509.Certificate) -> dict[str, str]:
    """Return what a certificate says, without the values that differ from card to card."""
    key = certificate.public_key()
    curve = key.curve.name if isinstance(key, EllipticCurvePublicKey) else "another kind of key"
    days = (certificate.not_valid_after_utc - NOW).days
    told = {
        "version": certificate.version.name,
        "serial number": "127 random bits",
        "signature": certificate.signature_algorithm_oid._name,
        "issuer": f"`{certificate.issuer.rfc4514_string()}`",
        "subject": f"`{certificate.subject.rfc4514_string()}`",
        "validity": f"{days} days, a few minutes before included",
        "public key": curve,
    }
    return told | {_named(each): _value(each.value) for each in certificate.extensions}


def _named(extension: x509.Extension[x509.ExtensionType]) -> str:
    return f"{extension.oid._name}{' (critical)' if extension.critical else ''}"


def _value(value: x509.ExtensionType) -> str:
    match value:
        case x509.BasicConstraints(ca=True, path_length=length):
            return f"CA, path length {length}"
        case x509.BasicConstraints():
            return "not a CA"
        case x509.KeyUsage():
            names = ("digital_signature", "content_commitment", "key_cert_sign", "crl_sign")
            return ", ".join(name for name in names if getattr(value, name))
        case x509.ExtendedKeyUsage():
            return ", ".join(each._name for each in value)
        case x509.AuthorityInformationAccess():
            return ", ".join(f"{each.access_method._name} `{each.access_location.value}`" for each in value)
        case x509.SubjectKeyIdentifier() | x509.AuthorityKeyIdentifier():
            return "SHA-1 of the key (RFC 5280, 4.2.1.2)"
        case _:
            return "present"
