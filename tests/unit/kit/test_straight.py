"""Routes of the common form: whichever way a request goes, its answer is the same."""

from types import SimpleNamespace
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import Response
from starlette.testclient import TestClient

from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.vocabulary import Body
from services.kit.access import body, operator
from services.kit.credentials.authentication import Credentials
from services.kit.credentials.callers import BodyCaller, Caller, OperatorCaller
from services.kit.encoding import Message
from services.kit.gate import NO_ROUTES, Gate
from services.kit.problems import ConflictError, Problem, UnauthenticatedError, install_problems, told
from services.kit.straight import straight_routes

URL = "https://body.test"
LIMIT = 400
CALLERS: dict[str, Caller] = {
    "operator": OperatorCaller(OrganisationId("o"), OperatorId("p"), TerminalId("t"), frozenset()),
    "body": BodyCaller(Body.MEDICAL),
}
Operator = Annotated[OperatorCaller, Depends(operator())]


class Question(Message):
    """What is asked."""

    number: int
    words: tuple[str, ...] | None = None


class Told(Message):
    """What is answered."""

    words: list[str]
    by: str


class KnownError(Exception):
    """One of the table."""


def authenticate(credentials: Credentials) -> Caller:
    found = CALLERS.get(credentials.authorization or "")
    if found is None:
        raise UnauthenticatedError
    return found


def router() -> APIRouter:
    routes = APIRouter()

    @routes.post("/tell")
    def tell(caller: Operator, message: Question) -> Told:
        """Answer, or fail as the number says."""
        if message.number == 1:
            raise ConflictError("it is one")
        if message.number == 2:
            raise KnownError("it is two")
        return Told(words=["ア", *(message.words or ())], by=caller.operator)

    @routes.get("/tell")
    def present(caller: Annotated[BodyCaller, Depends(body(Body.MEDICAL))]) -> Told:
        """Answer without being told anything."""
        return Told(words=[], by=caller.body)

    @routes.put("/made")
    def made(_caller: Operator, message: Question) -> Response:
        """Make an answer by itself."""
        return Response(bytes(message.number), 202, {"x-made": "yes"}, media_type="text/plain")

    @routes.get("/named/{name}")
    def named(_caller: Operator, name: str) -> str:
        """Answer what stands in the address."""
        return name

    @routes.get("/named/others")
    def shadowed(_caller: Operator) -> str:
        """Never reached: the route before it takes the address."""
        raise AssertionError

    return routes


def app() -> FastAPI:
    made = FastAPI()
    made.state.context = SimpleNamespace(body=Body.MEDICAL)
    for route in router().routes:
        made.router.routes.append(route)
    install_problems(made, {KnownError: Problem(418, "known", "Known", "Do something else.")})
    return made


def client(*, straight: bool) -> TestClient:
    built = app()
    built.add_middleware(
        Gate,
        authenticate=authenticate,
        public_url=URL,
        open_paths=frozenset(),
        max_body=LIMIT,
        nonce=lambda: "n",
        straight=straight_routes(built, frozenset()) if straight else NO_ROUTES,
        told=told(built),
    )
    return TestClient(built, base_url=URL, raise_server_exceptions=False)


JSON = "application/json"
GOOD = b'{"number": 3}'
REQUESTS = [
    ("POST", "/tell", "operator", JSON, GOOD),
    ("POST", "/tell", "operator", JSON, b'{"number": 1}'),
    ("POST", "/tell", "operator", JSON, b'{"number": 2}'),
    ("POST", "/tell", "operator", JSON, b'{"number": "3"}'),
    ("POST", "/tell", "operator", JSON, b'{"number": 3, "words": 1, "more": 1}'),
    ("POST", "/tell", "operator", JSON, b"{}"),
    ("POST", "/tell", "operator", JSON, b"[]"),
    ("POST", "/tell", "operator", JSON, b"null"),
    ("POST", "/tell", "operator", JSON, b""),
    ("POST", "/tell", "operator", JSON, b"{"),
    ("POST", "/tell", "operator", JSON, b'{"number": 3, "number": 4}'),
    ("POST", "/tell", "operator", JSON, b'{"number": 3, "words": ["' + b"b" * LIMIT + b'"]}'),
    ("POST", "/tell", "operator", "application/json; charset=utf-8", GOOD),
    ("POST", "/tell", "operator", "application/fhir+json", GOOD),
    ("POST", "/tell", "operator", "text/plain", GOOD),
    ("POST", "/tell", "operator", None, GOOD),
    ("POST", "/tell?a=b", "operator", JSON, GOOD),
    ("POST", "/tell?a=b&a=c", "operator", JSON, GOOD),
    ("POST", "/tell", "body", JSON, GOOD),
    ("POST", "/tell", "body", JSON, b"[]"),
    ("POST", "/tell", "nobody", JSON, GOOD),
    ("POST", "/tell", "nobody", JSON, b"{"),
    ("POST", "/tell/", "operator", JSON, GOOD),
    ("DELETE", "/tell", "operator", JSON, GOOD),
    ("GET", "/tell", "body", None, b""),
    ("GET", "/tell", "body", JSON, GOOD),
    ("GET", "/tell", "operator", None, b""),
    ("HEAD", "/tell", "body", None, b""),
    ("PUT", "/made", "operator", JSON, GOOD),
    ("PUT", "/made", "operator", JSON, b'{"number": -1}'),
    ("GET", "/named/others", "operator", None, b""),
]


@pytest.mark.parametrize(("method", "path", "caller", "kind", "content"), REQUESTS)
def test_both_ways_answer_the_same(
    method: str, path: str, caller: str, kind: str | None, content: bytes
) -> None:
    """A request without a known caller, of another form, or wrong in any way: nobody can tell which way it went."""
    headers = {"authorization": caller} | ({} if kind is None else {"content-type": kind})
    one, other = (
        client(straight=each).request(method, path, headers=headers, content=content)
        for each in (True, False)
    )
    assert one.content == other.content
    assert (one.status_code, dict(one.headers)) == (other.status_code, dict(other.headers))


def test_form_is_found_where_it_is_and_nowhere_else() -> None:
    assert set(straight_routes(app(), frozenset())) == {("POST", "/tell"), ("GET", "/tell"), ("PUT", "/made")}
    assert set(straight_routes(app(), frozenset({"/tell"}))) == {("PUT", "/made")}
