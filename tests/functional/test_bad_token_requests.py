"""The token endpoint tells what is wrong in the words of RFC 6749, 8707 and 9449, and issues nothing."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlencode

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from support.nonces import learn_nonce
from support.raw_requests import Callers, callers, log_size

from consent.vocabulary import Body
from services.contracts.identity.messages import JWT_BEARER
from services.demo.scene import Scene
from services.gateway.tokens import Signer, operator_assertions
from services.kit.clock import system_clock, system_randomness
from services.kit.credentials.dpop import DpopKey

pytestmark = pytest.mark.processes

FORM = "application/x-www-form-urlencoded"
PLANTED = "geheim-0123456789"
Fields = dict[str, str]
Change = Callable[[Fields], Fields]


@pytest.fixture(scope="module")
def calls(deployment: Scene) -> Iterator[Callers]:
    with callers(deployment) as made:
        yield made


@pytest.fixture
def right(deployment: Scene) -> Fields:
    """A token request that would be granted: hospital A's operator at its terminal, for the medical centre."""
    own = deployment.organisation("hospital-a").credentials
    assertions = operator_assertions(
        deployment.layout.url(Body.IDENTITY) + "/oauth/token",
        operator=Signer(own.operator, own.card_key),
        organisation=own.organisation,
        terminal=Signer(own.terminal, own.terminal_key),
        clock=system_clock,
        randomness=system_randomness,
    )
    return {
        "grant_type": JWT_BEARER,
        "resource": deployment.layout.url(Body.MEDICAL),
        **assertions("a key of no moment"),
    }


def ask(
    scene: Scene,
    calls: Callers,
    content: bytes,
    *,
    media_type: str | None = FORM,
    headers: Mapping[str, str] | None = None,
    at: str = "hospital-a",
) -> httpx.Response:
    url = scene.layout.url(Body.IDENTITY) + "/oauth/token"
    sent = {"DPoP": proof(url, calls.organisation(at).context)} if headers is None else dict(headers)
    tokenless = replace(calls.organisation(at), token=None)
    return calls.send(tokenless, "POST", url, content=content, media_type=media_type, headers=sent)


def proof(url: str, context: ssl.SSLContext) -> str:
    key = DpopKey(generate_private_key(SECP256R1()))
    learn_nonce(key, url, context)
    return key.proof(method="POST", url=url, now=system_clock(), randomness=system_randomness, token=None)


def without(name: str) -> Change:
    return lambda fields: {key: value for key, value in fields.items() if key != name}


def instead(name: str, value: str) -> Change:
    return lambda fields: fields | {name: value}


WRONG: dict[str, tuple[Change, int, str]] = {
    "no grant type": (without("grant_type"), 400, "invalid_request"),
    "an empty grant type": (instead("grant_type", ""), 400, "invalid_request"),
    "another grant type": (instead("grant_type", "password"), 400, "unsupported_grant_type"),
    "no assertion": (without("assertion"), 400, "invalid_request"),
    "no resource": (without("resource"), 400, "invalid_request"),
    "a resource that is no body": (instead("resource", f"https://{PLANTED}.example"), 400, "invalid_target"),
    "an assertion that is none": (instead("assertion", PLANTED), 400, "invalid_grant"),
    "an assertion of three empty parts": (instead("assertion", ".."), 400, "invalid_grant"),
    "a client assertion that is none": (instead("client_assertion", PLANTED), 401, "invalid_client"),
    "another type of client assertion": (instead("client_assertion_type", PLANTED), 400, "invalid_request"),
    "no client assertion": (without("client_assertion"), 400, "invalid_request"),
    "a role that the operator does not have": (instead("scope", "accreditor"), 400, "invalid_scope"),
}


def test_the_control_is_granted(deployment: Scene, calls: Callers, right: Fields) -> None:
    """What is refused below is refused for what was changed."""
    answer = ask(deployment, calls, urlencode(right).encode())
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "DPoP"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_requests_get_the_name_that_the_standard_has_for_it(
    deployment: Scene, calls: Callers, right: Fields, wrong: str
) -> None:
    """RFC 6749, section 5.2."""
    change, status, error = WRONG[wrong]
    answer = ask(deployment, calls, urlencode(change(right)).encode())
    assert_oauth_error(answer, status, error)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"", FORM),
        (b"{}", "application/json"),
        (b"grant_type", FORM),
        (b"\xff=\xff", FORM),
        (b"%ff=%ff", FORM),
        (b"&".join(b"f%d=1" % number for number in range(50)), FORM),
        (b"grant_type=" + b"a" * 20_000, FORM),
        (b"grant_type=a&grant_type=b", FORM),
        (b"grant_type=a", None),
    ],
    ids=["empty", "JSON", "no value", "not ASCII", "not UTF-8", "many", "long", "twice", "no media type"],
)
def test_what_is_no_form_is_an_invalid_request(
    deployment: Scene, calls: Callers, content: bytes, media_type: str | None
) -> None:
    """A request about nobody in particular leaves no entry in the log."""
    before = log_size(deployment, Body.IDENTITY)
    answer = ask(deployment, calls, content, media_type=media_type)
    assert_oauth_error(answer, 400, "invalid_request")
    assert log_size(deployment, Body.IDENTITY) == before


def test_a_request_without_a_proof_or_with_a_wrong_one_gets_nothing(
    deployment: Scene, calls: Callers, right: Fields
) -> None:
    """RFC 9449, section 5: no proof, nonsense, a proof for another address."""
    other = deployment.layout.url(Body.MEDICAL) + "/oauth/token"
    elsewhere = proof(other, calls.organisation("hospital-a").context)
    for headers in ({}, {"DPoP": PLANTED}, {"DPoP": elsewhere}):
        answer = ask(deployment, calls, urlencode(right).encode(), headers=headers)
        assert_oauth_error(answer, 400, "invalid_dpop_proof")
    assert ask(deployment, calls, urlencode(right).encode()).status_code == 200


def test_a_terminals_words_do_not_count_at_another_terminal(
    deployment: Scene, calls: Callers, right: Fields
) -> None:
    """T4: everything is right but the TLS connection."""
    answer = ask(deployment, calls, urlencode(right).encode(), at="clinic-b")
    assert_oauth_error(answer, 401, "invalid_client")


def assert_oauth_error(answer: httpx.Response, status: int, error: str) -> None:
    told = answer.json()
    assert (answer.status_code, told["error"]) == (status, error), answer.text
    assert told.keys() == {"error", "error_description"}
    assert told["error_description"]
    assert PLANTED not in answer.text
    assert "Traceback" not in answer.text
