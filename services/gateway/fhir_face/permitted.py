"""What a person permits this organisation now, as the person's wallet signed it: for searching, and as Consent."""

from dataclasses import dataclass
from typing import Final

from consent.directives import RecordScope
from consent.errors import ConsentError
from consent.identifiers import OrganisationId, SubjectKeyId
from consent.jwk import thumbprint
from consent.notices import ReaderNotice, UnverifiedReaderNotice
from consent.shown import Notice
from consent.terms import Effect
from consent.vocabulary import Body
from services.contracts.medical.client import MedicalClient
from services.gateway.errors import NotVerifiedError
from services.gateway.fhir_consent import permitted_consent
from services.gateway.fhir_consent_reading import FhirConsentError, terms_of
from services.gateway.fhir_face.documents import resource_id, subject_of, unsuitable
from services.gateway.fhir_face.errors import FaceError, Resource, Wrong
from services.gateway.organisation import Organisation

NOTHING_SHOWN: Final = Notice.of_text(
    "proposed", text_id="proposal", version="1", language="en", refusal_meaning="Nothing is permitted."
)
"""What was shown is what the person's own program shows when they agree."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission in force for this organisation, verified."""

    id: str
    notice: ReaderNotice
    scope: RecordScope


def permissions(organisation: Organisation, reference: str) -> list[Permission]:
    """Return what a linked person permits. Raises: RefusedError, NotVerifiedError, PeerUnavailableError."""
    named = organisation.name_person(reference, Body.MEDICAL)
    grants = organisation.ask(
        Body.MEDICAL, lambda http, token: MedicalClient(http).grants(token=token)
    ).grants
    found = []
    for each in grants:
        if named.wallet_key is None or thumbprint(each.subject_key) != named.subject:
            continue
        try:
            unverified = UnverifiedReaderNotice(each.reader_notice)
            notice = unverified.verify(named.wallet_key, SubjectKeyId(named.subject)).notice
        except ConsentError as error:
            raise NotVerifiedError(
                "a permission is not signed by the person's wallet; report this"
            ) from error
        if isinstance(notice.scope, RecordScope):
            found.append(Permission(each.grant, notice, notice.scope))
    return found


def consent(permission: Permission, *, reference: str) -> Resource:
    """Return a permission as Consent; `reference` is this organisation's name of the person."""
    told = permitted_consent(permission.notice, patient=subject_of(reference))
    return told | {"id": resource_id(permission.id)}


def proposal(resource: Resource, *, organisation: OrganisationId, reference: str) -> Resource:
    """Return a Consent that this organisation proposes to a person, checked as the person's own command checks it.

    Raises: FaceError with the reason.
    """
    if resource.get("status") != "proposed":
        raise unsuitable("status must be proposed: only the person's own wallet makes it a permission")
    try:
        terms = terms_of(resource | {"status": "active"}, notice=NOTHING_SHOWN)
    except FhirConsentError as error:
        raise FaceError(Wrong(f"consent_{error.fault.value}", 422, "invalid"), str(error)) from error
    if terms.effect is not Effect.PERMIT or terms.recipient.organisation != organisation:
        raise unsuitable("propose a permission for this organisation itself")
    return resource | {"patient": subject_of(reference)}
