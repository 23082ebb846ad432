"""schemathesis over every body's OpenAPI: whatever the schema allows gets an answer that is documented."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import hypothesis
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from support.desk import PINS
from support.raw_requests import Caller, Callers, callers

from consent.vocabulary import Body
from docs.bodies import opened
from services.contracts.oversight.register import Role
from services.demo.scene import Scene
from services.deployment.bootstrap import OFFICIALS
from services.deployment.organisations import credential_folder
from services.gateway.clinical import BasicItems
from services.gateway.people import enrol
from services.gateway.unattended import UnattendedTerminal
from services.kit.access import AccessRule

pytestmark = pytest.mark.processes
SETTINGS = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
OPERATORS = {
    Role.REGISTRAR: "municipality",
    Role.INQUIRER: "municipality",
    Role.WRITER: "hospital-a",
    Role.READER: "clinic-c",
    Role.SELLER: "retailer",
    Role.RECALLER: "maker",
    Role.CONFIRMER: "bank",
    Role.ANONYMISER: "anonymiser",
    Role.RESEARCHER: "university",
    Role.ACCREDITOR: OFFICIALS,
    Role.AUDITOR: OFFICIALS,
    Role.SUPERVISOR: "municipality-2",
    Role.EMERGENCY_RELAY: "emergency-relay",
}
"""Whoever has the role, so that requests come as far as they can."""
ITEMS = BasicItems("藤田 和子", "みなと市 2-2-2", "female", "1961-02-03")
OTHERWISE_TESTED = "^(/ocsp|/people/renewals|/relay|/witness|/tile)"
"""DER; names that all others would lose; what is passed on as it is; signed notes; hashes by the path."""
SHARED = "^/(healthz|history|checkpoint|log/|audit|proposals|recovery)"
"""The same code in several bodies: tried at the ID centre, which has all of it."""


@dataclass(frozen=True)
class Everybody:
    """All who may call, a person who is nobody's in other tests among them."""

    scene: Scene
    callers: Callers
    terminal: UnattendedTerminal
    person: Caller

    def of(self, rule: AccessRule, body: Body) -> list[Caller]:
        """Return those whom a rule admits, one of each kind."""
        found: list[Caller] = []
        if "operator" in rule.kind:
            names = [OPERATORS[Role(name)] for name in rule.names if name in set(Role)]
            found += [self.callers.organisation(name) for name in names[:1] or ["bank", "clinic-c"]]
        if "person" in rule.kind:
            found.append(self.person)
        if "body" in rule.kind:
            found.append(self.callers.body(Body(rule.names[-1])))
        if "terminal" in rule.kind:
            desk = self.callers.organisation("clinic-c")
            found.append(replace(desk, name="terminal", token=self.terminal.token))
        if not found:
            found.append(self.callers.browser() if body is Body.PORTAL else self.person)
        return found


@pytest.fixture(scope="module")
def everybody(deployment: Scene) -> Iterator[Everybody]:
    enrolled = enrol(deployment.organisation("municipality"), ITEMS, pins=PINS)
    terminal = UnattendedTerminal.at(credential_folder(deployment.layout, "clinic-c"))
    with callers(deployment) as made:
        context = made.organisation("municipality").context
        person = Caller("a person", context, enrolled.person.tokens.token)
        yield Everybody(deployment, made, terminal, person)
    terminal.close()


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Body, FastAPI]]:
    with opened(tmp_path_factory.mktemp("openapi")) as made:
        yield made


@pytest.mark.parametrize("body", list(Body))
def test_no_operation_fails_or_answers_what_is_not_documented(
    everybody: Everybody, apps: dict[Body, FastAPI], body: Body
) -> None:
    """Each request comes from whom the route admits, with a right proof."""
    app = apps[body]
    schema: Any = schemathesis.openapi.from_dict(app.openapi())
    tried = schema.exclude(path_regex=OTHERWISE_TESTED)
    if body is not Body.IDENTITY:
        tried = tried.exclude(path_regex=SHARED)
    found = [each.ok() for each in tried.get_all_operations()]
    assert len(found) > 2
    wrong: list[str] = []
    told: Counter[int] = Counter()
    for operation in found:
        rule = app.state.access_rules[operation.method.upper(), operation.path]
        _sender(everybody, body, operation, everybody.of(rule, body), wrong, told)()
    assert wrong == []
    assert told[2] > 0, "nothing was tried beyond the refusals"


def _sender(
    everybody: Everybody,
    body: Body,
    operation: Any,
    admitted: list[Caller],
    wrong: list[str],
    told: Counter[int],
) -> Callable[[], None]:
    documented = set(operation.definition.raw["responses"])
    method, url = operation.method.upper(), everybody.scene.layout.url(body)

    @SETTINGS
    @hypothesis.given(case=operation.as_strategy())
    def send(case: Any) -> None:
        content = json.dumps(case.body).encode() if isinstance(case.body, dict | list) else None
        query = urlencode(case.query or {}, errors="surrogatepass")
        path = case.formatted_path + (f"?{query}" if query else "")
        for caller in admitted:
            answer = everybody.callers.send(caller, method, url + path, content=content)
            status = str(answer.status_code)
            told[answer.status_code // 100] += 1
            if answer.status_code >= 500 or not documented & {status, f"{status[0]}XX"}:
                wrong.append(f"{caller.name}: {method} {path}: {status} {answer.text[:200]}")

    sending: Callable[[], None] = send
    return sending
