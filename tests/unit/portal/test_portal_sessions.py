"""Opening, using and ending a session."""

from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient
from support.identity_wire import NO_TLS
from support.portal_app import (
    COOKIE,
    PORTAL,
    SESSION_SECONDS,
    URLS,
    PortalWorld,
    new_dpop_key,
    problem_code,
)

from consent import base64url
from consent.vocabulary import Body
from services.contracts.portal.client import PortalClient
from services.kit.http import Http, RemoteProblemError, Token

HISTORY = "/relay/medical/history"


class InProcess(Http):
    """`Http` to a portal in this process."""

    def __init__(self, browser: TestClient) -> None:
        super().__init__(PORTAL, context=NO_TLS)
        self._browser = browser

    def _request(self, method: str, path: str, **sent: Any) -> httpx.Response:
        answer: httpx.Response = self._browser.request(
            method, path, content=sent["content"], headers=sent["headers"]
        )
        return answer


def _sessions(world: PortalWorld) -> list[tuple[bytes, int]]:
    engine = create_engine(world.settings.database)
    with engine.connect() as conn:
        return [(row.id, row.expires) for row in conn.execute(text("SELECT id, expires FROM session"))]


def test_a_session_opens_the_relay_until_it_ends(world: PortalWorld, browser: TestClient) -> None:
    world.sign_in(browser)
    world.watch.move(SESSION_SECONDS - 1)
    assert browser.get(HISTORY).status_code == 200
    world.watch.move(1)
    answer = browser.get(HISTORY)
    assert (answer.status_code, problem_code(answer)) == (401, "session_required")


def test_signing_out_ends_the_session_and_the_cookie(world: PortalWorld, browser: TestClient) -> None:
    secret = world.sign_in(browser)
    answer = browser.delete("/session")
    assert answer.status_code == 204
    assert COOKIE not in browser.cookies
    assert _sessions(world) == []
    again = browser.get(HISTORY, headers={"Cookie": f"{COOKIE}={secret}"})
    assert again.status_code == 401


def test_signing_out_without_a_session_is_refused(browser: TestClient) -> None:
    assert problem_code(browser.delete("/session")) == "session_required"


def test_a_new_session_takes_the_place_of_the_browsers_old_one(
    world: PortalWorld, browser: TestClient
) -> None:
    first = world.sign_in(browser)
    second = world.sign_in(browser)
    assert first != second
    assert len(_sessions(world)) == 1
    assert browser.get(HISTORY, headers={"Cookie": f"{COOKIE}={first}"}).status_code == 401


def test_ended_sessions_are_forgotten_at_the_next_sign_in(world: PortalWorld, browser: TestClient) -> None:
    world.sign_in(browser)
    browser.cookies.clear()
    world.watch.move(SESSION_SECONDS)
    world.sign_in(browser)
    assert len(_sessions(world)) == 1


def test_only_a_hash_and_an_expiry_are_stored(world: PortalWorld, browser: TestClient) -> None:
    secret = world.sign_in(browser)
    ((stored, expires),) = _sessions(world)
    assert len(stored) == 32
    assert expires == int(world.watch().timestamp()) + SESSION_SECONDS
    kept = world.stored_bytes()
    assert secret.encode() not in kept
    assert base64url.decode(secret) not in kept


@pytest.mark.parametrize("audience", [URLS[body] for body in Body if body is not Body.PORTAL])
def test_a_token_for_another_body_opens_no_session(
    world: PortalWorld, browser: TestClient, audience: str
) -> None:
    answer = browser.post("/session", headers=world.credentials(world.person_token(audience)))
    assert (answer.status_code, problem_code(answer)) == (401, "unauthenticated")
    assert _sessions(world) == []


def test_an_operators_token_opens_no_session(world: PortalWorld, browser: TestClient) -> None:
    answer = browser.post("/session", headers=world.credentials(world.operator_token()))
    assert (answer.status_code, problem_code(answer)) == (401, "unauthenticated")


def test_an_expired_token_opens_no_session(world: PortalWorld, browser: TestClient) -> None:
    token = world.person_token()
    world.watch.move(300)
    assert browser.post("/session", headers=world.credentials(token)).status_code == 401


def test_a_token_without_its_key_opens_no_session(world: PortalWorld, browser: TestClient) -> None:
    stolen = world.credentials(world.person_token(), key=new_dpop_key())
    assert browser.post("/session", headers=stolen).status_code == 401
    without_proof = {"Authorization": world.credentials(world.person_token())["Authorization"]}
    assert browser.post("/session", headers=without_proof).status_code == 401
    bearer = {"Authorization": f"Bearer {world.person_token()}"}
    assert browser.post("/session", headers=bearer).status_code == 401
    assert browser.post("/session").status_code == 401


def test_a_proof_for_another_address_opens_no_session(world: PortalWorld, browser: TestClient) -> None:
    for url in (f"{URLS[Body.MEDICAL]}/history", f"{PORTAL}/other"):
        sent = world.credentials(world.person_token(), url=url)
        assert browser.post("/session", headers=sent).status_code == 401


def test_a_sign_in_is_good_once(world: PortalWorld, browser: TestClient) -> None:
    sent = world.credentials(world.person_token())
    assert browser.post("/session", headers=sent).status_code == 200
    browser.cookies.clear()
    again = browser.post("/session", headers=sent)
    assert (again.status_code, problem_code(again)) == (409, "replayed")
    assert len(_sessions(world)) == 1


def test_a_client_that_is_no_browser_signs_in_and_out(world: PortalWorld, browser: TestClient) -> None:
    http = InProcess(browser)
    portal = PortalClient(http)
    assert portal.config().bodies[Body.PORTAL] == PORTAL
    token = Token(world.person_token(), world.dpop)
    http._clock = world.watch
    assert portal.sign_in(token).expires_in == SESSION_SECONDS
    assert http.get(HISTORY) == {"answer": "yes"}
    portal.sign_out()
    with pytest.raises(RemoteProblemError) as refused:
        http.get(HISTORY)
    assert refused.value.code == "session_required"
