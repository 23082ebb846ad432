"""Records of wrong links: set apart for the ID centre, told to who deposited and read them."""

from typing import Annotated

from fastapi import APIRouter, Depends

from consent.vocabulary import Body
from services.contracts.medical.messages import ApartNotices, SetApart, WasSetApart
from services.kit.access import body, operator
from services.kit.credentials.callers import BodyCaller, OperatorCaller
from services.medical.setting_apart import SettingApart

IdCentre = Annotated[BodyCaller, Depends(body(Body.IDENTITY))]
Concerned = Annotated[OperatorCaller, Depends(operator("see-what-was-set-apart"))]


def set_apart_routes(setting_apart: SettingApart) -> APIRouter:
    """Return the router."""
    routes = APIRouter()

    @routes.post("/links/set-apart")
    def set_apart(_caller: IdCentre, message: SetApart) -> WasSetApart:
        """U2: set apart what was deposited under a wrong link."""
        return setting_apart.set_apart(message)

    @routes.get("/set-apart")
    def notices(caller: Concerned) -> ApartNotices:
        """Tell an organisation what was set apart of what it deposited or read."""
        return setting_apart.notices(caller)

    return routes
