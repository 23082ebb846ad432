"""Routes of the register; each parses, calls one workflow and answers."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.oversight.messages import (
    Changed,
    HandedIn,
    HandInReport,
    RegisterAnswer,
)
from services.contracts.oversight.own import OwnAccreditation
from services.contracts.oversight.public import PublicRegisterAnswer
from services.kit.access import accredited_operator, anyone_accredited, operator, terminal
from services.kit.credentials.callers import Caller, OperatorCaller, TerminalCaller
from services.oversight import own, reports
from services.oversight.office import Office

Official = Annotated[OperatorCaller, Depends(operator("read-reports"))]


def register_routes(office: Office) -> APIRouter:
    """Return the routes by which the register is read, and reports are; two officials keep it by proposals."""
    routes = APIRouter()

    @routes.get("/register")
    def register(_caller: Annotated[Caller, Depends(anyone_accredited())]) -> RegisterAnswer:
        """Return the present edition, signed."""
        return RegisterAnswer(register=office.editions.signed())

    @routes.get("/register/public")
    def public_register() -> PublicRegisterAnswer:
        """Return the present edition without operators, signed; for everybody."""
        return PublicRegisterAnswer(register=office.editions.public())

    @routes.get("/accreditation")
    def accreditation(
        caller: Annotated[TerminalCaller, Depends(terminal("see-own-accreditation"))],
    ) -> OwnAccreditation:
        """Return what the register says of the terminal's own organisation."""
        return own.accreditation(office, caller)

    @routes.post("/reports")
    def hand_in(
        caller: Annotated[OperatorCaller, Depends(accredited_operator())], asked: HandInReport
    ) -> Changed:
        """Take a report that the caller's organisation owes; whether it owes one is judged inside."""
        return reports.hand_in(office, caller, asked)

    @routes.get("/reports/{organisation}/{report}")
    def read_report(_caller: Official, organisation: str, report: str) -> HandedIn:
        """Return a report that was handed in."""
        return reports.read_report(office, organisation, report)

    return routes
