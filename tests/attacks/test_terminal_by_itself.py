"""What somebody gains who sits down at an accredited terminal without an operator's card."""

from collections.abc import Iterator

import pytest
from support.routes import Routes, concrete, routes_of_all_bodies

from consent.vocabulary import Body
from services.demo.scene import Scene
from services.deployment.organisations import credential_folder
from services.gateway.unattended import UnattendedTerminal
from services.kit.http import Http, RemoteProblemError, Token

pytestmark = pytest.mark.processes
CLINIC = "clinic-c"
OWN = {
    *((body, f"/log/{what}") for body in Body for what in ("checkpoint", "leaves")),
    (Body.OVERSIGHT, "/accreditation"),
}
"""All that a terminal may do by itself; nothing of it is about a person."""


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> dict[Body, Routes]:
    return routes_of_all_bodies(tmp_path_factory.mktemp("routes") / "data")


@pytest.fixture
def terminal(deployment: Scene) -> Iterator[UnattendedTerminal]:
    found = UnattendedTerminal.at(credential_folder(deployment.layout, CLINIC))
    yield found
    found.close()


def test_terminal_without_an_operator_gets_nothing_about_anybody(
    terminal: UnattendedTerminal, routes: dict[Body, Routes]
) -> None:
    """OL1: every closed route of every body, with the terminal's own valid token and proof for it."""
    tried = 0
    for body, rules in routes.items():
        for (method, path), rule in rules.items():
            if rule.kind == "open" or (body, path) in OWN:
                continue
            status = terminal.ask(body, lambda http, token: _status(http, token, method, path))  # noqa: B023
            # the portal keeps sessions of people: a token is no credential there
            expected = 401 if body is Body.PORTAL else 403
            assert status == expected, f"{method} {body.value}{path}: {status}"
            tried += 1
    assert tried > 100


def test_what_a_terminal_does_by_itself_names_no_operator_and_no_person(
    deployment: Scene, terminal: UnattendedTerminal
) -> None:
    """The other half: what it does get says nothing of those who work there."""
    told = terminal.accreditation().model_dump_json() + terminal.register().model_dump_json()
    staff = deployment.organisation(CLINIC).directory().register.operators
    assert len(staff) > 5
    for each in staff:
        assert each.card_key["x"] not in told
        assert each.person_tag is None or each.person_tag not in told
        assert f'"{each.id}"' not in told
    assert [each.problem for each in terminal.logs()] == [None] * 6


def _status(http: Http, token: Token, method: str, path: str) -> int:
    content = b"{}" if method in {"POST", "PUT"} else None
    try:
        return http.send(method, concrete(path), token=token, content=content).status_code
    except RemoteProblemError as problem:
        return problem.status


def test_inventory_of_what_a_terminal_may_do_has_no_difference(routes: dict[Body, Routes]) -> None:
    """OL1: a new route for terminals by themselves has to be entered in `OWN`."""
    found = {
        (body, path)
        for body, rules in routes.items()
        for (_, path), rule in rules.items()
        if "terminal" in rule.kind
    }
    assert found == OWN
