"""The outermost layer of every body: bounded, unambiguous requests from verified callers only."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from anyio import fail_after, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit import put_off
from services.kit.access import CALLER
from services.kit.credentials.authentication import Credentials
from services.kit.credentials.callers import Caller, OperatorCaller, PersonCaller, TerminalCaller
from services.kit.credentials.dpop import CONTENT_CLAIM, NONCE_HEADER, content_hash, named_content
from services.kit.problems import (
    BodyTooLargeError,
    MalformedRequestError,
    ProblemError,
    UnauthenticatedError,
)
from services.kit.server import PEER_CERTIFICATE
from services.kit.straight import JSON, Route, Straight
from services.kit.strict_json import StrictJsonError, loads

Authenticate = Callable[[Credentials], Caller]
Told = Callable[[Request, Exception], Response | None]
SEND_SECONDS = 10.0
NO_ROUTES: Mapping[Route, Straight] = MappingProxyType({})
OPEN_TEXT = ":path}"
REQUEST_ID = b"x-request-id"
ECHOED = re.compile(rb"[!-~]{1,128}")
SECURITY_HEADERS = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]


class Gate:
    """ASGI middleware: refuses what is too large or ambiguous, then what has no verified caller.

    Routes of `straight` it serves itself, the others `app`; `told` is the answer to an error of a route, or None.
    Units: `max_body` is bytes. Guarantees: a route behind it sees a caller in `request.state.caller`; a peer that takes
    no answer for `send_seconds` gets none, so that whatever is held while it is sent ends. Whoever sends a DPoP
    proof gets the nonce for the next one; whoever sends an `X-Request-ID` that is plain and short gets it back with
    every answer, refusals too.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticate: Authenticate,
        public_url: str,
        open_paths: frozenset[str],
        max_body: int,
        nonce: Callable[[], str],
        straight: Mapping[Route, Straight] = NO_ROUTES,
        told: Told = lambda _request, _error: None,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        self._app = app
        self._authenticate = authenticate
        self._public_url = public_url
        self._open_paths = open_paths
        # what stands in place of a final {name:path} may be any text, escapes too (RFC 6960, A.1)
        self._open_prefixes = tuple(each.partition("{")[0] for each in open_paths if each.endswith(OPEN_TEXT))
        self._max_body = max_body
        self._nonce = nonce
        self._straight = straight
        self._told = told
        self._send_seconds = send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer it with a problem document."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body, response = None, None
        try:
            path = _plain_path(scope, self._open_prefixes)
            straight = self._straight_route(scope, path)
            if straight is not None and straight.effect_first:
                put_off.begin()
            else:
                put_off.write_at_once()
            if path not in self._open_paths and not path.startswith(self._open_prefixes):
                scope["state"][CALLER] = await to_thread.run_sync(
                    self._authenticate, self._credentials(scope, path)
                )
            body = await self._read(scope, receive)
            if body is not None and straight is not None:
                response = await to_thread.run_sync(self._serve, straight, scope, body)
            elif body is not None:
                _content(scope, body)
        except ProblemError as error:
            response = error.answer()
        if response is not None:
            await response(scope, receive, self._sending(scope, send))
        elif body is not None:
            await self._app(scope, _replay(body, receive), self._sending(scope, send))
        # else the caller is gone before all was said: half a message has no effect

    def _straight_route(self, scope: Scope, path: str) -> Straight | None:
        """Return the route if this request is one of the common form: no query, a JSON message where one is taken."""
        straight = self._straight.get((scope["method"], path))
        if straight is None or scope["query_string"]:
            return None
        kind, empty = _header(scope, b"content-type"), (_header(scope, b"content-length") or "0") == "0"
        fits = kind == JSON and not empty if straight.message is not None else kind is None and empty
        return straight if fits and _header(scope, b"transfer-encoding") is None else None

    def _serve(self, straight: Straight, scope: Scope, body: bytes) -> Response:
        scope["path_template"] = scope["path"]
        request = Request(scope)
        try:
            try:
                return straight.serve(request, _content(scope, body))
            finally:
                put_off.settle()
        except Exception as error:
            told = self._told(request, error)
            if told is None:
                raise
            return told

    def _sending(self, scope: Scope, send: Send) -> Send:
        added = list(SECURITY_HEADERS)
        asked = [value for name, value in scope["headers"] if name == REQUEST_ID]
        if len(asked) == 1 and ECHOED.fullmatch(asked[0]):
            added.append((REQUEST_ID, asked[0]))
        if any(name == b"dpop" for name, _ in scope["headers"]):
            added.append((NONCE_HEADER.lower().encode(), self._nonce().encode()))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(each for each in added if each[0] not in present),
                ]
            with fail_after(self._send_seconds):
                await send(message)

        return sending

    def _credentials(self, scope: Scope, path: str) -> Credentials:
        return Credentials(
            certificate=scope["state"].get(PEER_CERTIFICATE),
            authorization=_header(scope, b"authorization"),
            proof=_header(scope, b"dpop"),
            method=scope["method"],
            url=self._public_url + path,
        )

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        declared = _header(scope, b"content-length")
        if declared is not None and (not declared.isdigit() or int(declared) > self._max_body):
            raise BodyTooLargeError(f"the limit is {self._max_body} bytes")
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self._max_body:
                raise BodyTooLargeError(f"the limit is {self._max_body} bytes")
            if not message.get("more_body", False):
                break
        return bytes(body)


def _content(scope: Scope, body: bytes) -> Any:
    """Return the value of a JSON body, None for anything else, if the proof's holder meant it.

    Raises: MalformedRequestError, UnauthenticatedError.
    """
    kind = (_header(scope, b"content-type") or "").partition(";")[0].strip().lower()
    content = None
    if body and (kind == JSON or kind.endswith("+json")):
        try:
            content = loads(body)
        except StrictJsonError as error:
            raise MalformedRequestError(str(error)) from error
    _require_meant(scope, body)
    return content


def _require_meant(scope: Scope, body: bytes) -> None:
    """Refuse content that the proof's holder did not mean; a person has to say what, as a relay passes it on."""
    caller, proof = scope["state"].get(CALLER), _header(scope, b"dpop")
    if isinstance(caller, OperatorCaller | PersonCaller | TerminalCaller) and proof is not None:
        named, sent = named_content(proof), content_hash(body) if body else None
        if named != sent and (named is not None or isinstance(caller, PersonCaller)):
            raise UnauthenticatedError(f"the proof is for other content; name its SHA-256 as {CONTENT_CLAIM}")


def _plain_path(scope: Scope, open_prefixes: tuple[str, ...]) -> str:
    raw = scope.get("raw_path", b"").partition(b"?")[0]
    if raw.startswith(tuple(each.encode() for each in open_prefixes)) and raw.isascii():
        return str(scope["path"])
    if b"%" in raw or b"//" in raw or b"/." in raw.replace(b"/.well-known/", b"/") or not raw.isascii():
        raise MalformedRequestError("the address must be plain: no escapes, empty or dotted segments")
    names = [name for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)]
    if len(set(names)) != len(names):
        raise MalformedRequestError("a query parameter is named twice")
    return str(scope["path"])


def _header(scope: Scope, name: bytes) -> str | None:
    values = [value for key, value in scope["headers"] if key == name]
    if len(values) > 1:
        raise MalformedRequestError(f"the header {name.decode()} is given twice")
    return values[0].decode("latin-1") if values else None


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again
