"""Names that nobody here has, tokens that are for somebody else, token requests that ask wrongly."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from pydantic import JsonValue
from support.closed_routes import BUNDLE, CARD, ITEMS, KEY, LATER, REFERENCE
from support.raw_requests import Callers, assert_problem, callers, log_size

from consent import base64url
from consent.compartments import YearSpan
from consent.vocabulary import BasicItem, Body, Category, ConfirmationReason, Purpose
from services.demo.scene import Scene
from services.gateway.bank import confirm
from services.gateway.clinic import open_records
from services.gateway.errors import RefusedError
from services.gateway.hospital import link
from services.kit.clock import system_randomness

pytestmark = pytest.mark.processes

Named = Callable[["Wrong"], str]
Message = dict[str, JsonValue]
GTIN = "04006381333948"


@pytest.fixture(scope="module")
def calls(deployment: Scene) -> Iterator[Callers]:
    with callers(deployment) as made:
        yield made


NAMING: Message = {"reference": REFERENCE, "bodies": ["medical"]}
REVOKING: Message = {"reference": REFERENCE, "card": CARD, "change": "revoke", "reason": "r"}
NOBODY: Message = {"id": "nobody"}
KEYLESS: Message = {"id": "nobody", "signing_key": None, "receiving_key": None}
OFFICE = "oversight-office"


def proposal(kind: str, parameters: Message) -> Message:
    """Return a proposal."""
    return {"kind": kind, "parameters": parameters, "reason": "r"}


UNKNOWN: list[tuple[Body, str, str, Message | None]] = [
    (Body.IDENTITY, "hospital-a", "POST /pseudonym-tokens", NAMING),
    (Body.IDENTITY, "municipality", "POST /cards/changes", REVOKING),
    (Body.PRODUCT_SAFETY, "maker", "GET /recalls/unknown", None),
    (Body.PRODUCT_SAFETY, "maker", f"GET /recalls/{'a' * 3000}", None),
    (Body.PRODUCT_SAFETY, "person", "POST /inbox/read", {"notice": "unknown"}),
    (Body.RESEARCH, "university", "GET /jobs/unknown", None),
    (Body.RESEARCH, "university", "GET /releases/unknown", None),
    (Body.OVERSIGHT, OFFICE, "POST /proposals", proposal("suspend", NOBODY | {"kind": "organisation"})),
    (
        Body.OVERSIGHT,
        OFFICE,
        "POST /proposals",
        proposal("suspend", NOBODY | {"kind": "operator", "organisation": "bank"}),
    ),
    (Body.OVERSIGHT, OFFICE, "POST /proposals", proposal("resume", NOBODY | {"kind": "terminal"})),
    (
        Body.OVERSIGHT,
        OFFICE,
        "POST /proposals",
        proposal("roles", NOBODY | {"organisation": "bank", "roles": []}),
    ),
    (Body.OVERSIGHT, OFFICE, "POST /proposals/unknown/approval", {"digest": "a" * 43}),
    (Body.OVERSIGHT, OFFICE, "POST /proposals/unknown/withdrawal", {"reason": "r"}),
    (Body.OVERSIGHT, OFFICE, "POST /proposals", proposal("change-keys", KEYLESS)),
]


@pytest.mark.parametrize(("body", "who", "route", "message"), UNKNOWN)
def test_unknown_names_are_not_found(
    deployment: Scene, calls: Callers, body: Body, who: str, route: str, message: Message | None
) -> None:
    """404 with a next step; nothing but the name is wrong."""
    caller = calls.person() if who == "person" else calls.organisation(who)
    content = None if message is None else json.dumps(message).encode()
    method, _, path = route.partition(" ")
    answer = calls.send(caller, method, deployment.layout.url(body) + path, content=content)
    assert answer.status_code == 404
    assert assert_problem(answer, where=path, never=(REFERENCE, "a" * 100))["code"] == "not_found"


NEW: Message = {"id": "new", "name": "n", "kind": "bank", "expires": LATER}


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("organisations", NEW | {"id": "Bank!"}),
        ("organisations", NEW | {"id": "bank"}),
        ("organisations", NEW | {"expires": 1}),
        ("organisations", NEW | {"signing_key": KEY}),
        ("terminals", {"id": "new", "organisation": "bank", "public_key": KEY, "days": 30}),
        (
            "operators",
            {"id": "n", "organisation": "bank", "roles": ["reader"], "card_key": KEY, "expires": LATER},
        ),
    ],
)
def test_accreditations_that_cannot_stand_are_not_even_proposed(
    deployment: Scene, calls: Callers, part: str, message: Message
) -> None:
    """A bad name, a name in use, an end in the past, keys that are none: the register stays as it is."""
    office, url = calls.organisation("oversight-office"), deployment.layout.url(Body.OVERSIGHT)
    before = deployment.officials.directory().register.serial
    content = json.dumps(proposal("enter", {part: [message]})).encode()
    answer = calls.send(office, "POST", f"{url}/proposals", content=content)
    assert_problem(answer, where=part)
    assert calls.send(office, "GET", f"{url}/register").status_code == 200
    assert deployment.officials.directory().register.serial == before


@pytest.mark.parametrize("pin_proof", ["AAAA", base64url.encode(bytes(32)), base64url.encode(bytes(5000))])
def test_an_unknown_card_is_answered_as_a_wrong_pin_is(
    deployment: Scene, calls: Callers, pin_proof: str
) -> None:
    """OL2: also through the portal's relay, for a browser without any credential."""
    message = {"card": CARD, "application": "authentication", "pin_proof": pin_proof}
    direct = deployment.layout.url(Body.IDENTITY) + "/cards/unlock"
    relayed = deployment.layout.url(Body.PORTAL) + "/relay/identity/cards/unlock"
    terminal = replace(calls.organisation("bank"), token=None)
    for caller, url in ((terminal, direct), (calls.browser(), relayed)):
        answer = calls.send(caller, "POST", url, content=json.dumps(message).encode())
        told = assert_problem(answer, where=url)
        assert (answer.status_code, told["code"], told["tries_left"]) == (403, "wrong_pin", 2)


