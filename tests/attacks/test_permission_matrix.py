"""OL1, C12: for each route of each body and each role, the live decision is what the page of permissions says."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from support.permission_page import PAGE, table

from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.vocabulary import Body
from docs.bodies import opened
from services.contracts.oversight.register import Role
from services.kit.credentials.callers import Caller, OperatorCaller, TerminalCaller
from services.kit.permissions import policies
from services.kit.problems import ForbiddenError


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Body, FastAPI]]:
    with opened(tmp_path_factory.mktemp("matrix")) as made:
        yield made


def test_page_has_every_route_and_no_other(apps: dict[Body, FastAPI]) -> None:
    live = {(body.value, *where) for body, app in apps.items() for where in app.state.access_rules}
    assert live == table().keys()


def test_every_cell_is_decided_as_the_page_says(apps: dict[Body, FastAPI]) -> None:
    tried = 0
    for (name, method, path), (who, action, names) in table().items():
        if "operator" not in who:
            continue
        app = apps[Body(name)]
        for role in Role:
            permitted = not action or role.value in names
            assert _admits(app, method, path, role) is permitted, (name, method, path, role)
            tried += 1
    assert tried > 30 * len(Role)


def test_routes_for_people_and_bodies_admit_no_operator(apps: dict[Body, FastAPI]) -> None:
    tried = 0
    for (name, method, path), (who, _, _) in table().items():
        if who in {"person", "body"} and name != Body.PORTAL:
            assert not any(_admits(apps[Body(name)], method, path, role) for role in Role), (name, path)
            tried += 1
    assert tried > 30


def test_matrix_of_the_page_is_what_the_policies_decide() -> None:
    """Role by action by body, every cell; what is not printed is denied."""
    lines = PAGE.read_text(encoding="utf-8").partition("## Roles, actions and bodies")[2].splitlines()
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines if line.startswith("| ")]
    header = rows[0]
    assert header[2:] == list(policies().roles)
    printed = {
        (row[0], row[1], role)
        for row in rows[2:]
        if len(row) == len(header)
        for role, cell in zip(header[2:], row[2:], strict=True)
        if cell == "yes"
    }
    decided = {
        (action, body.value, role.value)
        for action in policies().actions
        for body in Body
        for role in Role
        if policies().permits([role], action, body)
    }
    assert printed == decided


def test_terminals_by_themselves_are_admitted_where_the_page_says_and_nowhere_else(
    apps: dict[Body, FastAPI],
) -> None:
    """Every closed route by every scope, and by a name that is no scope but a role."""
    tried = 0
    for (name, method, path), (who, _, names) in table().items():
        if who == "open" or (name == Body.PORTAL and "terminal" not in who):
            continue
        for scope in (*policies().scopes, "registrar"):
            caller = TerminalCaller(OrganisationId("o"), TerminalId("t"), frozenset({scope}))
            permitted = "terminal" in who and scope in names
            assert _admits_caller(apps[Body(name)], method, path, caller) is permitted, (name, path, scope)
            tried += 1
    assert tried > 200


def test_scopes_of_the_page_are_what_the_policies_decide() -> None:
    """Scope by action by body, every cell; no role does what is for scopes, and the other way round."""
    lines = PAGE.read_text(encoding="utf-8").partition("## Scopes of a terminal by itself")[2].splitlines()
    edition = policies()
    header, *rows = [
        [cell.strip() for cell in line[1:-1].split("|")]
        for line in lines[: _end(lines)]
        if line.startswith("| ")
    ]
    assert header[2:] == list(edition.scopes)
    printed = {
        (row[0], row[1], scope)
        for row in rows[1:]
        for scope, cell in zip(header[2:], row[2:], strict=True)
        if cell == "yes"
    }
    actions = [*edition.actions, *edition.scope_actions]
    decided = {
        (action, body.value, scope)
        for action in actions
        for body in Body
        for scope in edition.scopes
        if edition.lets([scope], action, body)
    }
    assert printed == decided
    assert not any(
        edition.permits([role], action, body)
        for role in edition.roles
        for action in edition.scope_actions
        for body in Body
    )


def _end(lines: list[str]) -> int:
    return next(at for at, line in enumerate(lines) if line.startswith("## "))


def _admits(app: FastAPI, method: str, path: str, role: Role) -> bool:
    caller = OperatorCaller(
        OrganisationId("o"), OperatorId("p"), TerminalId("t"), frozenset({role.value, "unknown-role"})
    )
    return _admits_caller(app, method, path, caller)


def _admits_caller(app: FastAPI, method: str, path: str, caller: Caller) -> bool:
    request = Request({"type": "http", "app": app, "headers": [], "state": {"caller": caller}})
    (admit,) = (
        each.call
        for context in iter_route_contexts(app.routes)
        if isinstance(route := context.original_route, APIRoute)
        if (context.path or route.path) == path and method in (route.methods or ())
        for each in _flat(route.dependant.dependencies)
        if getattr(each.call, "access_rule", None)
    )
    assert admit is not None
    try:
        admit(request).send(None)  # a coroutine that waits for nothing
    except StopIteration:
        return True
    except ForbiddenError:
        return False
    raise AssertionError(f"the rule of {method} {path} waits for something")


def _flat(dependants: list[Dependant]) -> Iterator[Dependant]:
    for each in dependants:
        yield each
        yield from _flat(each.dependencies)
