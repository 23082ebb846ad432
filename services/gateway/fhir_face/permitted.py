"""What a person permits this organisation now, as the person's wallet signed it: for searching, and as Consent."""

from dataclasses import dataclass
from typing import Final

from consent.directives import RecordScope
from consent.errors import ConsentError
from consent.identifiers import SubjectKeyId
from consent.instants import write
from consent.jwk import thumbprint
from consent.notices import ReaderNotice, UnverifiedReaderNotice
from consent.purposes import coding
from consent.vocabulary import Body
from services.contracts.medical.client import MedicalClient
from services.gateway.errors import NotVerifiedError
from services.gateway.fhir_face.documents import CATEGORIES, ORGANISATIONS, REFERENCES, resource_id
from services.gateway.fhir_face.errors import Resource
from services.gateway.organisation import Organisation

_HL7: Final = "http://terminology.hl7.org/CodeSystem"


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
    notice, scope = permission.notice, permission.scope
    return {
        "resourceType": "Consent",
        "id": resource_id(permission.id),
        "status": "active",
        "scope": {"coding": [{"system": f"{_HL7}/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"identifier": {"system": REFERENCES, "value": reference}},
        "policyRule": {"coding": [{"system": f"{_HL7}/v3-ActCode", "code": "OPTIN"}]},
        "provision": {
            "type": "permit",
            "period": {"end": write(notice.valid_until)},
            "actor": [
                {
                    "role": {"coding": [{"system": f"{_HL7}/v3-ParticipationType", "code": "IRCP"}]},
                    "reference": {"identifier": {"system": ORGANISATIONS, "value": notice.recipient}},
                }
            ],
            "purpose": [
                {"system": system, "code": code} for system, code in map(coding, sorted(notice.purposes))
            ],
            "code": [
                {"coding": [{"system": CATEGORIES, "code": each.value}]} for each in sorted(scope.categories)
            ],
            "dataPeriod": {"start": f"{scope.years.first:04}", "end": f"{scope.years.last:04}"},
        },
    }
