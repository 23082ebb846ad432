"""What callers, thieves and a dishonest portal try at My Portal."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from support.portal_app import (
    COOKIE,
    PORTAL,
    URLS,
    PortalWorld,
    RawPath,
    certificate_of,
    new_dpop_key,
    problem_code,
)

from consent import base64url
from consent.vocabulary import Body
from services.kit.context import BodyContext, open_body
from services.kit.credentials.authentication import Authenticator, Credentials
from services.kit.credentials.callers import PersonCaller
from services.kit.problems import ReplayError, UnauthenticatedError
from services.portal import tables
from services.portal.app import MIGRATIONS
from services.portal.policy import PASSAGES, Access

MEDICAL = URLS[Body.MEDICAL]


@pytest.fixture
def world(tmp_path: Path) -> PortalWorld:
    return PortalWorld(tmp_path / "portal")


def test_no_route_of_the_portal_answers_a_stranger(world: PortalWorld) -> None:
    """OL1: every declared route but the open ones, without credentials and with worthless ones."""
    app = world.app()
    closed = [key for key, rule in app.state.access_rules.items() if rule.kind != "open"]
    assert ("GET", "/relay/medical/history") in closed
    worthless = [
        {},
        {"Cookie": f"{COOKIE}=guess"},
        {"Cookie": f"{COOKIE}="},
        {"Authorization": "DPoP x", "DPoP": "y"},
        {"Authorization": "Bearer x"},
    ]
    with world.running() as browser:
        for method, path in closed:
            for headers in worthless:
                answer = browser.request(method, path, headers=headers)
                assert answer.status_code == 401, (method, path, headers)
    assert world.behind.got == []


def test_a_persons_token_does_not_open_the_relay_without_a_session(world: PortalWorld) -> None:
    """OL1: the relay wants its own session even from who holds a token for the body."""
    with world.running() as browser:
        token = world.person_token(MEDICAL)
        sent = world.credentials(token, method="GET", url=f"{MEDICAL}/history")
        assert browser.get("/relay/medical/history", headers=sent).status_code == 401
    assert world.behind.got == []


TWISTED = (
    b"/relay/medical/%68istory",
    b"/relay/medical/history%00",
    b"/relay/medical/history%2e",
    b"/relay/medical/..%2fidentity/history",
    b"/relay/medical/%2e%2e/identity/history",
    b"/relay/medical/../identity/history",
    b"/relay/medical/./history",
    b"/relay//medical/history",
    b"/relay/medical//history",
    b"/relay/medical/\xc0\xafhistory",
    b"/relay/medical/histor\xef\xbd\x99",
    b"/relay/medical%2fhistory",
    b"/relay/medical/history?a=1&a=2",
)
NOT_LISTED = (
    b"/relay/medical/history.",
    b"/relay/medical/history/",
    b"/relay/medical/History",
    b"/RELAY/medical/history",
    b"/relay/medical@evil.test/history",
    b"/relay/evil.test/history",
    b"/relay/medical/history;x=1",
)


@pytest.mark.parametrize("raw", TWISTED)
def test_a_twisted_address_is_refused(world: PortalWorld, raw: bytes) -> None:
    """OL7: escapes, dots, doubled signs, twins and doubled parameters."""
    with world.running() as browser:
        secret = world.sign_in(browser)
        answer = RawPath(raw).ask(browser.app, headers={"Cookie": f"{COOKIE}={secret}"})  # type: ignore[arg-type]  # a FastAPI
    assert answer.status_code == 400
    assert world.behind.got == []


@pytest.mark.parametrize("raw", NOT_LISTED)
def test_an_address_that_only_looks_listed_is_refused(world: PortalWorld, raw: bytes) -> None:
    """OL7: the list is compared exactly; nothing of the address reaches the addressed host."""
    with world.running() as browser:
        secret = world.sign_in(browser)
        answer = RawPath(raw).ask(browser.app, headers={"Cookie": f"{COOKIE}={secret}"})  # type: ignore[arg-type]  # a FastAPI
    assert answer.status_code == 401
    assert world.behind.got == []


def test_a_verb_hidden_in_a_header_is_not_obeyed(world: PortalWorld) -> None:
    """OL7: the method that passes is the request's own."""
    with world.running() as browser:
        world.sign_in(browser)
        browser.get("/relay/medical/directives", headers={"X-HTTP-Method-Override": "POST"})
    assert [got.method for got in world.behind.got] == ["GET"]
    assert "x-http-method-override" not in world.behind.got[0].headers


