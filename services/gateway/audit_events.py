"""A person's verified history as FHIR R4 AuditEvents in the shapes of IHE BALP, for systems that read nothing else.

Each event names the log entry that it was made of; what proves it is the evidence, not this file.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from consent.errors import UnknownPurposeError
from consent.purposes import coding, named
from services.gateway.history import HistoryEntry
from services.kit.events import EventKind, Outcome
from services.kit.keys import write_private
from services.kit.log.entry import canonical

Resource = dict[str, JsonValue]

_HL7: Final = "http://terminology.hl7.org/CodeSystem"
_DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_PROFILE: Final = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.Patient"
_REQUEST: Final = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
ORGANISATIONS: Final = "urn:sekisho:organisation"
STAFF: Final = "urn:sekisho:staff"
TERMINALS: Final = "urn:sekisho:terminal"
LOGS: Final = "urn:sekisho:log"

_ACTIONS: Final[Mapping[str, str]] = {"C": "create", "R": "read", "U": "update", "D": "delete"}
_READ: Final = frozenset(
    {
        EventKind.RECORDS_READ,
        EventKind.FRAGMENTS_RELEASED,
        EventKind.COMPARTMENTS_SHOWN,
        EventKind.GRANTS_LISTED,
        EventKind.CONFIRMATION,
        EventKind.ITEMS_DISCLOSED,
        EventKind.NUMBER_LOOKED_UP,
        EventKind.LOOK_UP,
        EventKind.CARD_LOOKED_UP,
        EventKind.SET_APART_LISTED,
        EventKind.ELIGIBILITY_TOLD,
        EventKind.RELEASE_FETCHED,
    }
)
_CREATED: Final = frozenset(
    {
        EventKind.PERSON_ENROLLED,
        EventKind.CARD_ISSUED,
        EventKind.RESIDENT_REGISTERED,
        EventKind.RECORDS_DEPOSITED,
        EventKind.DIRECTIVE_STORED,
        EventKind.WALLET_REGISTERED,
        EventKind.COMPARTMENTS_PUBLISHED,
        EventKind.PURCHASE_REGISTERED,
        EventKind.INSURANCE_REGISTERED,
        EventKind.RECALL_NOTICE,
        EventKind.PATIENT_LINKED,
    }
)
_CHANGED: Final = frozenset(
    {
        EventKind.RESIDENT_CHANGED,
        EventKind.NUMBER_CHANGED,
        EventKind.CARD_STATE_CHANGED,
        EventKind.NAMES_RENEWED,
        EventKind.RECORDS_SET_APART,
    }
)
_ENDED: Final = frozenset(
    {
        EventKind.DIRECTIVE_WITHDRAWN,
        EventKind.OWNERSHIP_ENDED,
        EventKind.HISTORY_ERASED,
        EventKind.PATIENT_LINK_UNDONE,
    }
)
_OF_KIND: Final[Mapping[str, str]] = {
    kind.value: action
    for action, kinds in (("C", _CREATED), ("R", _READ), ("U", _CHANGED), ("D", _ENDED))
    for kind in kinds
}
_TOLD: Final = ("kind", "ground", "reason", "categories", "years", "count")


def audit_bundle(entries: Iterable[HistoryEntry]) -> Resource:
    """Return a collection of AuditEvents, in the order of the entries."""
    resources: list[JsonValue] = [{"resource": audit_event(each)} for each in entries]
    return {"resourceType": "Bundle", "type": "collection", "entry": resources}


def save_bundle(entries: Iterable[HistoryEntry], file: Path) -> None:
    """Write the bundle, mode 0600; an existing file is replaced."""
    file.unlink(missing_ok=True)
    write_private(file, canonical(audit_bundle(entries)) + b"\n")


def audit_event(entry: HistoryEntry) -> Resource:
    """Return one entry as an AuditEvent; with the profile of IHE BALP where it is a use of the person's data."""
    action = _OF_KIND.get(entry.kind)
    refused = entry.outcome == Outcome.REFUSED.value
    event: Resource = {
        "resourceType": "AuditEvent",
        "id": f"{entry.body.replace('_', '-')}-{entry.index}",
        "type": _coded(f"{_HL7}/audit-event-type", "rest"),
        "action": action or "E",
        "recorded": entry.at.isoformat().replace("+00:00", "Z"),
        "outcome": "4" if refused else "0",
        "agent": _agents(entry),
        "source": {
            "site": entry.body,
            "observer": {"identifier": _named(LOGS, f"sekisho/{entry.body}")},
            "type": [_coded(f"{_HL7}/security-source-type", "4")],
        },
        "entity": _entities(entry),
    }
    if action is not None:
        interaction = _ACTIONS[action]
        event["meta"] = {"profile": [_PROFILE + interaction.capitalize()]}
        event["subtype"] = [_coded("http://hl7.org/fhir/restful-interaction", interaction)]
    if refused:
        event["outcomeDesc"] = entry.reason or "refused"
    return event


def _agents(entry: HistoryEntry) -> list[JsonValue]:
    staff, terminal = entry.staff, entry.terminal
    asked = staff or entry.organisation
    agents: list[JsonValue] = [
        {
            "type": {"coding": [_coded(_DICOM, "110152")]},
            "who": {
                "identifier": _named(TERMINALS, terminal)
                if terminal
                else _named(ORGANISATIONS, entry.organisation or _whoever(entry))
            },
            "requestor": False,
        },
        {
            "type": {"coding": [_coded(_DICOM, "110153")]},
            "who": {"identifier": _named(LOGS, f"sekisho/{entry.body}")},
            "requestor": asked is None,
        },
    ]
    if asked is not None:
        named = _named(STAFF, f"{entry.organisation}/{staff}") if staff else _named(ORGANISATIONS, asked)
        user: Resource = {
            "type": {"coding": [_coded(f"{_HL7}/v3-ParticipationType", "IRCP")]},
            "who": {"identifier": named},
            "requestor": True,
        }
        purposes = _purposes(_text(entry, "purpose") or "")
        if purposes:
            user["purposeOfUse"] = purposes
        agents.append(user)
    return agents


def _whoever(entry: HistoryEntry) -> str:
    return "the person" if entry.acting is None else "a guardian of the person"


def _purposes(told: str) -> list[JsonValue]:
    """Return the known ones of several names; a look-up's task is none."""
    found: list[JsonValue] = []
    for name in told.split():
        with suppress(UnknownPurposeError):
            found.append({"coding": [_coded(*coding(named(name)))]})
    return found


def _entities(entry: HistoryEntry) -> list[JsonValue]:
    details: list[JsonValue] = [
        {"type": name, "valueString": canonical({name: entry.event[name]}).decode()}
        for name in _TOLD
        if name in entry.event
    ]
    place = _named(LOGS, f"sekisho/{entry.body}/{entry.index}")
    return [
        {
            "what": {"display": "the person whose history this is"},
            "type": _coded(f"{_HL7}/audit-entity-type", "1"),
            "role": _coded(f"{_HL7}/object-role", "1"),
        },
        {
            "what": {"identifier": place},
            "type": _coded(f"{_HL7}/audit-entity-type", "2"),
            "role": _coded(f"{_HL7}/object-role", "4"),
            "detail": details,
        },
        {"what": {"identifier": place}, "type": _coded(_REQUEST, "XrequestId")},
    ]


def _text(entry: HistoryEntry, name: str) -> str | None:
    value = entry.event.get(name)
    return value if isinstance(value, str) else None


def _coded(system: str, code: str) -> Resource:
    return {"system": system, "code": code}


def _named(system: str, value: str) -> Resource:
    return {"system": system, "value": value}
