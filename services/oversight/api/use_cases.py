"""Routes of cases of suspicious use; each parses, calls one workflow and answers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from consent.vocabulary import Body
from services.contracts.oversight.emergencies import Reviewed
from services.contracts.oversight.use_cases import (
    AskOutcomes,
    DecideUse,
    OpenUseCase,
    UseCaseTaken,
    UseOutcomes,
    UseReviews,
)
from services.kit.access import body, operator
from services.kit.credentials.callers import BodyCaller, OperatorCaller
from services.oversight import use_cases as workflows
from services.oversight.use_cases import UseCaseOffice

MedicalCentre = Annotated[BodyCaller, Depends(body(Body.MEDICAL))]
Reviewer = Annotated[OperatorCaller, Depends(operator("review-uses"))]
Case = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


def use_case_routes(office: UseCaseOffice) -> APIRouter:
    """Return the routes for the medical centre and for reviewers."""
    routes = APIRouter()

    @routes.put("/use-cases/{case}")
    def take(_caller: MedicalCentre, case: Case, told: OpenUseCase) -> UseCaseTaken:
        """Open a case, or take what is new about it."""
        return workflows.take(office, case, told)

    @routes.post("/use-cases/outcomes")
    def outcomes(_caller: MedicalCentre, asked: AskOutcomes) -> UseOutcomes:
        """Return those of the cases that are decided."""
        return workflows.outcomes(office, asked)

    @routes.get("/use-reviews")
    def reviews(caller: Reviewer) -> UseReviews:
        """List what waits for a finding."""
        return workflows.reviews(office, caller)

    @routes.post("/use-reviews/{case}")
    def decide(caller: Reviewer, case: Case, asked: DecideUse) -> Reviewed:
        """Review a case."""
        return workflows.decide(office, caller, name=case, asked=asked)

    return routes
