"""DocumentReference and Binary: what comes in is made ready for sealing, what was opened is shown.

What is sealed is the DocumentReference with its content inside and without the person: how one organisation names
somebody is for nobody else. A reader's face puts in its own name of the person, and who is proved to have sealed it.
Other records (single FHIR resources) are shown as a DocumentReference around them.
"""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from consent.compartments import FIRST_YEAR, LAST_YEAR
from consent.identifiers import DocumentId
from consent.vocabulary import Category
from services.gateway.clinic import OpenedDocument
from services.gateway.fhir_face.errors import FHIR_JSON, UNSUITABLE, FaceError, Resource
from services.kit.strict_json import StrictJsonError, loads

REFERENCES: Final = "urn:sekisho:reference"
CATEGORIES: Final = "urn:sekisho:category"
ORGANISATIONS: Final = "urn:sekisho:organisation"
DOCUMENTS: Final = "urn:sekisho:document"
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}", re.ASCII)
_DATE: Final = re.compile(r"([0-9]{4})(-[0-9]{2}(-[0-9]{2}(T[0-9:.+Z-]{1,30})?)?)?", re.ASCII)
_OWN: Final = ("id", "meta", "subject", "custodian", "masterIdentifier", "relatesTo")
_VERSION: Final = re.compile(r"DocumentReference/([A-Za-z0-9.-]{1,64})/_history/([1-9][0-9]{0,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document to be sealed. `name` is what its sender calls it, type and identifier, if it gave one."""

    reference: str
    category: Category
    year: int
    name: str | None
    content: bytes = field(repr=False)
    replaces: "Replaced | None" = None


@dataclass(frozen=True, slots=True)
class Replaced:
    """The version of an own document that a new one takes the place of."""

    document: DocumentId
    version: int


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document as the face shows it: whose it is, the resource, and what its attachment holds."""

    id: str
    reference: str
    resource: Resource = field(repr=False)
    media_type: str
    content: bytes = field(repr=False)

    def binary(self) -> Resource:
        """Return the attachment as Binary."""
        data = base64.b64encode(self.content).decode()
        return {"resourceType": "Binary", "id": self.id, "contentType": self.media_type, "data": data}


def resource_id(name: str) -> str:
    """Return a document's or permission's id as FHIR spells ids (which have no underscore)."""
    if _PLAIN_ID.fullmatch(name):
        return name.replace("_", ".")
    return hashlib.sha256(name.encode()).hexdigest()


def new_document(resource: Resource) -> NewDocument:
    """Take in a DocumentReference. Raises: FaceError naming the element, never its value."""
    if resource.get("status") != "current":
        raise unsuitable("status must be current")
    _data(_enclosed(resource))
    kept = {name: value for name, value in resource.items() if name not in _OWN}
    reference = reference_in(resource, "subject")
    return NewDocument(
        reference=reference,
        category=_category(resource),
        year=_year(resource),
        name=_name(resource),
        content=sealed_content(kept, reference),
        replaces=_replaced(resource),
    )


def sealed_content(kept: Resource, reference: str) -> bytes:
    """Return what is sealed of a resource. Raises: FaceError when it still says how the sender names the person."""
    content = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    if reference in content or patient_id(reference) in content:
        raise unsuitable("the person's reference stands in more than the subject; it is for nobody else")
    return content.encode()


def shown_document(opened: OpenedDocument, *, reference: str) -> ShownDocument:
    """Return an opened document as a reader's own systems see it; `reference` is the reader's name of the person."""
    document = opened.document
    sealed = fhir_of(document.content) if document.media_type == FHIR_JSON else {}
    try:
        attachment = _enclosed(sealed)
        content, media_type = _data(attachment), str(attachment["contentType"])
        resource = {name: value for name, value in sealed.items() if name not in _OWN}
    except FaceError:  # another kind of record, or a DocumentReference that no face made
        content, media_type, resource = document.content, document.media_type, _wrapper(opened, sealed)
        attachment = {}
    identifier = resource_id(document.id)
    shown: dict[str, JsonValue] = {name: value for name, value in attachment.items() if name != "data"}
    shown |= {"contentType": media_type, "url": f"Binary/{identifier}", "size": len(content)}
    resource |= {
        "resourceType": "DocumentReference",
        "id": identifier,
        "meta": {"versionId": str(document.version)},
        "masterIdentifier": {"system": DOCUMENTS, "value": document.id},
        "subject": subject_of(reference),
        "custodian": {"identifier": {"system": ORGANISATIONS, "value": opened.author}},
        "content": [{"attachment": shown}],
    }
    if document.version > 1:
        before = f"DocumentReference/{identifier}/_history/{document.version - 1}"
        resource["relatesTo"] = [{"code": "replaces", "target": {"reference": before}}]
    return ShownDocument(identifier, reference, resource, media_type, content)


def _wrapper(opened: OpenedDocument, sealed: Resource) -> Resource:
    place = opened.compartment
    kind = sealed.get("resourceType")
    described: Resource = {"description": kind} if isinstance(kind, str) else {}
    return described | {
        "status": "current",
        "category": [{"coding": [{"system": CATEGORIES, "code": place.category.value}]}],
        "context": {"period": {"start": f"{place.year:04}"}},
    }


def fhir_of(content: bytes) -> Resource:
    """Return the resource that was sealed; an empty one for what is none."""
    try:
        found = loads(content)
    except StrictJsonError:
        return {}
    return found if isinstance(found, dict) else {}


def _enclosed(resource: Resource) -> Resource:
    if resource.get("resourceType") != "DocumentReference":
        raise unsuitable("send a DocumentReference")
    contents = resource.get("content")
    only = contents[0] if isinstance(contents, list) and len(contents) == 1 else None
    attachment = only.get("attachment") if isinstance(only, dict) else None
    if not isinstance(attachment, dict) or "url" in attachment:
        raise unsuitable("content must be one attachment that holds its data itself (no url)")
    media_type = attachment.get("contentType")
    if not isinstance(media_type, str) or not _MEDIA_TYPE.fullmatch(media_type):
        raise unsuitable("content[0].attachment.contentType must be a media type without parameters")
    return attachment


def _data(attachment: Resource) -> bytes:
    data = attachment.get("data")
    try:
        content = base64.b64decode(data, validate=True) if isinstance(data, str) else b""
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        raise unsuitable("content[0].attachment.data must be base64 of what the document says")
    return content


def subject_of(reference: str) -> Resource:
    """Return how a person is named in what is shown here: by the reference, and as the Patient of this face."""
    return {
        "reference": f"Patient/{patient_id(reference)}",
        "identifier": {"system": REFERENCES, "value": reference},
    }


def patient_id(reference: str) -> str:
    """Return the id of a person's Patient: the reference as FHIR spells ids."""
    return reference.replace("_", ".")


def reference_of_id(identifier: str) -> str:
    """Return the reference of a Patient's id. Raises: FaceError."""
    return reference_of(identifier.replace(".", "_"))


def reference_in(resource: Resource, element: str) -> str:
    """Return how the sender names the person in an element. Raises: FaceError."""
    subject = resource.get(element)
    named = subject.get("identifier") if isinstance(subject, dict) else None
    if named is None and isinstance(subject, dict) and isinstance(subject.get("reference"), str):
        return reference_of_id(str(subject["reference"]).removeprefix("Patient/"))
    if not isinstance(named, dict) or named.get("system") != REFERENCES:
        raise unsuitable(
            f"{element}.identifier must name the person: system {REFERENCES}, value as link told"
        )
    return reference_of(named.get("value"))


def reference_of(value: object) -> str:
    """Return the organisation's own name of a person. Raises: FaceError."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]{43}", value):
        raise unsuitable(f"the value of a {REFERENCES} is the 43 signs that link told")
    return value


def _category(resource: Resource) -> Category:
    listed = resource.get("category")
    codings = [
        coding
        for each in (listed if isinstance(listed, list) else [])
        for coding in _list(each, "coding")
        if isinstance(coding, dict) and coding.get("system") == CATEGORIES
    ]
    code = codings[0].get("code") if len(codings) == 1 else None
    if code not in set(Category):
        raise unsuitable(f"category must name one code of {CATEGORIES}: {', '.join(Category)}")
    return Category(str(code))


def _list(value: JsonValue, name: str) -> list[JsonValue]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _year(resource: Resource) -> int:
    context = resource.get("context")
    period = context.get("period") if isinstance(context, dict) else None
    start = period.get("start") if isinstance(period, dict) else None
    found = _DATE.fullmatch(start) if isinstance(start, str) else None
    if found is None or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        raise unsuitable("context.period.start must say when the care was: a FHIR date")
    return int(found[1])


def _name(resource: Resource) -> str | None:
    listed = resource.get("identifier")
    if listed is None:
        return None
    first = listed[0] if isinstance(listed, list) and len(listed) == 1 else None
    system = first.get("system") if isinstance(first, dict) else None
    value = first.get("value") if isinstance(first, dict) else None
    if not isinstance(system, str) or not isinstance(value, str) or not value:
        raise unsuitable("identifier, where it is given, is one with system and value")
    return f"DocumentReference/{system}|{value}"


def _replaced(resource: Resource) -> Replaced | None:
    listed = resource.get("relatesTo")
    if listed is None:
        return None
    only = listed[0] if isinstance(listed, list) and len(listed) == 1 else None
    target = only.get("target") if isinstance(only, dict) else None
    told = target.get("reference") if isinstance(target, dict) else None
    found = _VERSION.fullmatch(told) if isinstance(told, str) else None
    if found is None or not isinstance(only, dict) or only.get("code") != "replaces":
        raise unsuitable(
            "relatesTo, where it is given, is one of code replaces, whose target.reference is "
            "DocumentReference/<id>/_history/<version> as shown here"
        )
    return Replaced(DocumentId(found[1].replace(".", "_")), int(found[2]))


def unsuitable(text: str) -> FaceError:
    """Return the refusal of a resource."""
    return FaceError(UNSUITABLE, text)
