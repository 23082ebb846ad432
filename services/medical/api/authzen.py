"""The decision endpoint. Source: OpenID AuthZEN Authorization API 1.0."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.contracts.medical.authzen import (
    EVALUATION,
    EVALUATIONS,
    METADATA,
    REQUEST_ID,
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
ECHOED: Final = re.compile(rb"[!-~]{1,128}")


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


class EchoRequestId:
    """Gives the asker's `X-Request-ID` back, errors included; one that is not plain and short is left out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        given = [value for name, value in scope.get("headers", ()) if name == REQUEST_ID.encode()]
        if not given or not scope["path"].startswith("/access/v1/") or not ECHOED.fullmatch(given[0]):
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], (REQUEST_ID.encode(), given[0])]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, sending)
