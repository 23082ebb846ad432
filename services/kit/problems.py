"""Problem documents (RFC 9457): typed errors inside, one table to the wire at the edge."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

logger = logging.getLogger("sekisho")
PLAIN_NAME = re.compile(r"[A-Za-z0-9_]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of problem: `code` is stable, `next_step` tells the caller what to do."""

    status: int
    code: str
    title: str
    next_step: str


class ProblemError(Exception):
    """Base of errors that reach the wire as they are; `detail` never carries a value of a record."""

    problem = Problem(
        500, "internal_error", "Something failed on our side", "Try again; tell the operator if it stays."
    )

    challenge: str | None = None
    """What RFC 9449 or RFC 6750 calls it in `WWW-Authenticate`."""

    def __init__(self, detail: str = "", *, extra: Mapping[str, object] | None = None) -> None:
        super().__init__(detail or self.problem.title)
        self.detail = detail
        self.extra = dict(extra or {})

    def answer(self) -> JSONResponse:
        """Return the problem document."""
        return answer(self.problem, detail=self.detail, extra=self.extra, challenge=self.challenge)


class MalformedRequestError(ProblemError):
    """The request is not what the route's schema says."""

    problem = Problem(
        400, "malformed_request", "The request cannot be read", "Correct the named field and send it again."
    )


class MediaTypeError(ProblemError):
    """The request's body is of a media type that the route does not take."""

    problem = Problem(
        415, "media_type", "This media type is not taken here", "Send JSON with the type application/json."
    )


class BodyTooLargeError(ProblemError):
    """The request's body is over the configured limit."""

    problem = Problem(413, "body_too_large", "The request is too large", "Send it in smaller parts.")


class UnauthenticatedError(ProblemError):
    """No valid credential came with the request."""

    problem = Problem(
        401,
        "unauthenticated",
        "A valid credential is required",
        "Get a token from the ID centre and send it with a DPoP proof.",
    )


class InvalidTokenError(UnauthenticatedError):
    """The access token does not count here and now."""

    challenge = "invalid_token"


class InvalidProofError(UnauthenticatedError):
    """The DPoP proof is missing or wrong."""

    challenge = "invalid_dpop_proof"


class NonceRequiredError(UnauthenticatedError):
    """The DPoP proof needs the nonce that the answer's header gives; nothing was done."""

    problem = Problem(
        401, "use_dpop_nonce", "The proof needs a nonce", "Send it again with the nonce in DPoP-Nonce."
    )
    challenge = "use_dpop_nonce"


class ForbiddenError(ProblemError):
    """The credential is valid but does not allow this."""

    problem = Problem(
        403,
        "forbidden",
        "This credential does not allow that",
        "Ask for the role or permission that the detail names.",
    )


class NotFoundError(ProblemError):
    """Nothing of that name is there for this caller."""

    problem = Problem(
        404, "not_found", "Nothing here under that name", "Check the address or the identifier."
    )


class ConflictError(ProblemError):
    """The request contradicts what is stored."""

    problem = Problem(
        409, "conflict", "This contradicts what is stored", "Fetch the present state and decide again."
    )


class ReplayError(ProblemError):
    """The same message was received before."""

    problem = Problem(
        409, "replayed", "This message was already used", "Make a new message; the first one had its effect."
    )


class UnavailableError(ProblemError):
    """Another body that is needed does not answer."""

    problem = Problem(
        503,
        "unavailable",
        "A body that is needed does not answer",
        "Try again in a moment; nothing was done.",
    )


class BusyError(ProblemError):
    """Too many want the same at once; everything was rolled back."""

    problem = Problem(
        503, "busy", "Too much is being done at once", "Try again in a moment; nothing was done."
    )


def answer(
    problem: Problem,
    *,
    detail: str = "",
    extra: Mapping[str, object] | None = None,
    challenge: str | None = None,
) -> JSONResponse:
    """Return the problem document as a response; `extra` members are added (RFC 9457, section 3.2)."""
    content: dict[str, object] = {
        "type": f"urn:sekisho:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "next": problem.next_step,
    }
    if detail:
        content["detail"] = detail
    named = f'error="{challenge}", ' if challenge is not None else ""
    headers = {"WWW-Authenticate": f'DPoP {named}algs="ES256"'} if problem.status == 401 else {}
    return JSONResponse(
        {**content, **(extra or {})}, problem.status, headers, media_type="application/problem+json"
    )


def install_problems(app: FastAPI, table: Mapping[type[Exception], Problem]) -> None:
    """Map every error of `app` to a problem document; an error not in `table` is an internal one, without a trace."""

    def known(_request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, ProblemError):
            return error.answer()
        problem = next(table[kind] for kind in type(error).__mro__ if kind in table)
        return answer(problem, detail=str(error))

    def invalid(request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, RequestValidationError):
            raise error
        whole = [item for item in error.errors() if item["loc"] == ("body",) and item["type"] != "missing"]
        if whole and not _says_json(request):
            return answer(MediaTypeError.problem)
        wrong = [{"field": _field(item["loc"]), "problem": item["msg"]} for item in error.errors()]
        return answer(
            MalformedRequestError.problem, detail="the named fields are wrong", extra={"fields": wrong[:20]}
        )

    def routed(_request: Request, error: Exception) -> JSONResponse:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status == 404:
            return answer(NotFoundError.problem)
        title = str(error.detail) if isinstance(error, HTTPException) else ""
        told = answer(
            Problem(
                status,
                "method_not_allowed" if status == 405 else "refused",
                title,
                "See the API description.",
            )
        )
        told.headers.update((error.headers or {}) if isinstance(error, HTTPException) else {})
        return told

    def unknown(request: Request, error: Exception) -> JSONResponse:
        logger.error(
            "unexpected %s at %s", type(error).__name__, request.scope.get("path_template", "unknown route")
        )
        return answer(ProblemError.problem)

    kinds: list[type[Exception]] = [ProblemError, *table]
    for kind in kinds:
        app.add_exception_handler(kind, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, routed)
    app.add_exception_handler(Exception, unknown)


def told(app: FastAPI) -> Callable[[Request, Exception], Response | None]:
    """Return how `app` answers an error that `install_problems` knows; None for one that nobody expected."""
    handlers = app.exception_handlers

    def answered(request: Request, error: Exception) -> Response | None:
        for kind in type(error).__mro__:
            if kind in handlers and kind is not Exception:
                found = handlers[kind](request, error)
                return found if isinstance(found, Response) else None
        return None

    return answered


def _says_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _field(path: tuple[int | str, ...]) -> str:
    """Name a field, but repeat no text of the caller's that could be more than a name."""
    parts = [str(part) for part in path]
    if parts[-1] == "[key]":
        parts[-2:] = ["*"]
    return ".".join(part if PLAIN_NAME.fullmatch(part) else "*" for part in parts)
