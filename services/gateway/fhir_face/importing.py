"""Bundles of new documents and resources: a transaction is one deposit or nothing, a batch is each by itself.

Source: HL7 FHIR 4.0.1, 3.1.0.11 (batch and transaction).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from services.gateway.clinical import KINDS
from services.gateway.fhir_face.documents import NewDocument, new_document, unsuitable
from services.gateway.fhir_face.errors import EXPECTED, FaceError, Resource, outcome, refused
from services.gateway.fhir_face.records import DOCUMENT, Records
from services.gateway.fhir_face.resources import new_resource

MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class _Entry:
    """One POST of a Bundle."""

    kind: str
    resource: Resource


def import_bundle(records: Records, bundle: Resource, *, url: str) -> Resource:
    """Deposit what a Bundle brings; return the Bundle that answers it. Raises: FaceError, GatewayError,
    PeerUnavailableError, where a transaction is refused as a whole.
    """
    if bundle.get("resourceType") != "Bundle":
        raise unsuitable("send a Bundle to this address")
    entries = bundle.get("entry")
    if not isinstance(entries, list) or not 0 < len(entries) <= MOST_ENTRIES:
        raise unsuitable(f"a Bundle has one entry or more, and at most {MOST_ENTRIES}")
    match bundle.get("type"):
        case "transaction":
            told = _transaction(records, [_entry(each) for each in entries], url)
        case "batch":
            told = [_one(records, each, url) for each in entries]
        case _:
            raise unsuitable("a Bundle that is taken here is a transaction or a batch")
    return {"resourceType": "Bundle", "type": f"{bundle['type']}-response", "entry": told}


def _transaction(records: Records, entries: Sequence[_Entry], url: str) -> list[JsonValue]:
    new = [(each.kind, _new(records, each)) for each in entries]
    if len({each.reference for _, each in new}) > 1:
        raise unsuitable("a transaction is about one person: send one for each, or a batch")
    made = records.create_together(new)
    return [_created(kind, identifier, url) for (kind, _), identifier in zip(new, made, strict=True)]


def _one(records: Records, told: JsonValue, url: str) -> JsonValue:
    try:
        entry = _entry(told)
        (identifier,) = records.create_together([(entry.kind, _new(records, entry))])
    except FaceError as error:
        return _refused(error)
    except EXPECTED as error:
        return _refused(refused(error))
    return _created(entry.kind, identifier, url)


def _entry(told: JsonValue) -> _Entry:
    entry = told if isinstance(told, dict) else {}
    request, resource = entry.get("request"), entry.get("resource")
    if not isinstance(request, dict) or not isinstance(resource, dict):
        raise unsuitable("each entry has a request and a resource")
    kind = request.get("url")
    if request.keys() != {"method", "url"} or request.get("method") != "POST":
        raise unsuitable("each entry's request is a POST to a resource type, without conditions")
    if not isinstance(kind, str) or (kind != DOCUMENT and kind not in KINDS):
        raise unsuitable(f"each entry is for {DOCUMENT} or one of {', '.join(KINDS)}")
    return _Entry(kind, resource)


def _new(records: Records, entry: _Entry) -> NewDocument:
    if entry.kind == DOCUMENT:
        return new_document(entry.resource)
    return new_resource(entry.kind, entry.resource, this_year=records.this_year)


def _created(kind: str, identifier: str, url: str) -> JsonValue:
    return {"response": {"status": "201 Created", "location": f"{url}/{kind}/{identifier}"}}


def _refused(error: FaceError) -> JsonValue:
    return {"response": {"status": str(error.wrong.status), "outcome": outcome(error)}}
