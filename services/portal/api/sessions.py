"""The session's routes and the rule that a request must have one."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from fastapi import APIRouter, Depends, Request, Response

from services.contracts.portal.client import SESSION_PATH
from services.contracts.portal.messages import SessionOpened
from services.kit.access import AccessRule
from services.kit.problems import MalformedRequestError
from services.portal.errors import SessionRequiredError
from services.portal.workflows import Presented, Sessions

COOKIE: Final = "__Host-session"


@dataclass(frozen=True, slots=True, eq=False)  # the framework keeps dependencies in dictionaries
class SignedIn:
    """Admits who has an open session; as a dependency it yields the session's secret."""

    sessions: Sessions
    access_rule: ClassVar[AccessRule] = AccessRule("session", ())

    def __call__(self, request: Request) -> str:
        """Return the secret. Raises: SessionRequiredError."""
        secret = request.cookies.get(COOKIE)
        if not secret or not self.sessions.stands(secret):
            raise SessionRequiredError
        return secret


@dataclass(frozen=True, slots=True)
class WithToken:
    """Takes what a sign-in brings; `Sessions.open` verifies it."""

    access_rule: ClassVar[AccessRule] = AccessRule("person", ())

    def __call__(self, request: Request) -> Presented:
        """Return the credentials, unverified. Raises: MalformedRequestError."""
        return Presented(
            single_header(request, "authorization"),
            single_header(request, "dpop"),
            request.cookies.get(COOKIE),
        )


def single_header(request: Request, name: str) -> str | None:
    """Return a header that must not be given twice. Raises: MalformedRequestError."""
    values = request.headers.getlist(name)
    if len(values) > 1:
        raise MalformedRequestError(f"the header {name} is given twice")
    return values[0] if values else None


def session_routes(sessions: Sessions) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.post(SESSION_PATH)
    def sign_in(presented: Annotated[Presented, Depends(WithToken())], response: Response) -> SessionOpened:
        """Open a session for the holder of a person's token for this portal."""
        secret = sessions.open(presented)
        response.set_cookie(COOKIE, secret, path="/", secure=True, httponly=True, samesite="strict")
        return SessionOpened(expires_in=sessions.lifetime)

    @router.delete(SESSION_PATH, status_code=204)
    def sign_out(secret: Annotated[str, Depends(SignedIn(sessions))], response: Response) -> None:
        """End the session."""
        sessions.end(secret)
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")

    return router
