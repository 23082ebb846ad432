"""`X-Request-ID` comes back with every answer of every body, whatever becomes of the request."""

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from consent.vocabulary import Body
from services.kit.credentials.authentication import Credentials
from services.kit.credentials.callers import BodyCaller, Caller
from services.kit.gate import Gate
from services.kit.problems import UnauthenticatedError

URL = "https://medical.test"
LIMIT = 10


def authenticate(credentials: Credentials) -> Caller:
    if credentials.authorization is None:
        raise UnauthenticatedError
    return BodyCaller(Body.MEDICAL)


@pytest.fixture(scope="module")
def client() -> TestClient:
    gate = Gate(
        PlainTextResponse("answer"),
        authenticate=authenticate,
        public_url=URL,
        open_paths=frozenset({"/open"}),
        max_body=LIMIT,
        nonce=lambda: "n",
    )
    return TestClient(gate, base_url=URL)


@pytest.mark.parametrize(
    ("path", "authorization", "content", "status"),
    [
        ("/open", None, b"", 200),
        ("/closed", "DPoP x", b"", 200),
        ("/closed", None, b"", 401),
        ("/closed?a=1&a=2", "DPoP x", b"", 400),
        ("/clo%73ed", "DPoP x", b"", 400),
        ("/closed", "DPoP x", b"x" * (LIMIT + 1), 413),
        ("/closed", "DPoP x", b"{", 400),
    ],
)
def test_id_comes_back_with_answers_and_refusals(
    client: TestClient, path: str, authorization: str | None, content: bytes, status: int
) -> None:
    headers = {"x-request-id": "req-7", "content-type": "application/json"}
    if authorization is not None:
        headers["authorization"] = authorization
    answer = client.post(path, content=content, headers=headers)
    assert (answer.status_code, answer.headers.get_list("x-request-id")) == (status, ["req-7"])


@pytest.mark.parametrize("given", ["r" * 129, "two words", ""])
def test_what_is_not_plain_and_short_does_not_come_back(client: TestClient, given: str) -> None:
    assert "x-request-id" not in client.get("/open", headers={"x-request-id": given}).headers


def test_two_ids_do_not_come_back(client: TestClient) -> None:
    asked = client.get("/open", headers=[("x-request-id", "a"), ("x-request-id", "b")])
    assert "x-request-id" not in asked.headers


def test_none_is_made_up(client: TestClient) -> None:
    assert "x-request-id" not in client.get("/open").headers