@dataclass(frozen=True)
class Wrong:
    """Where tokens come from."""

    scene: Scene

    def token(self, organisation: str, body: Body) -> str:
        """Return a fresh pseudonym token of an organisation for a body."""
        at = self.scene.organisation(organisation)
        return at.name_person(link(at, self.scene.people[1].person), body).tokens[body]


WRONG: dict[str, Named] = {
    "empty": lambda _wrong: "A",
    "garbage": lambda _wrong: "geheim",
    "random": lambda _wrong: base64url.encode(system_randomness(700)),
    "not base64url": lambda _wrong: "=" * 40,
    "for another body": lambda wrong: wrong.token("hospital-a", Body.OVERSIGHT),
    "of another organisation": lambda wrong: wrong.token("clinic-b", Body.MEDICAL),
    "for the registry, of another organisation": lambda wrong: wrong.token("bank", Body.REGISTRY),
    "for the product safety centre, of a retailer": lambda wrong: wrong.token(
        "retailer", Body.PRODUCT_SAFETY
    ),
    "with one character changed": lambda wrong: _changed(wrong.token("hospital-a", Body.MEDICAL)),
    "cut short": lambda wrong: wrong.token("hospital-a", Body.MEDICAL)[:-8],
}
ROUTES: list[tuple[Body, str, str, Message]] = [
    (Body.MEDICAL, "hospital-a", "POST /compartments/search", {}),
    (Body.MEDICAL, "hospital-a", "POST /deposits", {"bundles": [BUNDLE]}),
    (Body.REGISTRY, "municipality", "POST /residents", {"items": ITEMS}),
    (Body.REGISTRY, "municipality", "PUT /residents", {"items": ITEMS}),
]


def _changed(token: str) -> str:
    middle = len(token) // 2
    return token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("body", "who", "route", "message"), ROUTES)
def test_pseudonym_tokens_of_others_name_nobody(
    deployment: Scene, calls: Callers, body: Body, who: str, route: str, message: Message, wrong: str
) -> None:
    """LN4: a token counts for one body and one organisation, whole, and nothing is logged about anybody."""
    token = WRONG[wrong](Wrong(deployment))
    before = log_size(deployment, body)
    content = json.dumps(message | {"token": token}).encode()
    method, _, path = route.partition(" ")
    answer = calls.send(calls.organisation(who), method, deployment.layout.url(body) + path, content=content)
    told = assert_problem(answer, where=f"{path}: {wrong}")
    assert token == "A" or token not in answer.text
    assert answer.status_code in {400, 403}, told
    assert log_size(deployment, body) == before


@pytest.mark.parametrize(
    "wrong", ["random", "for the registry, of another organisation", "of another organisation"]
)
def test_purchases_are_registered_for_nobody_with_a_wrong_token(
    deployment: Scene, calls: Callers, wrong: str
) -> None:
    """The refusal is a decision, so it is logged; without a person, since nobody was named."""
    message: Message = {"gtin": GTIN, "serial": "1", "purchased_at": 1}
    token = WRONG[wrong](Wrong(deployment))
    content = json.dumps(message | {"token": token}).encode()
    url = deployment.layout.url(Body.PRODUCT_SAFETY) + "/purchases"
    answer = calls.send(calls.organisation("retailer"), "POST", url, content=content)
    assert_problem(answer, where=wrong)


def test_a_pseudonym_token_counts_once(deployment: Scene, calls: Callers) -> None:
    """OT2: the second use of a token is a conflict, though everything else is new."""
    token = Wrong(deployment).token("hospital-a", Body.MEDICAL)
    url = deployment.layout.url(Body.MEDICAL) + "/compartments/search"
    content = json.dumps({"token": token}).encode()
    hospital = calls.organisation("hospital-a")
    assert calls.send(hospital, "POST", url, content=content).status_code == 200
    again = calls.send(hospital, "POST", url, content=content)
    assert (again.status_code, assert_problem(again, where=url)["code"]) == (409, "replayed")


def test_refusals_that_are_decisions_are_in_the_log(deployment: Scene) -> None:
    """R21: reading and confirming without permission; the person finds the refusal, so the log grows by it.

    And by one more count of everybody's entries, which it makes due.
    """
    person = deployment.people[2].person
    clinic, bank = deployment.organisation("clinic-c"), deployment.organisation("bank")
    at_clinic, at_bank = link(clinic, person), link(bank, person)
    before = {body: log_size(deployment, body) for body in (Body.MEDICAL, Body.REGISTRY)}
    with pytest.raises(RefusedError) as read:
        open_records(
            clinic,
            at_clinic,
            categories=frozenset({Category.MEDICATION}),
            years=YearSpan(2020, 2026),
            purpose=Purpose.TREAT,
        )
    with pytest.raises(RefusedError) as confirmed:
        confirm(bank, at_bank, {BasicItem.NAME: "n"}, contract="c", reason=ConfirmationReason.PERIODIC_CHECK)
    assert (read.value.code, confirmed.value.code) == ("no_permission", "no_permission")
    grown = {body: log_size(deployment, body) - size for body, size in before.items()}
    assert grown == {Body.MEDICAL: 2, Body.REGISTRY: 2}
