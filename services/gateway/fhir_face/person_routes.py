"""Routes about a person as such: who is known here, what they permit, what this face did about them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.gateway.fhir_face.answering import BASE, fhir, received, require_json
from services.gateway.fhir_face.asking import asked_consents, asked_count, asked_events, asked_patients
from services.gateway.fhir_face.documents import reference_of_id
from services.gateway.fhir_face.errors import NOT_FOUND, FaceError, Resource
from services.gateway.fhir_face.paging import Pages
from services.gateway.fhir_face.records import Records


def person_routes(records: Records, pages: Pages) -> APIRouter:
    """Return the routes of Patient, Consent and AuditEvent."""
    router = APIRouter(prefix=BASE)

    @router.get("/Patient")
    def patients(request: Request) -> Response:
        """Return the person of a reference."""
        require_json(request)
        parameters = request.query_params.multi_items()
        count = asked_count(parameters)
        return fhir(pages.first([records.patient(asked_patients(parameters))], count=count))

    @router.get("/Patient/{identifier}")
    def patient(request: Request, identifier: str) -> Response:
        """Return the person of a reference."""
        require_json(request)
        return fhir(records.patient(reference_of_id(identifier)))

    @router.post("/Consent")
    def propose(request: Request, resource: Annotated[Resource, Depends(received)]) -> Response:
        """Take a proposal of a permission, which only the person's wallet makes one."""
        require_json(request)
        made = records.propose(resource)
        return fhir(made, status=201, headers={"Location": f"{pages.url}/Consent/{made['id']}"})

    @router.get("/Consent")
    def consents(request: Request) -> Response:
        """Return what a person permits this organisation."""
        require_json(request)
        parameters = request.query_params.multi_items()
        count = asked_count(parameters)
        return fhir(pages.first(records.consents(asked_consents(parameters)), count=count))

    @router.get("/Consent/{identifier}")
    def consent(request: Request, identifier: str) -> Response:
        """Return a permission or proposal."""
        require_json(request)
        found = records.find_consent(identifier)
        if found is None:
            raise FaceError(
                NOT_FOUND, "it was not found here in the last minutes; search for the person's Consents"
            )
        return fhir(found)

    @router.get("/AuditEvent")
    def events(request: Request) -> Response:
        """Return what was done here about a person."""
        require_json(request)
        parameters = request.query_params.multi_items()
        count = asked_count(parameters)
        return fhir(pages.first(records.events(*asked_events(parameters)), count=count))

    return router
