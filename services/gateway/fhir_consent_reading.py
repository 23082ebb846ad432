"""Reading a FHIR R4 Consent as terms: what terms can say is taken whole, anything else is refused with its reason."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from pydantic import JsonValue

from consent.compartments import YearSpan
from consent.conditions import Conditions, Frequency, FrequencyUnit, Onward
from consent.errors import ConsentError
from consent.identifiers import OperatorId, OrganisationId
from consent.purposes import CODED
from consent.recipients import EVERYBODY, Recipient
from consent.shown import PORTAL, Medium, MediumKind, Notice
from consent.terms import BasicScope, Effect, RecordScope, Scope, Terms
from consent.vocabulary import BasicItem, Category, ConfirmationReason, Purpose
from services.gateway import fhir_consent as f
from services.gateway.errors import GatewayError
from services.kit.strict_json import StrictJsonError, loads

T = TypeVar("T")
Object = Mapping[str, JsonValue]


class ConsentFault(StrEnum):
    """Why a Consent is not taken."""

    NOT_A_CONSENT = "not_a_consent"
    NO_PATIENT = "no_patient"
    NOT_ACTIVE = "not_active"
    OTHER_SCOPE = "other_scope"
    OTHER_POLICY = "other_policy"
    BASE_PERMITS = "base_permits"
    NOT_ONE_PROVISION = "not_one_provision"
    NESTED_PROVISION = "nested_provision"
    UNKNOWN_ELEMENT = "unknown_element"
    UNKNOWN_EXTENSION = "unknown_extension"
    TIME_NOT_EXACT = "time_not_exact"
    UNKNOWN_ACTION = "unknown_action"
    UNKNOWN_PURPOSE = "unknown_purpose"
    UNKNOWN_CODE = "unknown_code"
    UNKNOWN_ACTOR = "unknown_actor"
    WRONG_FORM = "wrong_form"


_WHY: Final[Mapping[ConsentFault, str]] = {
    ConsentFault.NOT_A_CONSENT: "This is no Consent resource of FHIR R4.",
    ConsentFault.NO_PATIENT: "It does not name its patient.",
    ConsentFault.NOT_ACTIVE: "Its status is not active, so it lays down nothing.",
    ConsentFault.OTHER_SCOPE: "Only the scope patient-privacy can be laid down here.",
    ConsentFault.OTHER_POLICY: "It refers to a policy whose meaning is not in the resource; write its rules out.",
    ConsentFault.BASE_PERMITS: "Its base rule permits; here nothing said means no. Write out what is permitted.",
    ConsentFault.NOT_ONE_PROVISION: "One directive says one thing: give exactly one provision below the base rule.",
    ConsentFault.NESTED_PROVISION: "An exception from the provision is a directive of its own; split it off.",
    ConsentFault.UNKNOWN_ELEMENT: "It has an element that no directive can say; leave it out or say it otherwise.",
    ConsentFault.UNKNOWN_EXTENSION: "It has an extension that is not known here.",
    ConsentFault.TIME_NOT_EXACT: "Its period needs start and end to the second, with a time zone.",
    ConsentFault.UNKNOWN_ACTION: "Its actions are other than access, or access and disclose.",
    ConsentFault.UNKNOWN_PURPOSE: "It has no purpose, or one that is not known here.",
    ConsentFault.UNKNOWN_CODE: "Its codes are not categories of records with whole years, nor basic items.",
    ConsentFault.UNKNOWN_ACTOR: "Its actor is not one organisation, role or professional of the register.",
    ConsentFault.WRONG_FORM: "A member is missing, or has a form that it may not have.",
}
_IGNORED: Final = frozenset(
    {"id", "meta", "text", "language", "identifier", "dateTime", "performer", "organization"}
    | {"sourceReference", "sourceAttachment", "category"}
)
"""What says nothing about who may do what."""
_CONCEPT: Final = frozenset({"id", "coding", "text"})
_CODING: Final = frozenset({"id", "system", "version", "code", "display", "userSelected"})
_PERIOD: Final = frozenset({"id", "start", "end"})
_REFERENCE: Final = frozenset({"id", "identifier", "type", "display"})
_VALUES: Final = frozenset({"id", "url", "valueString", "valueCode", "valuePositiveInt"})
_IDENTIFIER: Final = frozenset({"id", "use", "system", "value"})
_ROOT: Final = _IGNORED | {"resourceType", "status", "scope", "patient", "policy", "provision", "extension"}
_PROVISION: Final = frozenset(
    {"id", "modifierExtension", "type", "period", "action", "purpose", "actor", "code", "dataPeriod"}
)


class FhirConsentError(GatewayError):
    """A Consent says what a directive cannot, or is none; `fault` is the reason."""

    def __init__(self, fault: ConsentFault, where: str = "") -> None:
        named = f" ({where})" if where else ""
        super().__init__(f"Consent not taken ({fault.value}): {_WHY[fault]}{named}")
        self.fault = fault


def read_consent(file: Path, *, notice: Notice) -> Terms:
    """Return the terms of a Consent in a file, also of one that is proposed. Raises: FhirConsentError, OSError."""
    try:
        resource = loads(file.read_bytes())
    except StrictJsonError as error:
        raise FhirConsentError(ConsentFault.NOT_A_CONSENT) from error
    if isinstance(resource, dict) and resource.get("status") == "proposed":
        resource = resource | {"status": "active"}  # what is read here is agreed to by its reader
    return terms_of(resource, notice=notice)


def terms_of(resource: JsonValue, *, notice: Notice) -> Terms:
    """Return the terms; `notice` where the Consent does not say what was shown. Raises: FhirConsentError."""
    if not isinstance(resource, dict) or resource.get("resourceType") != "Consent":
        raise FhirConsentError(ConsentFault.NOT_A_CONSENT)
    _known(resource, _ROOT)
    if not resource.get("patient"):
        raise FhirConsentError(ConsentFault.NO_PATIENT)
    if resource.get("status") != "active":
        raise FhirConsentError(ConsentFault.NOT_ACTIVE)
    if _codes(resource.get("scope")) != {(f.SCOPE_SYSTEM, f.SCOPE_CODE)}:
        raise FhirConsentError(ConsentFault.OTHER_SCOPE)
    if resource.get("policy", [{"uri": f.POLICY}]) != [{"uri": f.POLICY}]:
        raise FhirConsentError(ConsentFault.OTHER_POLICY)
    provision = _the_provision(resource.get("provision"))
    shown = _extensions(resource.get("extension", []), {"notice"}).get("notice")
    try:
        return _terms(provision, notice if shown is None else _notice(shown[0]))
    except ConsentError as error:
        raise FhirConsentError(ConsentFault.WRONG_FORM, str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise FhirConsentError(ConsentFault.WRONG_FORM) from error


def _the_provision(base: JsonValue) -> Object:
    if not isinstance(base, dict):
        raise FhirConsentError(ConsentFault.NOT_ONE_PROVISION)
    _known(base, {"id", "type", "provision"})
    if base.get("type", "deny") != "deny":
        raise FhirConsentError(ConsentFault.BASE_PERMITS)
    nested = base.get("provision")
    if not isinstance(nested, list) or len(nested) != 1 or not isinstance(nested[0], dict):
        raise FhirConsentError(ConsentFault.NOT_ONE_PROVISION)
    if nested[0].get("provision"):
        raise FhirConsentError(ConsentFault.NESTED_PROVISION)
    _known(nested[0], _PROVISION)
    return nested[0]


def _terms(provision: Object, notice: Notice) -> Terms:
    effects = {"permit": Effect.PERMIT, "deny": Effect.DENY}
    extensions = _extensions(
        provision.get("modifierExtension", []), {"contract", "confirmation-reason", "frequency"}
    )
    actions = {code for _, code in _each(provision.get("action"), ConsentFault.UNKNOWN_ACTION)}
    if actions not in ({"access"}, {"access", "disclose"}):
        raise FhirConsentError(ConsentFault.UNKNOWN_ACTION)
    start, end = _period(provision.get("period"))
    counted = extensions.get("frequency", [])
    frequency = _frequency(counted[0]) if counted else None
    onward = Onward.ALLOWED if "disclose" in actions else Onward.FORBIDDEN
    return Terms(
        recipient=_recipient(provision.get("actor")),
        effect=effects[str(provision["type"])],
        purposes=_purposes(provision.get("purpose")),
        scope=_scope(provision, extensions),
        valid_from=start,
        valid_until=end + f.SECOND,
        notice=notice,
        conditions=Conditions(frequency, onward),
    )


def _scope(provision: Object, extensions: Mapping[str, list[Object]]) -> Scope:
    coded = _each(provision.get("code"), ConsentFault.UNKNOWN_CODE)
    systems, codes = {system for system, _ in coded}, [code for _, code in coded]
    if systems == {f.CATEGORY_SYSTEM} and not {"contract", "confirmation-reason"} & extensions.keys():
        period = provision.get("dataPeriod")
        _known(period, _PERIOD)
        years = [period.get(name) for name in ("start", "end")] if isinstance(period, dict) else []
        if len(years) != 2 or not all(isinstance(year, str) and len(year) == 4 for year in years):
            raise FhirConsentError(ConsentFault.UNKNOWN_CODE, "dataPeriod")
        first, last = (int(str(year)) for year in years)
        return RecordScope(_of(Category, codes, ConsentFault.UNKNOWN_CODE), YearSpan(first, last))
    if systems != {f.ITEM_SYSTEM} or "dataPeriod" in provision:
        raise FhirConsentError(ConsentFault.UNKNOWN_CODE)
    contracts = [str(each["valueString"]) for each in extensions.get("contract", [])]
    reasons = [str(each["valueCode"]) for each in extensions.get("confirmation-reason", [])]
    return BasicScope(
        _of(BasicItem, codes, ConsentFault.UNKNOWN_CODE),
        contracts[0] if contracts else None,
        _of(ConfirmationReason, reasons, ConsentFault.UNKNOWN_CODE),
    )


def _recipient(actors: JsonValue) -> Recipient:
    if actors is None:
        return EVERYBODY
    fault = FhirConsentError(ConsentFault.UNKNOWN_ACTOR)
    if not isinstance(actors, list) or len(actors) != 1 or not isinstance(actors[0], dict):
        raise fault
    actor = actors[0]
    _known(actor, {"id", "modifierExtension", "role", "reference"})
    told = actor.get("reference")
    if _codes(actor.get("role")) != {(f.PARTICIPATION, f.RECEIVER)} or not isinstance(told, dict):
        raise fault
    extensions = _extensions(actor.get("modifierExtension", []), {"role", "works-at"})
    if "reference" in told:  # it could name another than the identifier
        raise fault
    _known(told, _REFERENCE)
    _known(told.get("identifier"), _IDENTIFIER)
    role = next((str(each["valueCode"]) for each in extensions.get("role", [])), None)
    where = next((str(each["valueString"]) for each in extensions.get("works-at", [])), None)
    match told:
        case {"identifier": {"system": system, "value": str(name)}} if system == f"{f.OURS}organisation":
            return Recipient(OrganisationId(name), role)
        case {"identifier": {"system": system, "value": str(name)}} if system == f"{f.OURS}operator":
            return Recipient(None if where is None else OrganisationId(where), role, OperatorId(name))
        case {"display": "everybody"} if role is not None:
            return Recipient(None, role)
    raise fault


def _purposes(listed: JsonValue) -> frozenset[Purpose]:
    found = _codes({"coding": listed})
    if not found or not found <= CODED.keys():
        raise FhirConsentError(ConsentFault.UNKNOWN_PURPOSE)
    return frozenset(CODED[each] for each in found)


def _period(period: JsonValue) -> tuple[datetime, datetime]:
    told = period if isinstance(period, dict) else {}
    _known(told, _PERIOD)
    try:
        start, end = (datetime.fromisoformat(str(told.get(name))) for name in ("start", "end"))
    except ValueError as error:
        raise FhirConsentError(ConsentFault.TIME_NOT_EXACT) from error
    if any(each.tzinfo is None or each.microsecond for each in (start, end)):
        raise FhirConsentError(ConsentFault.TIME_NOT_EXACT)
    return start.astimezone(UTC), end.astimezone(UTC)


def _frequency(extension: Object) -> Frequency:
    parts = _parts(extension, {"times", "unit"})
    times = parts["times"]["valuePositiveInt"]
    if not isinstance(times, int) or isinstance(times, bool):
        raise TypeError
    return Frequency(times, FrequencyUnit(str(parts["unit"]["valueCode"])))


def _notice(extension: Object) -> Notice:
    known = {
        "text-id",
        "version",
        "language",
        "sha256",
        "refusal-meaning",
        "medium",
        "operator",
        "sha256-of-scan",
    }
    told = {name: str(part["valueString"]) for name, part in _parts(extension, known).items()}
    operator = told.get("operator")
    medium = PORTAL
    if "medium" in told:
        by = None if operator is None else OperatorId(operator)
        medium = Medium(MediumKind(told["medium"]), by, told.get("sha256-of-scan"))
    return Notice(
        told["text-id"], told["version"], told["language"], told["sha256"], told["refusal-meaning"], medium
    )


def _parts(extension: Object, known: set[str]) -> dict[str, Object]:
    parts = extension["extension"]
    if not isinstance(parts, list):
        raise TypeError
    found: dict[str, Object] = {str(each["url"]): each for each in parts if isinstance(each, dict)}
    if len(found) != len(parts) or not found.keys() <= known:
        raise FhirConsentError(ConsentFault.UNKNOWN_EXTENSION, "a part of it")
    for each in found.values():
        _known(each, _VALUES)
    return found


def _extensions(listed: JsonValue, known: set[str]) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for each in listed if isinstance(listed, list) else [listed]:
        url = str(each.get("url")) if isinstance(each, dict) else ""
        name = url.removeprefix(f.OURS)
        if not isinstance(each, dict) or not url.startswith(f.OURS) or name not in known:
            raise FhirConsentError(ConsentFault.UNKNOWN_EXTENSION, url[:100])
        _known(each, _VALUES | {"extension"})
        found.setdefault(name, []).append(each)
    once = {name for name, all_of_it in found.items() if len(all_of_it) > 1} - {"confirmation-reason"}
    if once:
        raise FhirConsentError(ConsentFault.UNKNOWN_EXTENSION, f"{min(once)} twice")
    return found


def _known(element: object, names: frozenset[str] | set[str]) -> None:
    """Refuse an element that has more than these members; FHIR lets anything carry an extension."""
    other = sorted(element.keys() - names) if isinstance(element, Mapping) else []
    if other:
        raise FhirConsentError(ConsentFault.UNKNOWN_ELEMENT, other[0][:40])


def _each(listed: JsonValue, fault: ConsentFault) -> list[tuple[str, str]]:
    """Return the one coding of each concept."""
    found: list[tuple[str, str]] = []
    for concept in listed if isinstance(listed, list) else []:
        codes = _codes(concept)
        if len(codes) != 1:
            raise FhirConsentError(fault)
        found += codes
    return found


def _codes(concept: JsonValue) -> set[tuple[str, str]]:
    _known(concept, _CONCEPT)
    coding = concept.get("coding") if isinstance(concept, dict) else None
    listed = coding if isinstance(coding, list) else []
    for each in listed:
        _known(each, _CODING)
    # what is no coding is no code that is known
    return {
        (str(each.get("system")), str(each.get("code"))) if isinstance(each, dict) else ("", "")
        for each in listed
    }


def _of(kind: Callable[[str], T], codes: list[str], fault: ConsentFault) -> frozenset[T]:
    try:
        return frozenset(map(kind, codes))
    except ValueError as error:
        raise FhirConsentError(fault) from error
