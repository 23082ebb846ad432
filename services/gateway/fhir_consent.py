"""Directives as FHIR R4 Consent, in the manner of IHE PCF: all is refused but for one provision that says the terms.

What FHIR has no element for is in extensions under names of ours; those that narrow are `modifierExtension`, so that
who does not know them takes nothing. A refusal is a nested provision of type deny.
Source: HL7 FHIR 4.0.1, Consent; IHE Privacy Consent on FHIR.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from consent.conditions import Onward
from consent.instants import write
from consent.notices import ReaderNotice
from consent.purposes import coding
from consent.recipients import Recipient
from consent.shown import PORTAL, Notice
from consent.terms import BasicScope, Effect, RecordScope, Scope, Terms

Resource = dict[str, JsonValue]
OURS: Final = "urn:sekisho:fhir:"
CATEGORY_SYSTEM, ITEM_SYSTEM = "urn:sekisho:category", "urn:sekisho:basic-item"
POLICY: Final = "urn:sekisho:policy:person-directive"
SCOPE_SYSTEM, SCOPE_CODE = "http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"
LOINC, CONSENT_CODE = "http://loinc.org", "59284-0"
PARTICIPATION, RECEIVER = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"
ACTIONS: Final = "http://terminology.hl7.org/CodeSystem/consentaction"
PATIENT: Final = "Patient/self"
SECOND: Final = timedelta(seconds=1)


def to_consent(terms: Terms, *, issued_at: datetime, active: bool) -> Resource:
    """Write terms; `terms_of` reads them back, each member the same."""
    return {
        "resourceType": "Consent",
        "extension": [_notice(terms.notice)],
        "status": "active" if active else "inactive",
        "scope": _concept(SCOPE_SYSTEM, SCOPE_CODE),
        "category": [_concept(LOINC, CONSENT_CODE)],
        "patient": {"reference": PATIENT},
        "dateTime": write(issued_at),
        "performer": [{"reference": PATIENT}],
        "policy": [{"uri": POLICY}],
        "provision": {"type": "deny", "provision": [_provision(terms)]},
    }


def permitted_consent(notice: ReaderNotice, *, patient: Resource) -> Resource:
    """Write what a reader knows of a permission: not since when, nor what was shown; nobody reads terms from it."""
    provision: Resource = {
        "type": "permit",
        "period": {"end": write(notice.valid_until - SECOND)},
        "action": [_concept(ACTIONS, "access")],
        "purpose": [_coding(*coding(each)) for each in sorted(notice.purposes)],
        **_actor(Recipient(notice.recipient)),
        **_scope(notice.scope),
    }
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": _concept(SCOPE_SYSTEM, SCOPE_CODE),
        "category": [_concept(LOINC, CONSENT_CODE)],
        "patient": patient,
        "performer": [patient],
        "policy": [{"uri": POLICY}],
        "provision": {"type": "deny", "provision": [provision]},
    }


def bundle(consents: Iterable[Resource]) -> Resource:
    """Return several as one collection."""
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": each} for each in consents],
    }


def _provision(terms: Terms) -> Resource:
    extensions = _scope_extensions(terms.scope) + _condition_extensions(terms)
    # a FHIR period holds through its end, ours ends before it
    period: Resource = {"start": write(terms.valid_from), "end": write(terms.valid_until - SECOND)}
    actions = ["access", "disclose"] if terms.conditions.onward is Onward.ALLOWED else ["access"]
    told: Resource = {
        "type": "permit" if terms.effect is Effect.PERMIT else "deny",
        "period": period,
        "action": [_concept(ACTIONS, each) for each in actions],
        "purpose": [_coding(*coding(each)) for each in sorted(terms.purposes)],
        **_actor(terms.recipient),
        **_scope(terms.scope),
    }
    return {**({"modifierExtension": extensions} if extensions else {}), **told}


def _scope(scope: Scope) -> Resource:
    match scope:
        case RecordScope(categories=categories, years=years):
            return {
                "code": [_concept(CATEGORY_SYSTEM, each) for each in sorted(categories)],
                "dataPeriod": {"start": f"{years.first:04}", "end": f"{years.last:04}"},
            }
        case BasicScope(items=items):
            return {"code": [_concept(ITEM_SYSTEM, each) for each in sorted(items)]}


def _scope_extensions(scope: Scope) -> list[JsonValue]:
    if isinstance(scope, RecordScope):
        return []
    contract: list[JsonValue] = []
    if scope.contract is not None:
        contract = [{"url": f"{OURS}contract", "valueString": scope.contract}]
    reasons: list[JsonValue] = [
        {"url": f"{OURS}confirmation-reason", "valueCode": each.value} for each in sorted(scope.reasons)
    ]
    return contract + reasons


def _condition_extensions(terms: Terms) -> list[JsonValue]:
    frequency = terms.conditions.frequency
    if frequency is None:
        return []
    parts: list[JsonValue] = [
        {"url": "times", "valuePositiveInt": frequency.times},
        {"url": "unit", "valueCode": frequency.unit.value},
    ]
    return [{"url": f"{OURS}frequency", "extension": parts}]


def _actor(recipient: Recipient) -> Resource:
    if recipient.organisation is None and recipient.role is None:
        return {}
    told: dict[str, JsonValue] = {}
    if recipient.role is not None:
        told["modifierExtension"] = [{"url": f"{OURS}role", "valueCode": recipient.role}]
    elif recipient.professional is not None:
        told["modifierExtension"] = [{"url": f"{OURS}works-at", "valueString": recipient.organisation}]
    if recipient.professional is not None:
        reference: Resource = {"identifier": {"system": f"{OURS}operator", "value": recipient.professional}}
    elif recipient.organisation is not None:
        reference = {"identifier": {"system": f"{OURS}organisation", "value": recipient.organisation}}
    else:
        reference = {"display": "everybody"}
    return {"actor": [{**told, "role": _concept(PARTICIPATION, RECEIVER), "reference": reference}]}


def _notice(notice: Notice) -> JsonValue:
    texts: Mapping[str, str | None] = {
        "text-id": notice.text_id,
        "version": notice.version,
        "language": notice.language,
        "sha256": notice.sha256_of_text,
        "refusal-meaning": notice.refusal_meaning,
        "medium": None if notice.medium == PORTAL else notice.medium.kind.value,
        "operator": notice.medium.operator,
        "sha256-of-scan": notice.medium.sha256_of_scan,
    }
    parts: list[JsonValue] = [
        {"url": name, "valueString": value} for name, value in texts.items() if value is not None
    ]
    return {"url": f"{OURS}notice", "extension": parts}


def _concept(system: str, code: str) -> Resource:
    return {"coding": [_coding(system, code)]}


def _coding(system: str, code: str) -> Resource:
    return {"system": system, "code": code}
