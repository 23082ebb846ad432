"""What the relay passes on, as a table written independently of the code's own."""

from itertools import product

from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Scope
from support.portal_app import PortalWorld, problem_code

from consent.vocabulary import Body

I, R, M, P, A, O = (  # noqa: E741 - one letter a body keeps the table readable
    Body.IDENTITY,
    Body.REGISTRY,
    Body.MEDICAL,
    Body.PRODUCT_SAFETY,
    Body.RESEARCH,
    Body.OVERSIGHT,
)
LOGIN = {
    (O, "GET", "/register/public"),
    (I, "POST", "/oauth/challenge"),
    (I, "POST", "/oauth/token"),
    (I, "POST", "/oauth/revoke"),
    (I, "POST", "/cards/unlock"),
    (I, "POST", "/cards/pin-changes"),
    (I, "POST", "/cards/suspensions"),
}
WITH_SESSION = {
    *product((I, R, M, P, A, O), ["GET"], ["/history"]),
    *product((I, R, M, P, A, O), ["GET"], ["/log/consistency"]),
    *product((I, O), ["GET"], ["/log/views"]),
    *product((I, R, M, O), ["GET", "POST"], ["/directives"]),
    *product((I, R, M, O), ["POST"], ["/withdrawals"]),
    *product((I, R, M, O), ["GET", "PUT"], ["/wallet", "/wallet/successor"]),
    *product((I, R, M, O), ["POST"], ["/wallet/renewals"]),
    *product((M,), ["GET", "PUT"], ["/headers"]),
    *product((M,), ["GET", "PUT"], ["/compartments"]),
    (I, "PUT", "/subject"),
    (I, "GET", "/patient-links"),
    (I, "POST", "/patient-links/disown"),
    *product((I,), ["GET", "POST"], ["/passkeys"]),
    *product((I,), ["POST"], ["/passkeys/options", "/passkeys/removals"]),
    (I, "GET", "/guardianships"),
    (I, "GET", "/number"),
    (I, "POST", "/number"),
    (I, "GET", "/cards/own"),
    (I, "POST", "/cards/suspension-codes"),
    (I, "POST", "/cards/attribute-tokens"),
    (R, "POST", "/attribute-statements"),
    (I, "POST", "/operator-presentations"),
    *product((I, M, O), ["PUT"], ["/recovery"]),
    *product((I, M, O), ["POST"], ["/recovery/retirements"]),
    (P, "GET", "/inbox"),
    (P, "POST", "/inbox/read"),
    (R, "POST", "/look-up-reports/own"),
    (O, "GET", "/register"),
    (O, "GET", "/emergency-notices"),
    (O, "GET", "/unmaskings"),
    (O, "POST", "/unmaskings"),
    (M, "POST", "/own-records"),
    (M, "POST", "/simulations"),
    *product((M,), ["POST"], ["/access/v1/evaluations", "/access/v1/search/subject"]),
    (R, "POST", "/simulations"),
    (M, "POST", "/own-records/segments"),
    (M, "POST", "/own-deposits"),
    (M, "POST", "/erasures"),
    (M, "GET", "/watch"),
    (M, "PUT", "/watch"),
}
OTHER_PATHS = (
    "/persons",
    "/cards",
    "/cards/changes",
    "/cards/unlockings",
    "/cards/standings",
    "/recovery/releases",
    "/cards/renewals",
    "/links",
    "/pseudonym-tokens",
    "/pseudonym-tokens/batch",
    "/number-look-ups",
    "/look-ups",
    "/look-ups/batch",
    "/look-up-stops",
    "/look-up-reports",
    "/erasure-proof",
    "/residents",
    "/confirmations",
    "/presence",
    "/compartments/search",
    "/deposits",
    "/reads",
    "/grants",
    "/releases",
    "/witness/add-checkpoint",
    "/organisations",
    "/operators",
    "/proposals",
    "/gtins",
    "/products",
    "/purchases",
    "/recalls",
    "/jobs",
    "/audit",
    "/log/leaves",
    "/log/checkpoint",
    "/checkpoint",
    "/tile/0/000",
    "/healthz",
    "/.well-known/sekisho",
    "/session",
    "/",
    "",
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
PATHS = sorted({path for _, _, path in LOGIN | WITH_SESSION}) + list(OTHER_PATHS)

Passage = tuple[Body, str, str]


def _relayed(world: PortalWorld, browser: TestClient) -> set[Passage]:
    """Try everything; return what arrived behind the relay, each by where it arrived."""
    cookies = "; ".join(f"{each.name}={each.value}" for each in browser.cookies.jar)
    assert browser.portal is not None
    browser.portal.call(_try_everything, world, browser.app, cookies.encode())
    return {(got.body, got.method, got.path) for got in world.behind.got}


async def _try_everything(world: PortalWorld, app: ASGIApp, cookies: bytes) -> None:
    # straight to the application: thousands of requests through a client take ten times as long
    for body, method, path in product(Body, METHODS, PATHS):
        before = len(world.behind.got)
        status = await _status(app, method, f"/relay/{body.value}{path}", cookies=cookies)
        arrived = world.behind.got[before:]
        assert [(got.body, got.method, got.path) for got in arrived] in ([], [(body, method, path)])
        assert arrived or status in (401, 405), (body, method, path)


async def _status(app: ASGIApp, method: str, path: str, *, cookies: bytes) -> int:
    sent: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"portal.test"), *([(b"cookie", cookies)] if cookies else [])],
        "client": ("testclient", 50000),
        "server": ("portal.test", 443),
        "state": {},
    }
    await app(scope, receive, send)
    return sent[0]


def test_without_a_session_exactly_the_login_passes(world: PortalWorld, browser: TestClient) -> None:
    assert _relayed(world, browser) == LOGIN


def test_with_a_session_exactly_the_listed_requests_pass(world: PortalWorld, browser: TestClient) -> None:
    world.sign_in(browser)
    assert _relayed(world, browser) == LOGIN | WITH_SESSION


def test_every_route_declares_who_may_call_it(world: PortalWorld) -> None:
    rules = {key: rule.kind for key, rule in world.app().state.access_rules.items()}
    relayed = {
        (method, f"/relay/{body.value}{path}"): kind
        for passages, kind in ((LOGIN, "open"), (WITH_SESSION, "session"))
        for body, method, path in passages
    }
    assert {key: kind for key, kind in rules.items() if key[1].startswith("/relay/")} == relayed
    assert rules["POST", "/session"] == "person"
    assert rules["DELETE", "/session"] == "session"


def test_a_request_without_a_session_is_told_to_sign_in(browser: TestClient) -> None:
    answer = browser.get("/relay/medical/history")
    assert answer.status_code == 401
    assert problem_code(answer) == "session_required"


def test_what_is_on_no_list_is_refused_even_with_a_session(world: PortalWorld, browser: TestClient) -> None:
    world.sign_in(browser)
    answer = browser.post("/relay/medical/reads", json={})
    assert answer.status_code == 401
    assert problem_code(answer) == "unauthenticated"
    assert world.behind.got == []
