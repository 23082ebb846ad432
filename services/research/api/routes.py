"""Routes for researchers."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.contracts.research.messages import JobAnswer, JobRequest
from services.kit.access import operator
from services.kit.credentials.callers import OperatorCaller
from services.research import egress, workflows
from services.research.centre import Centre
from services.research.model import JobId, ReleaseId

AnyOperator = Annotated[OperatorCaller, Depends(operator())]
Researcher = Annotated[OperatorCaller, Depends(operator("ask-for-tables"))]


def research_routes(centre: Centre) -> APIRouter:
    """Return the anonymiser's own routes."""
    router = APIRouter()

    @router.post("/jobs")
    def submit(caller: AnyOperator, message: JobRequest) -> JobAnswer:
        """Have a table made and released; the role is judged and logged in the workflow."""
        return egress.answer(*workflows.submit(centre, caller, message))

    @router.get("/jobs/{job}")
    def find_job(caller: Researcher, job: str) -> JobAnswer:
        """Tell how a job of the own organisation ended."""
        return egress.answer(*workflows.find_job(centre, caller, JobId(job)))

    @router.get("/releases/{release}", response_class=Response)
    def fetch(caller: AnyOperator, release: str) -> Response:
        """Return a release as CSV to its recipient; also who may not have it is logged."""
        content = workflows.fetch(centre, caller, ReleaseId(release))
        return Response(content, media_type="text/csv; charset=utf-8")

    return router
