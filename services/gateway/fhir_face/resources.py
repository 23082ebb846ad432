"""Single FHIR resources (a prescription, a finding): taken in by their own type, and shown as themselves.

Category and year follow from the type and its dates (`services.gateway.clinical`). As with documents, what is sealed
does not say how the sender names the person.
"""

from collections.abc import Mapping
from typing import Final

from services.gateway.clinical import KINDS, ClinicalError, year_of
from services.gateway.fhir_face.documents import (
    NewDocument,
    ShownDocument,
    fhir_of,
    reference_in,
    sealed_content,
    subject_of,
    unsuitable,
)
from services.gateway.fhir_face.errors import FHIR_JSON, Resource

_OWN: Final = ("id", "meta")


def new_resource(kind: str, resource: Resource, *, this_year: int) -> NewDocument:
    """Take in a resource of a type of `KINDS`. Raises: FaceError naming the element, never its value."""
    if resource.get("resourceType") != kind:
        raise unsuitable(f"send a {kind} to this address")
    subject = KINDS[kind].subject
    reference = reference_in(resource, subject)
    try:
        year = year_of(resource, this_year=this_year)
    except ClinicalError as error:
        raise unsuitable(str(error)) from error
    kept = {name: value for name, value in resource.items() if name not in (*_OWN, subject)}
    return NewDocument(
        reference=reference,
        category=KINDS[kind].category,
        year=year,
        name=_name(kind, resource),
        content=sealed_content(kept, reference),
    )


def shown_resource(kind: str, held: ShownDocument) -> Resource | None:
    """Return what was opened as the resource itself; None when it is of another type."""
    found = fhir_of(held.content) if held.media_type == FHIR_JSON else {}
    if found.get("resourceType") != kind:
        return None
    own: Resource = {
        "id": held.id,
        "meta": held.resource["meta"],
        KINDS[kind].subject: subject_of(held.reference),
    }
    return found | own


def _name(kind: str, resource: Mapping[str, object]) -> str | None:
    listed = resource.get("identifier")
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and isinstance(each.get("value"), str):
            return f"{kind}/{each.get('system', '')}|{each['value']}"
    return None
