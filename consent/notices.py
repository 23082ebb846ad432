"""The reader's notice: what a recipient needs to check capsule fragments, without any pseudonym in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from consent import jws
from consent.base64url import encode
from consent.canonical import JsonObject
from consent.errors import SignatureError
from consent.identifiers import OrganisationId, SubjectKeyId
from consent.instants import write
from consent.jwk import PublicJwk, thumbprint
from consent.terms import Scope, ScopeWire, scope_payload, unique
from consent.vocabulary import Purpose
from consent.wire import Identifier, Instant, Octets, WireModel, parse

READER_NOTICE: Final = "sekisho-reader-notice+jws"


@dataclass(frozen=True, slots=True)
class ReaderNotice:
    """What the person's wallet tells the recipient of a permission.

    Shape: `verifying_key` 33 bytes, the Umbral key that signed this grant's fragments.
    """

    subject: SubjectKeyId
    recipient: OrganisationId
    purposes: frozenset[Purpose]
    scope: Scope
    valid_until: datetime
    verifying_key: bytes


@dataclass(frozen=True, slots=True)
class VerifiedReaderNotice:
    """A notice that the wallet named in it has signed; made by `UnverifiedReaderNotice.verify` only."""

    notice: ReaderNotice
    jws: str


class _NoticeWire(WireModel):
    subject: Identifier
    recipient: Identifier
    purposes: list[Purpose]
    scope: ScopeWire
    valid_until: Instant
    verifying_key: Octets


def notice_payload(notice: ReaderNotice) -> JsonObject:
    """Write a notice for signing."""
    return {
        "subject": notice.subject,
        "recipient": notice.recipient,
        "purposes": sorted(notice.purposes),
        "scope": scope_payload(notice.scope),
        "valid_until": write(notice.valid_until),
        "verifying_key": encode(notice.verifying_key),
    }


@dataclass(frozen=True, slots=True)
class UnverifiedReaderNotice:
    """A notice as the medical centre hands it out."""

    jws: str

    def verify(self, public_jwk: PublicJwk, expected_subject: SubjectKeyId) -> VerifiedReaderNotice:
        """Check that the wallet which `expected_subject` names has signed this notice about itself.

        Raises: SignatureError, or MalformedError if a signed payload has the wrong shape.
        """
        verified = jws.verify_with_jwk(self.jws, typ=READER_NOTICE, jwk=public_jwk)
        wire = parse(_NoticeWire, verified.payload)
        if not wire.subject == expected_subject == thumbprint(public_jwk):
            raise SignatureError
        unique(wire.purposes)
        notice = ReaderNotice(
            subject=expected_subject,
            recipient=OrganisationId(wire.recipient),
            purposes=frozenset(wire.purposes),
            scope=wire.scope.to_scope(),
            valid_until=wire.valid_until,
            verifying_key=wire.verifying_key,
        )
        return VerifiedReaderNotice(notice, self.jws)
