"""Directives: what a person has laid down, one signed copy for each body that must obey it.

The copies have nothing in common that would let two bodies recognise each other's row: own id, own
pseudonym, own signing key. `UnverifiedDirective.verify` is the only way to a `VerifiedDirective`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from consent import jws
from consent.canonical import JsonObject
from consent.delegation import FragmentPackage
from consent.guardian_signature import GuardianSignature, GuardianSignatureWire, guardian_payload
from consent.identifiers import DirectiveId, Pseudonym
from consent.instants import whole_second, write
from consent.jwk import PublicJwk
from consent.notices import ReaderNotice, UnverifiedReaderNotice, VerifiedReaderNotice
from consent.shown import Notice
from consent.terms import BasicScope, Effect, RecordScope, Scope, Terms, TermsWire, terms_payload
from consent.vocabulary import Body
from consent.wire import Identifier, Instant, WireModel, parse
from consent.withdrawals import (
    DeletionReceipt,
    LogPosition,
    UnverifiedWithdrawal,
    VerifiedWithdrawal,
    Withdrawal,
    deletion_receipt,
    verify_deletion_receipt,
)

__all__ = [
    "BasicScope",
    "DeletionReceipt",
    "Directive",
    "DirectiveCopy",
    "Effect",
    "Grant",
    "LogPosition",
    "Notice",
    "ReaderNotice",
    "RecordScope",
    "Scope",
    "Terms",
    "UnverifiedDirective",
    "UnverifiedReaderNotice",
    "UnverifiedWithdrawal",
    "VerifiedDirective",
    "VerifiedReaderNotice",
    "VerifiedWithdrawal",
    "Withdrawal",
    "deletion_receipt",
    "directive_payload",
    "verify_deletion_receipt",
]

DIRECTIVE: Final = "sekisho-directive+jws"


@dataclass(frozen=True, slots=True)
class Directive:
    """One body's copy of what the person laid down; with `guardian`, what somebody laid down for the person.

    Units: `issued_at` rounded down to whole seconds, UTC.
    """

    id: DirectiveId
    body: Body
    person: Pseudonym
    terms: Terms
    issued_at: datetime
    guardian: GuardianSignature | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "issued_at", whole_second(self.issued_at))


@dataclass(frozen=True, slots=True)
class VerifiedDirective:
    """A directive that the person's wallet signed for this body, with the signed text as evidence."""

    directive: Directive
    jws: str


class _DirectiveWire(WireModel):
    id: Identifier
    body: Body
    person: Identifier
    terms: TermsWire
    issued_at: Instant
    guardian: GuardianSignatureWire | None = None

    def signature(self) -> GuardianSignature | None:
        said = self.guardian
        return None if said is None else GuardianSignature(said.capacity, said.proof)


def directive_payload(directive: Directive) -> JsonObject:
    """Write a directive for signing."""
    guardian: JsonObject = (
        {} if directive.guardian is None else {"guardian": guardian_payload(directive.guardian)}
    )
    return {
        **guardian,
        "id": directive.id,
        "body": directive.body,
        "person": directive.person,
        "terms": terms_payload(directive.terms),
        "issued_at": write(directive.issued_at),
    }


@dataclass(frozen=True, slots=True)
class UnverifiedDirective:
    """A directive as it arrives, or as it comes back from a store that somebody may have edited."""

    jws: str

    @property
    def kid(self) -> str:
        """The key it claims to be signed with; proves nothing."""
        return jws.peek_kid(self.jws)

    def verify(self, public_jwk: PublicJwk) -> VerifiedDirective:
        """Check the signature of the person's key for this body; the caller compares body and person.

        Raises: SignatureError, or MalformedError if a signed payload has the wrong shape.
        """
        verified = jws.verify_with_jwk(self.jws, typ=DIRECTIVE, jwk=public_jwk)
        wire = parse(_DirectiveWire, verified.payload)
        directive = Directive(
            id=DirectiveId(wire.id),
            body=wire.body,
            person=Pseudonym(wire.person),
            terms=wire.terms.to_terms(),
            issued_at=wire.issued_at,
            guardian=wire.signature(),
        )
        return VerifiedDirective(directive, self.jws)


@dataclass(frozen=True, slots=True)
class DirectiveCopy:
    """What one body receives of a grant.

    Shape: `fragments` by compartment label, empty for a refusal and for basic items; `handles` and
    `reader_notice` only in the medical centre's copy. A handle is the id of that other body's copy,
    sealed to it.
    """

    jws: str
    fragments: Mapping[str, FragmentPackage] = field(default_factory=dict)
    handles: Mapping[Body, bytes] = field(default_factory=dict)
    reader_notice: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A directive in all its copies, each to be sent to its own body and to nobody else."""

    copies: Mapping[Body, DirectiveCopy]
