"""P4: whether a copy that a person hands in may be taken; pure rules over verified texts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from consent import base64url
from consent.delegation import FragmentPackage
from consent.directives import Directive, UnverifiedReaderNotice
from consent.errors import ConsentError, MalformedError, PeriodError, UnknownPurposeError
from consent.handles import HANDLE_SIZE
from consent.identifiers import Pseudonym, SubjectKeyId
from consent.jwk import PublicJwk, thumbprint
from consent.recipients import Recipient
from consent.terms import BasicScope, Effect, RecordScope, Terms
from consent.vocabulary import PROXIES, Body
from services.contracts.directives import SubmissionFault
from services.contracts.oversight.register import Directory, Kind, Organisation, Role

ISSUED_WITHIN = timedelta(minutes=15)
ROLES = frozenset(each.value for each in Role)


@dataclass(frozen=True, slots=True)
class Pointers:
    """What only the medical centre's copy carries."""

    handles: Mapping[Body, bytes]
    reader_notice: str | None


def form_fault(malformed: MalformedError) -> SubmissionFault:
    """Name what is wrong in the form of a directive that the wallet did sign."""
    match malformed:
        case UnknownPurposeError():
            return SubmissionFault.UNKNOWN_PURPOSE
        case PeriodError():
            return SubmissionFault.PERIOD_REVERSED
        case _:
            return SubmissionFault.DIRECTIVE_MALFORMED


def address_fault(directive: Directive, *, body: Body, person: Pseudonym) -> SubmissionFault | None:
    """Whether the copy is this body's about this person, and about what this body keeps."""
    if directive.body is not body or directive.person != person:
        return SubmissionFault.OTHER_BODY_OR_PERSON
    if isinstance(directive.terms.scope, RecordScope) is not (body in PROXIES):
        return SubmissionFault.OTHER_SCOPE
    return None


def moment_fault(directive: Directive, *, now: datetime) -> SubmissionFault | None:
    """Whether it was signed just now: nobody can say later, or make it look, that it was laid down at another time."""
    return None if abs(directive.issued_at - now) <= ISSUED_WITHIN else SubmissionFault.ISSUED_AT_ANOTHER_TIME


def recipient_fault(recipient: Recipient, *, directory: Directory) -> SubmissionFault | None:
    """Whether role and professional are ones that somebody could ask as."""
    if recipient.role is not None and recipient.role not in ROLES:
        return SubmissionFault.RECIPIENT_NOT_ACCREDITED
    organisation, professional = recipient.organisation, recipient.professional
    if organisation is not None and professional is not None:
        known = directory.operator(organisation, professional)
        return SubmissionFault.RECIPIENT_NOT_ACCREDITED if known is None else None
    return None


def terms_fault(terms: Terms, *, recipient: Organisation | None, now: datetime) -> SubmissionFault | None:
    """Whether the recipient may be one, and the terms are not over.

    The oversight body's own organisation is refused: with two proxies' fragments and its own receiving key a
    reader could compute a compartment's key.
    """
    if terms.valid_until <= now:
        return SubmissionFault.DIRECTIVE_EXPIRED
    if recipient is None:
        everybody = terms.recipient.organisation is None  # a refusal: a permission names its organisation
        return None if everybody else SubmissionFault.RECIPIENT_NOT_ACCREDITED
    if recipient.kind is Kind.OVERSIGHT:
        return SubmissionFault.RECIPIENT_IS_PROXY
    return None


def fragments_fault(
    terms: Terms, *, recipient: Organisation | None, packages: Sequence[FragmentPackage]
) -> SubmissionFault | None:
    """Whether the fragments are for compartments within the terms, once each, and for this recipient's key."""
    if terms.effect is Effect.DENY or isinstance(terms.scope, BasicScope):
        return SubmissionFault.FRAGMENTS_DO_NOT_MATCH if packages else None
    key = None if recipient is None else recipient.receiving_key
    compartments = {package.compartment for package in packages}
    fits = (
        key is not None
        and len(compartments) == len(packages) > 0
        and all(map(terms.scope.covers, compartments))
        and {package.receiving_key for package in packages} == {base64url.decode(key)}
        and len({package.verifying_key for package in packages}) == 1
    )
    return None if fits else SubmissionFault.FRAGMENTS_DO_NOT_MATCH


def pointers_fault(
    directive: Directive, pointers: Pointers, *, wallet: PublicJwk, packages: Sequence[FragmentPackage]
) -> SubmissionFault | None:
    """Whether handles and reader's notice are there where they belong, and say what the directive says."""
    terms = directive.terms
    medical = directive.body is Body.MEDICAL
    if set(pointers.handles) != (set(PROXIES) - {Body.MEDICAL} if medical else set()):
        return SubmissionFault.NOTICE_REFUSED
    if any(len(handle) != HANDLE_SIZE for handle in pointers.handles.values()):
        return SubmissionFault.NOTICE_REFUSED
    if (pointers.reader_notice is not None) is not (medical and bool(packages)):
        return SubmissionFault.NOTICE_REFUSED
    if pointers.reader_notice is None or _says(
        pointers.reader_notice, terms, wallet=wallet, packages=packages
    ):
        return None
    return SubmissionFault.NOTICE_REFUSED


def _says(notice: str, terms: Terms, *, wallet: PublicJwk, packages: Iterable[FragmentPackage]) -> bool:
    try:
        subject = SubjectKeyId(thumbprint(wallet))
        said = UnverifiedReaderNotice(notice).verify(wallet, subject).notice
    except ConsentError:
        return False
    return (
        (said.recipient, said.purposes, said.scope, said.valid_until)
        == (terms.recipient.organisation, terms.purposes, terms.scope, terms.valid_until)
    ) and {said.verifying_key} == {package.verifying_key for package in packages}
