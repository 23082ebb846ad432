"""schemathesis over the ID centre's OpenAPI: whatever the schema allows gets an answer that is documented."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from support.identity_people import IDENTITY
from support.identity_token_scene import TokenScene, token_scene

from services.kit.http import Token

SETTINGS = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenScene]:
    with token_scene(tmp_path_factory.mktemp("openapi")) as made:
        yield made


def operations(scene: TokenScene) -> list[Any]:
    client: Any = scene.world.identity_app
    schema: Any = schemathesis.openapi.from_dict(client.app._app.openapi())
    schema = schema.exclude(path_regex="^/ocsp")  # DER, not JSON: it has tests of its own
    return [each.ok() for each in schema.get_all_operations()]


def test_no_operation_fails_or_answers_what_is_not_documented(scene: TokenScene) -> None:
    """With an operator's and with a person's token, each request with a right proof."""
    tokens = [
        scene.world.operator_token(scene.city, IDENTITY),
        scene.world.person_token(scene.holder, IDENTITY, at=scene.city),
    ]
    found = operations(scene)
    assert len(found) > 30
    wrong: list[str] = []
    for operation in found:
        _sender(scene, tokens, operation, wrong)()
    assert wrong == []


def _sender(scene: TokenScene, tokens: list[Token], operation: Any, wrong: list[str]) -> Callable[[], None]:
    documented = set(operation.definition.raw["responses"])
    method = operation.method.upper()
    connection = scene.world.http(IDENTITY, scene.city)

    @SETTINGS
    @hypothesis.given(case=operation.as_strategy())
    def send(case: Any) -> None:
        content = json.dumps(case.body).encode() if isinstance(case.body, dict | list) else None
        path = case.formatted_path
        for token in tokens:
            proof = scene.world.proof(IDENTITY + path, method=method, token=token)
            headers = {
                "Authorization": f"DPoP {token.value}",
                "DPoP": proof,
                "Content-Type": "application/json",
            }
            answer = connection.raw(method, path, headers=headers, content=content)
            status = str(answer.status_code)
            if answer.status_code >= 500 or not documented & {status, f"{status[0]}XX"}:
                wrong.append(f"{method} {operation.path}: {status} {answer.text[:80]}")

    sending: Callable[[], None] = send
    return sending
