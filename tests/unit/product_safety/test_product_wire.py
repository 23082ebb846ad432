"""The routes as strangers meet them: who may call what, and what bad input gets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.product_safety_app import InProcess, open_centre, running
from support.product_safety_world import (
    AUDITOR,
    GTIN,
    MAKER,
    OTHER_MAKER,
    SHOP,
    World,
    make_world,
    recall_record,
)

from consent.identifiers import OrganisationId
from services.kit.access import AccessRule
from services.kit.http import RemoteProblemError, Token
from services.product_safety.app import assemble

OWNER = "owner"
RULES = {
    ("POST", "/gtins"): AccessRule("operator", ("recaller",)),
    ("POST", "/products"): AccessRule("operator", ("recaller", "seller")),
    ("POST", "/purchases"): AccessRule("operator", ("seller",)),
    ("POST", "/recalls"): AccessRule("operator", ("recaller",)),
    ("GET", "/recalls/{recall}"): AccessRule("operator", ("recaller",)),
    ("GET", "/inbox"): AccessRule("person", ()),
    ("POST", "/inbox/read"): AccessRule("person", ()),
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


@pytest.fixture
def http(world: World) -> Iterator[InProcess]:
    with running(world) as client:
        yield InProcess(client, world)


def refusal(
    http: InProcess, method: str, path: str, content: bytes, *, token: Token | None
) -> RemoteProblemError:
    with pytest.raises(RemoteProblemError) as raised:
        http.send(method, path, token=token, content=content)
    return raised.value


def recall_message(**changes: Any) -> dict[str, Any]:
    return {"recall": recall_record().model_dump(mode="json", by_alias=True), "gtin": GTIN} | changes


def test_permission_table_is_as_designed(world: World) -> None:
    """R11: a new route, or one with another rule, must be entered here."""
    context = open_centre(world)
    found = assemble(context, world.register, world.settings()).state.access_rules
    own = {route: rule for route, rule in found.items() if route in RULES}
    assert own == RULES
    shared = {path for _, path in found.keys() - RULES.keys()}
    assert shared == {
        "/healthz",
        "/.well-known/sekisho",
        "/history",
        "/log/checkpoint",
        "/log/leaves",
        "/log/consistency",
        "/log/views",
        "/checkpoint",
        "/tile/{path:path}",
        "/people/renewals",
        "/audit",
    }
    context.close()


@pytest.mark.parametrize(("method", "path"), RULES)
def test_no_route_answers_without_a_token(http: InProcess, method: str, path: str) -> None:
    """OL1."""
    problem = refusal(http, method, path.replace("{recall}", "x"), b"{}", token=None)
    assert (problem.status, problem.code) == (401, "unauthenticated")


@pytest.mark.parametrize("holder", [OWNER, SHOP, MAKER, AUDITOR])
@pytest.mark.parametrize(("method", "path"), RULES)
def test_routes_admit_only_their_roles(
    http: InProcess, world: World, holder: str, method: str, path: str
) -> None:
    """R11."""
    rule = RULES[method, path]
    role = {OWNER: "person", SHOP: "seller", MAKER: "recaller", AUDITOR: "auditor"}[holder]
    token = world.person_token(OWNER) if holder == OWNER else world.operator_token(OrganisationId(holder))
    admitted = role in rule.names or role == rule.kind
    content = b"{}" if method == "POST" else None
    code = "none"
    try:
        http.send(method, path.replace("{recall}", "x"), token=token, content=content)
    except RemoteProblemError as problem:
        code = problem.code
    assert (code == "forbidden") is not admitted


@pytest.mark.parametrize(
    ("path", "content", "field"),
    [
        ("/gtins", '{"gtin": "4006381333932", "name": "Heater"}', "gtin"),
        ("/gtins", '{"gtin": 4006381333931, "name": "Heater"}', "gtin"),
        ("/gtins", '{"gtin": "4006381333931", "name": "Heater", "colour": "red"}', "colour"),
        ("/gtins", '{"gtin": "4006381333931"}', "name"),
        ("/gtins", '{"gtin": "4006381333931", "name": "a", "name": "b"}', ""),
        ("/gtins", "{", ""),
        ("/products", '{"gtin": "4006381333931", "serial": "a b"}', "serial"),
    ],
)
def test_bad_input_is_named_and_leaves_nothing(
    http: InProcess, world: World, path: str, content: str, field: str
) -> None:
    problem = refusal(http, "POST", path, content.encode(), token=world.operator_token(MAKER))
    assert (problem.status, problem.code) == (400, "malformed_request")
    assert problem.members["next"]
    assert field in str(problem.members.get("fields", ""))
    report = http.get("/audit", token=world.operator_token(AUDITOR))
    assert (report["entries"], report["rows"]) == (0, 0)


def test_range_of_serials_that_are_no_numbers_is_refused_with_the_way_out(
    http: InProcess, world: World
) -> None:
    token = world.operator_token(MAKER)
    http.post("/gtins", {"gtin": GTIN, "name": "Heater"}, token=token)
    with pytest.raises(RemoteProblemError) as raised:
        http.post("/recalls", recall_message(serials={"first": "A1", "last": "A9"}), token=token)
    assert raised.value.code == "malformed_request"


def test_unknown_recall_and_anothers_recall_answer_alike(http: InProcess, world: World) -> None:
    token = world.operator_token(MAKER)
    http.post("/gtins", {"gtin": GTIN, "name": "Heater"}, token=token)
    recall = http.post("/recalls", recall_message(), token=token)["recall"]
    other = world.operator_token(OTHER_MAKER)
    answers = [refusal(http, "GET", f"/recalls/{each}", b"", token=other) for each in (recall, "none")]
    assert answers[0].members == answers[1].members
    assert answers[0].status == answers[1].status == 404


def test_maker_learns_counts_and_nothing_else(http: InProcess, world: World) -> None:
    token = world.operator_token(MAKER)
    http.post("/gtins", {"gtin": GTIN, "name": "Heater"}, token=token)
    purchase = {
        "token": world.pseudonym_token(OWNER),
        "gtin": GTIN,
        "serial": "7",
        "purchased_at": 1_700_000_000,
    }
    http.post("/purchases", purchase, token=world.operator_token(SHOP))
    recall = http.post("/recalls", recall_message(), token=token)["recall"]
    progress = http.get(f"/recalls/{recall}", token=token)
    assert progress.keys() == {"status", "owners", "notified", "read"}
    assert progress["owners"] == 1
