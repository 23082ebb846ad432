"""Routes of reports of wrong capsule fragments; each parses, calls one workflow and answers."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.oversight.wrong_fragments import ReportWrong, WrongReported, WrongReports
from services.directives.service import Directives
from services.kit.access import operator
from services.kit.credentials.callers import OperatorCaller
from services.oversight import wrong_fragments as workflows

Reader = Annotated[OperatorCaller, Depends(operator("read-records"))]
Official = Annotated[OperatorCaller, Depends(operator("read-reports"))]


def wrong_fragment_routes(directives: Directives) -> APIRouter:
    """Return the routes by which readers report a body, and officials see it."""
    routes = APIRouter()

    @routes.post("/wrong-fragments")
    def report(caller: Reader, asked: ReportWrong) -> WrongReported:
        """F4: take what shows that a body was wrong."""
        return workflows.report_wrong(directives, caller, asked)

    @routes.get("/wrong-fragments")
    def reports(_caller: Official) -> WrongReports:
        """Return what was reported."""
        return workflows.wrong_reports(directives)

    return routes
