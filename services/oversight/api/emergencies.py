"""Routes of emergencies; each parses, calls one workflow and answers."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.oversight.emergencies import (
    DecideReview,
    DeclareEmergency,
    RelayedAnswer,
    ReviewCases,
    Reviewed,
    SecondEmergency,
    ShownEmergency,
    WaitingEmergencies,
)
from services.contracts.oversight.emergency_notices import EmergencyNotices
from services.kit.access import operator, person
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.oversight import emergencies as workflows
from services.oversight import emergency_notices as telling
from services.oversight import emergency_relaying as relaying
from services.oversight import emergency_reviews as reviewing
from services.oversight.emergency_rules import Emergencies

Professional = Annotated[OperatorCaller, Depends(operator("declare-emergency"))]
Relay = Annotated[OperatorCaller, Depends(operator("relay-emergencies"))]
Reviewer = Annotated[OperatorCaller, Depends(operator("review-emergencies"))]


def emergency_routes(emergencies: Emergencies) -> APIRouter:
    """Return the routes for professionals, the relay and reviewers."""
    routes = APIRouter()

    @routes.post("/emergencies")
    def declare(caller: Professional, asked: DeclareEmergency) -> ShownEmergency:
        """Ask, as the first professional."""
        return workflows.declare(emergencies, caller, asked)

    @routes.get("/emergencies/{case}")
    def show(caller: Professional, case: str) -> ShownEmergency:
        """Show an emergency of the own organisation."""
        return workflows.show(emergencies, caller, case)

    @routes.post("/emergencies/{case}/second")
    def second(caller: Professional, case: str, asked: SecondEmergency) -> ShownEmergency:
        """Sign, as the second professional."""
        return workflows.second(emergencies, caller, name=case, asked=asked)

    @routes.get("/emergencies/{case}/answer")
    def answer(caller: Professional, case: str) -> RelayedAnswer:
        """Return what the relay sealed, while the emergency lasts."""
        return relaying.fetch(emergencies, caller, case)

    @routes.get("/emergency-notices")
    def notices(caller: Annotated[PersonCaller, Depends(person())]) -> EmergencyNotices:
        """Tell a person of emergencies about them."""
        return telling.notices(emergencies, caller)

    @routes.get("/relay-emergencies")
    def waiting(_caller: Relay) -> WaitingEmergencies:
        """List what waits for a relay."""
        return relaying.waiting(emergencies)

    @routes.post("/emergencies/{case}/relayed")
    def relayed(caller: Relay, case: str, message: RelayedAnswer) -> ShownEmergency:
        """Take a relay's answer."""
        return relaying.take_answer(emergencies, caller, name=case, answer=message)

    @routes.get("/emergency-reviews")
    def reviews(caller: Reviewer) -> ReviewCases:
        """List what waits for a finding."""
        return reviewing.reviews(emergencies, caller)

    @routes.post("/emergency-reviews/{case}")
    def decide(caller: Reviewer, case: str, asked: DecideReview) -> Reviewed:
        """Review an emergency."""
        return reviewing.decide_review(emergencies, caller, name=case, asked=asked)

    return routes
