"""What of a request and of its answer passes, and that nothing stays."""

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from support.portal_app import PORTAL, PortalWorld, problem_code

from consent.vocabulary import Body

HISTORY = "/relay/medical/history"


@pytest.fixture
def signed_in(world: PortalWorld, browser: TestClient) -> TestClient:
    world.sign_in(browser)
    return browser


def test_only_the_credentials_and_the_media_type_pass(world: PortalWorld, signed_in: TestClient) -> None:
    told = {
        "Authorization": "DPoP a.b.c",
        "DPoP": "d.e.f",
        "Content-Type": "application/json",
        "X-Forwarded-For": "203.0.113.9",
        "X-HTTP-Method-Override": "DELETE",
        "Accept-Language": "ja",
        "Forwarded": "for=203.0.113.9",
    }
    signed_in.post("/relay/medical/directives", headers=told, content=b'{"directive":"x"}')
    (got,) = world.behind.got
    own = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}
    assert {name: value for name, value in got.headers.items() if name not in own} == {
        "authorization": "DPoP a.b.c",
        "dpop": "d.e.f",
        "content-type": "application/json",
    }
    assert "203.0.113.9" not in str(got.headers)
    assert got.method == "POST"
    assert got.content == b'{"directive":"x"}'


def test_the_query_passes_as_it_is(world: PortalWorld, signed_in: TestClient) -> None:
    signed_in.get(f"{HISTORY}?since=2026-01-01&note=a%20b")
    assert world.behind.got[0].query == "since=2026-01-01&note=a%20b"


def test_a_form_passes_byte_for_byte(world: PortalWorld, browser: TestClient) -> None:
    form = b"grant_type=x&assertion=a.b.c&resource=https%3A%2F%2Fmedical.test"
    kind = "application/x-www-form-urlencoded"
    browser.post("/relay/identity/oauth/token", content=form, headers={"Content-Type": kind, "DPoP": "p"})
    (got,) = world.behind.got
    assert (got.content, got.headers["content-type"], got.headers["dpop"]) == (form, kind, "p")


def test_status_type_nonce_and_content_pass_back_and_nothing_else(
    world: PortalWorld, signed_in: TestClient
) -> None:
    behind = world.behind
    behind.status = 403
    behind.headers = {
        "content-type": "application/problem+json",
        "dpop-nonce": "fresh",
        "set-cookie": "tracking=1",
        "location": "https://elsewhere.test/",
        "x-internal": "yes",
    }
    behind.content = b'{"code":"wrong_pin","tries_left":2}'
    answer = signed_in.get(HISTORY)
    assert (answer.status_code, answer.content) == (403, behind.content)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["dpop-nonce"] == "fresh"
    assert not {"set-cookie", "location", "x-internal"} & set(answer.headers)


def test_an_answer_that_a_browser_could_run_is_not_passed_back(
    world: PortalWorld, signed_in: TestClient
) -> None:
    for kind in ("text/html", "text/javascript", "image/svg+xml", ""):
        world.behind.headers = {"content-type": kind}
        answer = signed_in.get(HISTORY)
        assert (answer.status_code, problem_code(answer)) == (502, "unusable_answer")


def test_an_endless_answer_is_cut_off(world: PortalWorld, signed_in: TestClient) -> None:
    world.behind.content = b"1" * (world.settings.answer_bytes + 1)
    answer = signed_in.get(HISTORY)
    assert (answer.status_code, problem_code(answer)) == (502, "unusable_answer")


def test_an_answer_without_content_passes_back(world: PortalWorld, signed_in: TestClient) -> None:
    world.behind.status, world.behind.headers, world.behind.content = 204, {}, b""
    answer = signed_in.put("/relay/identity/subject", json={})
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_body_that_is_down_is_named_and_the_others_go_on(world: PortalWorld, signed_in: TestClient) -> None:
    world.behind.down.add(Body.MEDICAL)
    answer = signed_in.get(HISTORY)
    assert (answer.status_code, problem_code(answer)) == (503, "unavailable")
    assert answer.json()["body"] == "medical"
    assert signed_in.get("/relay/registry/history").status_code == 200


def test_a_credential_given_twice_is_refused(world: PortalWorld, signed_in: TestClient) -> None:
    for name in ("Authorization", "DPoP", "Content-Type"):
        twice = [(name, "one"), (name, "two")]
        answer = signed_in.request("GET", HISTORY, headers=twice)
        assert (answer.status_code, problem_code(answer)) == (400, "malformed_request")
    assert world.behind.got == []


@pytest.mark.parametrize("name", ["Authorization", "DPoP", "Content-Type"])
def test_a_credential_with_signs_that_none_has_is_refused(
    world: PortalWorld, signed_in: TestClient, name: str
) -> None:
    """OL7: it is the caller's mistake, and nothing of it reaches another body."""
    odd = [(name.encode(), b"DPoP \xe9")]
    answer = signed_in.request("POST", "/relay/medical/directives", headers=odd, content=b"{}")
    assert (answer.status_code, problem_code(answer)) == (400, "malformed_request")
    assert world.behind.got == []


@pytest.mark.parametrize(
    "query", [b"note=\xe9", b"note=\x7f", b"note=" + b"x" * 65_536], ids=["high", "control", "long"]
)
def test_a_query_that_cannot_be_part_of_an_address_is_refused(
    world: PortalWorld, signed_in: TestClient, query: bytes
) -> None:
    """OL7: the same for what follows the question mark, as it comes off the wire."""
    app = signed_in.app

    async def with_query(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "query_string": query}, receive, send)

    answer = TestClient(with_query, base_url=PORTAL, cookies=signed_in.cookies).get(HISTORY)
    assert (answer.status_code, problem_code(answer)) == (400, "malformed_request")
    assert world.behind.got == []


def test_a_request_over_the_limit_is_refused(world: PortalWorld, signed_in: TestClient) -> None:
    content = b"x" * (world.settings.max_body_bytes + 1)
    answer = signed_in.post("/relay/medical/directives", content=content)
    assert (answer.status_code, problem_code(answer)) == (413, "body_too_large")
    assert world.behind.got == []


def test_nothing_that_passes_is_stored(world: PortalWorld, signed_in: TestClient) -> None:
    world.behind.content = b'{"answer":"canary-in-the-answer"}'
    headers = {"Authorization": "DPoP canary-in-the-token", "DPoP": "canary-in-the-proof"}
    signed_in.post("/relay/medical/directives", headers=headers, json={"directive": "canary-in-the-request"})
    signed_in.get(f"{HISTORY}?q=canary-in-the-query")
    assert len(world.behind.got) == 2
    assert b"canary" not in world.stored_bytes()


def test_the_portal_says_for_whom_it_relays(browser: TestClient) -> None:
    told = browser.get("/config.json").json()
    assert told["issuer"] == "https://identity.test"
    assert set(told["bodies"]) == {body.value for body in Body}
    assert told["bodies"]["portal"] == PORTAL
