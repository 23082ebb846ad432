"""Routes of audit reports; each parses, calls one workflow and answers."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.oversight.audit_reports import AuditHandedIn, HandInAudit, KeptAudit, KeptAudits
from services.contracts.witnessing import WitnessClient, sync_witnesses
from services.kit.access import operator
from services.kit.credentials.callers import OperatorCaller
from services.oversight import audit_reports as workflows
from services.oversight.audit_reports import AuditOffice

Auditor = Annotated[OperatorCaller, Depends(operator("audit"))]
Official = Annotated[OperatorCaller, Depends(operator("read-reports"))]


def audit_report_routes(office: AuditOffice, witnesses: Sequence[WitnessClient]) -> APIRouter:
    """Return the routes by which auditors hand reports in, and officials see them."""
    routes = APIRouter()

    @routes.post("/audit-reports")
    def hand_in(caller: Auditor, asked: HandInAudit) -> AuditHandedIn:
        """Y2: take a report that the caller's card signed."""
        return workflows.hand_in(office, caller, asked)

    @routes.get("/audit-reports")
    def reports(_caller: Official) -> KeptAudits:
        """Return what was handed in."""
        return workflows.listed(office)

    @routes.get("/audit-reports/{report}")
    def report(_caller: Official, report: str) -> KeptAudit:
        """Return one report, with its entry's proof."""
        sync_witnesses(office.context, witnesses)
        return workflows.show(office, report)

    return routes
