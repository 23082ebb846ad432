"""Outsiders and thieves of credentials against the running bodies."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.equal_routes import EVERY, TRIED, behind, reasoned, takes_a_name
from support.routes import Routes, concrete, routes_of_all_bodies

from consent import base64url
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.vocabulary import Body
from services.demo.scene import Scene
from services.demo.search import find_texts
from services.gateway.credentials import tls_of
from services.kit.clock import system_clock, system_randomness
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.tokens import TokenIssuer
from services.kit.http import Http, RemoteProblemError, Token, client_context
from services.kit.keys import KeyFolder

pytestmark = pytest.mark.processes

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> dict[Body, Routes]:
    return routes_of_all_bodies(tmp_path_factory.mktemp("routes") / "data")


@pytest.fixture
def terminal(deployment: Scene) -> Iterator[httpx.Client]:
    """A client with the certificate of an accredited terminal and nothing else."""
    folder = deployment.layout.credentials / "clinic-c"
    context = client_context(authority=tls_of(folder).authority, tls=tls_of(folder))
    with httpx.Client(verify=context, timeout=20) as client:
        yield client


# step A1
def test_every_route_but_the_open_ones_refuses_a_caller_without_a_token(
    deployment: Scene, routes: dict[Body, Routes], terminal: httpx.Client
) -> None:
    """OL1: every route and method, no token."""
    tried = 0
    for body in Body:
        closed = {path for (_, path), rule in routes[body].items() if rule.kind != "open"}
        assert closed, f"{body.value} has no closed route"
        for path in closed:
            for method in METHODS:
                answer = terminal.request(method, deployment.layout.url(body) + concrete(path))
                # a method that the route does not have may be told so; nothing else may
                allowed = {401} if (method, path) in routes[body] else {401, 405}
                assert answer.status_code in allowed, f"{method} {body.value}{path}: {answer.status_code}"
                tried += 1
    assert tried > 200


def test_open_routes_are_health_discovery_login_and_the_published_log_only(
    routes: dict[Body, Routes],
) -> None:
    """OL1: the inventory of open routes has no difference."""
    found = {
        f"{body.value}{path}"
        for body in Body
        for (_, path), rule in routes[body].items()
        if rule.kind == "open"
    }
    log = (
        "/checkpoint",
        "/tile/{path:path}",
        "/log/consistency",
        "/log/views",
    )  # published; TLS wants a certificate all the same
    shared = ("/healthz", "/.well-known/sekisho", *log)
    common = {f"{body.value}{path}" for body in Body for path in shared}
    login = {"/oauth/challenge", "/oauth/token", "/oauth/revoke", "/cards/unlock"}
    care = {"/cards/pin-changes", "/cards/suspensions"}  # by the PIN; by the telephone code
    discovery = {
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
        "/.well-known/smart-configuration",
        "/.well-known/card-authority.pem",
        "/ocsp",
        "/ocsp/{request:path}",
    }
    identity = {f"identity{path}" for path in login | care | discovery}
    register = "oversight/register/public"  # without operators, for everybody (J12)
    decisions = "medical/.well-known/authzen-configuration"  # where to ask, nothing else
    beyond = found - common - identity - {register, decisions}
    assert all(each.startswith("portal/") for each in beyond), sorted(beyond)
    relays = {each for each in beyond if each.startswith("portal/relay")}
    told = {f"portal/relay/identity{path}" for path in login | care} | {f"portal/relay/{register}"}
    assert not relays - told


def test_every_route_that_takes_a_name_is_tried_with_those_of_others_or_says_why_not(
    routes: dict[Body, Routes],
) -> None:
    """OL2: a new route is put into the trials of `test_equal_answers`, or among the reasons why it need not be."""
    excepted, used = reasoned(), set()
    for body in Body:
        for method, path in routes[body]:
            if not takes_a_name(method, path):
                continue
            answering, answered = behind(body, path)
            here, anywhere = (answering, method, answered), (EVERY, method, answered)
            assert here in TRIED or {here, anywhere} & excepted, f"{method} {body.value}{path}"
            used |= {here, anywhere}
    assert used >= TRIED
    assert excepted <= used, "no body has such a route any more"


# step A2
def test_an_expired_token_and_a_token_for_another_body_open_nothing(
    deployment: Scene, routes: dict[Body, Routes]
) -> None:
    """OL1, OL6: genuine tokens of the ID centre, out of time or for another audience."""
    clinic = deployment.organisation("clinic-c")
    identity_keys = KeyFolder(deployment.layout.body(Body.IDENTITY) / "keys")
    key = DpopKey(generate_private_key(SECP256R1()))
    issuer = TokenIssuer(
        deployment.layout.url(Body.IDENTITY),
        identity_keys.ed25519("token-1"),
        timedelta(minutes=5),
        system_randomness,
    )
    own = clinic.credentials
    for body in (each for each in Body if each is not Body.PORTAL):
        url = deployment.layout.url(body)
        other = deployment.layout.url(Body.REGISTRY if body is not Body.REGISTRY else Body.MEDICAL)
        for audience, issued in ((url, timedelta(minutes=-6)), (other, timedelta())):
            token = issuer.for_operator(
                audience=audience,
                organisation=own.organisation,
                operator=own.operator,
                terminal=own.terminal,
                roles=["reader"],
                jkt=key.thumbprint,
                place=0,
                now=system_clock() + issued,
            )
            for (method, path), rule in routes[body].items():
                if rule.kind != "open":
                    with pytest.raises(RemoteProblemError) as refused:
                        clinic.connect(body).send(method, concrete(path), token=Token(token, key))
                    assert refused.value.status == 401, f"{method} {body.value}{path}"


def test_a_stolen_token_is_worth_nothing_at_another_terminal_or_with_another_key(deployment: Scene) -> None:
    """OL6: the token of clinic B's operator in the hands of clinic C, with and without B's proof key."""
    thief, victim = deployment.organisation("clinic-c"), deployment.organisation("clinic-b")
    url = deployment.layout.url(Body.MEDICAL)
    stolen = victim.tokens.token(url)
    own_key = DpopKey(generate_private_key(SECP256R1()))
    for token in (stolen, Token(stolen.value, own_key)):
        with pytest.raises(RemoteProblemError) as refused:
            thief.connect(Body.MEDICAL).get("/log/checkpoint", token=token)
        assert refused.value.status == 401
    assert victim.connect(Body.MEDICAL).send("GET", "/log/leaves", token=stolen).status_code == 200


def test_a_token_that_the_id_centre_did_not_sign_is_refused(deployment: Scene) -> None:
    """R2: a self-made issuer with the right names."""
    key = DpopKey(generate_private_key(SECP256R1()))
    url = deployment.layout.url(Body.MEDICAL)
    forger = TokenIssuer(
        deployment.layout.url(Body.IDENTITY),
        Ed25519PrivateKey.generate(),
        timedelta(minutes=5),
        system_randomness,
    )
    own = deployment.organisation("clinic-c").credentials
    token = forger.for_operator(
        audience=url,
        organisation=OrganisationId(own.organisation),
        operator=OperatorId(own.operator),
        terminal=TerminalId(own.terminal),
        roles=["reader", "auditor"],
        jkt=key.thumbprint,
        place=0,
        now=system_clock(),
    )
    with pytest.raises(RemoteProblemError) as refused:
        deployment.organisation("clinic-c").connect(Body.MEDICAL).get("/audit", token=Token(token, key))
    assert refused.value.status == 401


def test_errors_leave_no_secret_in_any_file(
    deployment: Scene, terminal: httpx.Client, tmp_path: Path
) -> None:
    """OL4: 4xx in plenty, with planted secrets in body, query, header; every file of every body is searched."""
    planted = "geheim-" + base64url.encode(system_randomness(15)).replace("_", "a").replace("-", "b")
    token = deployment.organisation("clinic-c").tokens.token(deployment.layout.url(Body.MEDICAL))
    for body in Body:
        url = deployment.layout.url(body)
        for path in ("/reads", "/cards/unlock", "/history", "/nothing-here", "/oauth/token", "/session"):
            for _ in range(5):
                terminal.post(f"{url}{path}?secret={planted}", content=f'{{"pin": "{planted}"}}')
                terminal.post(f"{url}{path}", json={"statement": planted, "tokens": {planted: planted}})
                terminal.get(f"{url}{path}", headers={"Authorization": f"DPoP {planted}", "DPoP": planted})
                terminal.put(f"{url}{path}", content=planted.encode() * 10)
    for body in Body:
        assert find_texts(deployment.layout.body(body), [planted, token.value[-40:]]) == []
    (tmp_path / "control").write_text(planted)
    assert find_texts(tmp_path, [planted])


@pytest.mark.parametrize(
    "path",
    [
        "/history/",
        "/history%2e",
        "/%2e%2e/history",
        "//history",
        "/./history",
        "/history%00",
        "/audit?a=1&a=2",
    ],
)
def test_ambiguous_addresses_reach_no_route(deployment: Scene, path: str) -> None:
    """OL7: escapes, dots, empty segments, repeated parameters."""
    folder = deployment.layout.credentials / "clinic-c"
    context = client_context(authority=tls_of(folder).authority, tls=tls_of(folder))
    http = Http(deployment.layout.url(Body.MEDICAL), context=context)
    token = deployment.organisation("clinic-c").tokens.token(http.base_url)
    with pytest.raises(RemoteProblemError) as refused:
        http.send("GET", path, token=token)
    assert refused.value.status in {400, 401, 404}
    http.close()


# step T8
def test_person_tokens_do_not_show_pseudonyms_to_those_who_pass_them_on(deployment: Scene) -> None:
    """LN1: the portal relays tokens; a token's readable part holds no name of the person."""
    person = deployment.people[0].person
    token = person.tokens.token(deployment.layout.url(Body.MEDICAL)).value
    readable = base64url.decode(token.split(".")[1]).decode()
    pseudonym: Pseudonym = person.pseudonym(Body.MEDICAL)
    assert pseudonym not in readable
    assert deployment.people[0].enrolled.personal_number not in readable
