"""The decision endpoint. Source: OpenID AuthZEN Authorization API 1.0."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.medical.authzen import (
    EVALUATION,
    EVALUATIONS,
    METADATA,
    SEARCH,
    ActionSearch,
    Configuration,
    Decided,
    DecidedEach,
    Evaluation,
    Evaluations,
    ResourceSearch,
    Results,
    SubjectSearch,
)
from services.kit.access import either, operator, person
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.medical.evaluating import Evaluating
from services.medical.questions import configuration

Asker = Annotated[OperatorCaller | PersonCaller, Depends(either(operator("list-permissions"), person()))]


def authzen_routes(evaluating: Evaluating, *, url: str) -> APIRouter:
    """Return the routes; `url` is the centre's own address."""
    routes = APIRouter()

    @routes.get(METADATA)
    def metadata() -> Configuration:
        """Tell where everything is."""
        return configuration(url)

    @routes.post(EVALUATION)
    def evaluation(caller: Asker, message: Evaluation) -> Decided:
        """Decide once; a no is an answer like any other."""
        return evaluating.evaluation(caller, message)

    @routes.post(EVALUATIONS)
    def evaluations(caller: Asker, message: Evaluations) -> DecidedEach | Decided:
        """Decide several times."""
        return evaluating.evaluations(caller, message)

    @routes.post(f"{SEARCH}/subject")
    def subjects(caller: Asker, message: SubjectSearch) -> Results:
        """Tell who may."""
        return evaluating.subjects(caller, message)

    @routes.post(f"{SEARCH}/resource")
    def resources(caller: Asker, message: ResourceSearch) -> Results:
        """Tell what may be read."""
        return evaluating.resources(caller, message)

    @routes.post(f"{SEARCH}/action")
    def actions(caller: Asker, message: ActionSearch) -> Results:
        """Tell for what it may be read."""
        return evaluating.actions(caller, message)

    return routes
