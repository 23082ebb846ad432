"""Everything that is stored about a person as one FHIR R4 Bundle, opened on the person's own machine (UC2).

Resources are as their authors sealed them. What is no FHIR resource stands as DocumentReference; a large document is a
file beside the Bundle. A Provenance for each says who wrote it.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from consent.streams import LargeDocument
from services.gateway.errors import LargeFileError
from services.gateway.hospital import FHIR_JSON
from services.gateway.own_records import OwnRecord, own_records, save_large
from services.gateway.person import Person
from services.gateway.unopened import LeftOut, log_unopened
from services.kit.clock import rfc3339
from services.kit.keys import write_new
from services.kit.strict_json import StrictJsonError, loads

BUNDLE_FILE: Final = "records.json"


@dataclass(frozen=True, slots=True)
class SavedBundle:
    """Where everything lies: the Bundle, how many records it has, and the files of large ones."""

    file: Path
    records: int
    large: tuple[Path, ...]


def save_bundle(person: Person, folder: Path, *, left_out: LeftOut = log_unopened) -> SavedBundle:
    """Fetch, open and save everything; files that nobody else can read. The Bundle is written last.

    Raises: RefusedError, NotVerifiedError, LargeFileError when a Bundle is there already, PeerUnavailableError.
    """
    target = folder / BUNDLE_FILE
    if target.exists():
        raise LargeFileError(f"{target} is there already; name an empty folder")
    records = own_records(person, left_out=left_out)
    files = {
        each.document.id: save_large(person, each.document, each.large, folder, reserved=[BUNDLE_FILE])
        for each in records
        if each.large is not None
    }
    entries = [entry for each in records for entry in _entries(each, files.get(each.document.id))]
    begin = {"resourceType": "Bundle", "type": "collection", "timestamp": rfc3339(person.clock())}
    text = ",\n".join(entries)
    write_new(target, f'{_written(begin)[:-1]},"entry":[\n{text}\n]}}\n'.encode())
    return SavedBundle(target, len(records), tuple(files.values()))


def _entries(record: OwnRecord, file: Path | None) -> Sequence[str]:
    url = f"urn:sekisho:document:{record.document.id}"
    resource = _resource(record) if file is None else _written(_reference_to_file(record, file))
    provenance = {
        "resourceType": "Provenance",
        "target": [{"reference": url}],
        "recorded": f"{record.year}-01-01T00:00:00Z",
        "activity": {"text": record.category.value},
        "agent": [{"who": {"identifier": {"system": "urn:sekisho:author", "value": record.author}}}],
        "entity": [{"role": "source", "what": {"identifier": {"value": record.document.id}}}],
    }
    return [
        f'{{"fullUrl":{_written(url)},"resource":{resource}}}',
        _written({"fullUrl": f"urn:sekisho:provenance:{record.document.id}", "resource": provenance}),
    ]


def _written(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _resource(record: OwnRecord) -> str:
    document = record.document
    if document.media_type == FHIR_JSON:
        try:
            resource = loads(document.content)
        except StrictJsonError:
            resource = None
        if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
            # as it stands: written anew, 7.40 would become 7.4, and FHIR's decimals mean their zeros
            return document.content.decode().strip()
    attachment = {
        "contentType": document.media_type,
        "data": base64.b64encode(document.content).decode(),
    }
    return _written(_document_reference(record, attachment))


def _reference_to_file(record: OwnRecord, file: Path) -> dict[str, Any]:
    large = LargeDocument.from_content(record.document.content)
    attachment = {
        "contentType": large.media_type,
        "url": file.name,
        "size": large.size,
        "title": large.name,
    }
    return _document_reference(record, attachment)


def _document_reference(record: OwnRecord, attachment: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "identifier": [{"system": "urn:sekisho:document", "value": record.document.id}],
        "category": [{"text": record.category.value}],
        "content": [{"attachment": attachment}],
    }
