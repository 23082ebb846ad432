"""The CapabilityStatement: what the face does, and nothing that it does not."""

from datetime import datetime
from typing import Final

from pydantic import JsonValue

from consent.instants import write
from services.gateway.clinical import KINDS
from services.gateway.fhir_face.documents import REFERENCES
from services.gateway.fhir_face.errors import Resource

_BY_PERSON: Final[Resource] = {
    "name": "patient",
    "type": "reference",
    "documentation": f"required: the id of a Patient here, or patient.identifier={REFERENCES}|<value>",
}
_DATE: Final[Resource] = {"name": "date", "type": "date", "documentation": "years, with ge and le"}
_SECURITY: Final = (
    "On this machine only: every request but this one carries Authorization: Bearer with the secret of the gateway's "
    "secret file. Who asks towards the bodies is the operator and terminal of the gateway's credentials."
)


def capability_statement(*, url: str, started: datetime) -> Resource:
    """Return the statement of a face at `url` that was started then."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": write(started),
        "kind": "instance",
        "software": {"name": "Sekisho gateway"},
        "implementation": {"description": "local FHIR face of an organisation's gateway", "url": url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "security": {"description": _SECURITY},
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
                "resource": [
                    *(
                        _resource(
                            kind,
                            ["create", "read", "search-type"],
                            "read: for some minutes after it was created or found",
                            [_BY_PERSON, _DATE],
                        )
                        for kind in KINDS
                    ),
                    _resource(
                        "DocumentReference",
                        ["create", "read", "search-type"],
                        "read: for some minutes after it was created or found; a create with relatesTo replaces, whose "
                        "target is DocumentReference/<id>/_history/<version>, is a new version",
                        [
                            _BY_PERSON,
                            {"name": "category", "type": "token"},
                            {"name": "period", "type": "date", "documentation": "years, with ge and le"},
                        ],
                    ),
                    _resource(
                        "Binary", ["read"], "the attachment of a DocumentReference, for as long as that", []
                    ),
                    _resource(
                        "AuditEvent",
                        ["search-type"],
                        "what this face did about a person; what bodies did stands in their logs",
                        [_BY_PERSON, {"name": "date", "type": "date", "documentation": "with ge"}],
                    ),
                    _resource(
                        "Consent",
                        ["create", "read", "search-type"],
                        "what a person permits this organisation now; a create is a proposal (status proposed), which "
                        "only the person's wallet makes a permission",
                        [_BY_PERSON],
                    ),
                    _resource(
                        "Patient",
                        ["read", "search-type"],
                        "the person whom a reference names, without items: those are the registry's",
                        [
                            {"name": "identifier", "type": "token", "documentation": f"{REFERENCES}|<value>"},
                            {"name": "_id", "type": "token"},
                        ],
                    ),
                ],
            }
        ],
    }


def _resource(kind: str, interactions: list[str], text: str, parameters: list[Resource]) -> Resource:
    told: list[JsonValue] = [{"code": each} for each in interactions]
    listed: list[JsonValue] = [*parameters]
    found: Resource = {"type": kind, "documentation": text, "interaction": told}
    return found | ({"searchParam": listed} if listed else {})