def test_what_the_portal_relayed_is_worth_nothing_in_its_own_hands(
    world: PortalWorld, tmp_path: Path
) -> None:
    """OL6: a dishonest portal keeps a token and its proof and tries them for everything else."""
    body = _medical(world, tmp_path)
    token = world.person_token(MEDICAL)
    seen = world.credentials(token, method="GET", url=f"{MEDICAL}/history")
    assert isinstance(body.authenticate(_request(seen, "GET", "/history")), PersonCaller)

    with pytest.raises(ReplayError):
        body.authenticate(_request(seen, "GET", "/history"))
    later = world.credentials(token, method="GET", url=f"{MEDICAL}/history")
    for method, path in (("GET", "/directives"), ("POST", "/history"), ("POST", "/withdrawals")):
        with pytest.raises(UnauthenticatedError):
            body.authenticate(_request(later, method, path))
    own = world.credentials(token, method="GET", url=f"{MEDICAL}/directives", key=new_dpop_key())
    with pytest.raises(UnauthenticatedError):
        body.authenticate(_request(own, "GET", "/directives"))
    through = world.credentials(token, method="GET", url=f"{PORTAL}/relay/medical/history")
    with pytest.raises(UnauthenticatedError):
        body.authenticate(_request(through, "GET", "/history"))


def test_a_stolen_database_opens_no_session(world: PortalWorld) -> None:
    """OL3: the thief has every byte that the portal stores."""
    with world.running() as browser:
        secret = world.sign_in(browser)
        browser.cookies.clear()
        with create_engine(world.settings.database).connect() as conn:
            stored = bytes(conn.execute(text("SELECT id FROM session")).scalar_one())
        for guess in (stored.hex(), base64url.encode(stored)):
            answer = browser.get("/relay/medical/history", headers={"Cookie": f"{COOKIE}={guess}"})
            assert answer.status_code == 401
    assert hashlib.sha256(secret.encode()).digest() != stored
    assert secret.encode() not in world.stored_bytes()


def test_other_sites_and_scripts_do_not_get_at_the_session(world: PortalWorld) -> None:
    """The cookie is for this host alone, over TLS alone, sent by this site alone, hidden from scripts."""
    with world.running() as browser:
        answer = browser.post("/session", headers=world.credentials(world.person_token()))
    name, _, rest = answer.headers["set-cookie"].partition("=")
    attributes = {each.strip().lower() for each in rest.split(";")[1:]}
    assert name == COOKIE
    assert attributes == {"httponly", "path=/", "samesite=strict", "secure"}


def test_injected_markup_would_not_run(world: PortalWorld) -> None:
    """The policy lets only the portal's own files run, and no text become a script."""
    with world.running() as browser:
        policy = browser.get("/").headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"
    )


def test_a_failing_request_says_nothing_of_what_was_sent(
    world: PortalWorld, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """OL4: tokens, proofs and contents are neither logged nor answered."""
    world.behind.down.update(Body)
    with world.running() as browser:
        world.sign_in(browser)
        for passage in PASSAGES:
            answer = browser.request(
                passage.method,
                passage.portal_path,
                headers={"Authorization": "DPoP canary-token", "DPoP": "canary-proof"},
                content=b"canary-content",
            )
            assert (answer.status_code, problem_code(answer)) == (503, "unavailable")
            assert "canary" not in answer.text
    assert any(each.access is Access.LOGIN for each in PASSAGES)
    out, err = capfd.readouterr()
    assert "canary" not in caplog.text + out + err


def _medical(world: PortalWorld, folder: Path) -> Authenticator:
    settings = world.settings.model_copy(update={"data": folder / "medical"})
    context: BodyContext = open_body(
        Body.MEDICAL, settings, tables=tables.KIT, migrations=MIGRATIONS, clock=world.watch
    )
    return Authenticator(
        audience=MEDICAL,
        sealing_key=world.sealing,
        accreditations=world.register,
        nonces=world.nonces,
        database=context.database,
        replays=context.replays,
        people=context.people,
        clock=world.watch,
    )


def _request(sent: dict[str, str], method: str, path: str) -> Credentials:
    return Credentials(
        certificate=certificate_of(Body.PORTAL),
        authorization=sent["Authorization"],
        proof=sent["DPoP"],
        method=method,
        url=MEDICAL + path,
    )
