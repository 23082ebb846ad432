"""What the ID centre tells about a card certificate's validity (OCSP, RFC 6960).

The answer is the state at this moment: nothing is kept, so that a card that was stopped is told as revoked at once.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate, ExtensionNotFound, OCSPNonce, ReasonFlags
from cryptography.x509.ocsp import (
    OCSPCertStatus,
    OCSPRequest,
    OCSPResponderEncoding,
    OCSPResponse,
    OCSPResponseBuilder,
    OCSPResponseStatus,
    load_der_ocsp_request,
)

from services.contracts.identity.messages import CardState
from services.identity.centre import IdentityCentre
from services.identity.egress import card_validity
from services.identity.model import KeyStatus

LONGEST_REQUEST: Final = 2_000
LONGEST_NONCE: Final = 128
REASONS: Final = {
    CardState.SUSPENDED: ReasonFlags.certificate_hold,
    CardState.REVOKED: ReasonFlags.cessation_of_operation,
}


def answer(centre: IdentityCentre, content: bytes) -> bytes:
    """Return the DER of the answer to an OCSP request; what cannot be read is told as the RFC says (2.3)."""
    try:
        request = load_der_ocsp_request(content) if len(content) <= LONGEST_REQUEST else None
    except (ValueError, NotImplementedError):  # so cryptography refuses a request about several certificates
        request = None
    if request is None:
        return _failed(OCSPResponseStatus.MALFORMED_REQUEST)
    if not _is_ours(request, centre.authority.certificate):
        return _failed(OCSPResponseStatus.UNAUTHORIZED)
    with centre.context.database.read() as conn:
        status = centre.cards.status(conn, f"{request.serial_number:x}")
    return card_validity(_signed(centre, request, status))


def _is_ours(request: OCSPRequest, authority: Certificate) -> bool:
    public_key = authority.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    hashes = []
    for told in (authority.subject.public_bytes(), public_key):
        hashed = Hash(request.hash_algorithm)
        hashed.update(told)
        hashes.append(hashed.finalize())
    return hashes == [request.issuer_name_hash, request.issuer_key_hash]


def _signed(centre: IdentityCentre, request: OCSPRequest, status: KeyStatus | None) -> OCSPResponse:
    now = centre.now().astimezone(UTC).replace(microsecond=0)
    stopped = status is not None and status.state is not CardState.ACTIVE
    since = now if status is None or status.since is None else datetime.fromtimestamp(status.since, UTC)
    told = OCSPCertStatus.REVOKED if stopped else OCSPCertStatus.GOOD
    certificate = centre.responder.certificate(centre.now())
    builder = OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=request.issuer_name_hash,
        issuer_key_hash=request.issuer_key_hash,
        serial_number=request.serial_number,
        algorithm=request.hash_algorithm,
        cert_status=OCSPCertStatus.UNKNOWN if status is None else told,
        this_update=now,
        next_update=now + timedelta(seconds=centre.settings.ocsp_seconds),
        revocation_time=since if stopped else None,
        revocation_reason=REASONS[status.state] if status is not None and stopped else None,
    )
    builder = builder.responder_id(OCSPResponderEncoding.HASH, certificate).certificates([certificate])
    nonce = _nonce(request)
    if nonce is not None:
        builder = builder.add_extension(nonce, critical=False)
    return builder.sign(centre.responder.key, SHA256())


def _nonce(request: OCSPRequest) -> OCSPNonce | None:
    try:
        told = request.extensions.get_extension_for_class(OCSPNonce).value
    except ExtensionNotFound:
        return None
    return told if len(told.nonce) <= LONGEST_NONCE else None


def _failed(status: OCSPResponseStatus) -> bytes:
    return OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
