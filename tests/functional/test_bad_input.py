"""Bad input to every body, over TLS and with right credentials: a problem document, and nothing half done."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.bad_input import PLANTED, numbers_out_of_range, spoil
from support.closed_routes import TARGETS, Target
from support.raw_requests import (
    JSON,
    Callers,
    assert_problem,
    callers,
    check_problem,
    log_size,
    raw_connection,
    read_answer,
)
from support.routes import concrete, routes_of_all_bodies

from consent.vocabulary import Body
from services.demo.scene import Scene

pytestmark = [pytest.mark.long, pytest.mark.processes]

LIMIT = 10_000_000
TOLD = [body for body in Body if body in TARGETS]
EVERY_TARGET = [target for targets in TARGETS.values() for target in targets]
SEEN = frozenset({"witnessed_log", "log_head", "log_view", "reading_habits"})
PASSING = frozenset({"used_once", "log_checkpoint", "log_node"}) | SEEN
"""Tables that also a refused request may touch: used DPoP proofs, and what the witness and the watch have seen."""


@pytest.fixture(scope="module")
def calls(deployment: Scene) -> Iterator[Callers]:
    with callers(deployment) as made:
        yield made


def rows(scene: Scene, body: Body) -> dict[str, int]:
    """Count the rows of a body's tables."""
    file = scene.layout.body(body) / "database.sqlite"
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        kept = [name for name in names if name not in PASSING and not name.startswith("sqlite_")]
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in kept}


@pytest.mark.parametrize("target", EVERY_TARGET, ids=str)
def test_the_example_messages_are_of_the_right_form(target: Target) -> None:
    """The control: what is refused below is refused for what was spoiled."""
    target.kind.model_validate_json(json.dumps(target.example))


def test_every_closed_route_that_takes_a_message_is_tried(tmp_path: Path) -> None:
    """A new route must be entered in `closed_routes`; the portal's relay, the witness and segments take no JSON."""
    found = {
        f"{method} {body.value}{concrete(path)}"
        for body, routes in routes_of_all_bodies(tmp_path / "data").items()
        for (method, path), rule in routes.items()
        if method in {"POST", "PUT"} and rule.kind != "open" and body is not Body.PORTAL
    }
    witness = {f"POST {body.value}/witness/add-checkpoint" for body in (Body.OVERSIGHT, Body.IDENTITY)}
    segments = {"PUT medical/uploads/unknown/segments/unknown"}
    assert found - witness - segments == {str(target) for target in EVERY_TARGET}


@pytest.mark.parametrize("body", TOLD)
def test_spoiled_messages_get_a_problem_and_change_nothing(
    deployment: Scene, calls: Callers, body: Body
) -> None:
    """OT4: not JSON, JSON with two meanings, unknown, missing and mistyped fields, at every route with a message."""
    for target in TARGETS[body]:
        target.who(calls).headers(
            target.method, deployment.layout.url(body)
        )  # at the ID centre, tokens are logged
    log_size(deployment, body)
    before = rows(deployment, body), log_size(deployment, body)
    tried = 0
    for target in TARGETS[body]:
        caller, url = target.who(calls), deployment.layout.url(body) + target.path
        for spoiled in spoil(target):
            where = f"{target}: {spoiled.what}"
            answer = calls.send(caller, target.method, url, content=spoiled.content)
            told = assert_problem(answer, where=where, never=(PLANTED,))
            assert (answer.status_code, told["code"]) == (400, "malformed_request"), where
            if spoiled.field is not None:
                assert spoiled.field in json.dumps(told["fields"]), where
            tried += 1
    assert tried > 20 * len(TARGETS[body])
    assert (rows(deployment, body), log_size(deployment, body)) == before


@pytest.mark.parametrize("body", TOLD)
def test_numbers_that_fit_nowhere_are_refused(deployment: Scene, calls: Callers, body: Body) -> None:
    """Numbers beyond 64 bits and below zero, wherever a message has a number."""
    for target in TARGETS[body]:
        caller, url = target.who(calls), deployment.layout.url(body) + target.path
        for spoiled in numbers_out_of_range(target):
            answer = calls.send(caller, target.method, url, content=spoiled.content)
            assert_problem(answer, where=f"{target}: {spoiled.what}")


@pytest.mark.parametrize("body", TOLD)
def test_other_media_types_are_refused(deployment: Scene, calls: Callers, body: Body) -> None:
    """A right message under a wrong name is not taken for what it looks like."""
    for target in TARGETS[body]:  # so that everybody has a token, which is a row, before rows are counted
        calls.send(target.who(calls), target.method, deployment.layout.url(body) + target.path, content=b"")
    log_size(deployment, body)
    before = rows(deployment, body)
    for target in TARGETS[body]:
        caller, url = target.who(calls), deployment.layout.url(body) + target.path
        content = json.dumps(target.example).encode()
        for kind in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/octet-stream",
            "application/jsonx",
            None,
        ):
            answer = calls.send(caller, target.method, url, content=content, media_type=kind)
            told = assert_problem(answer, where=f"{target} as {kind}")
            assert (answer.status_code, told["code"]) == (415, "media_type")
    assert rows(deployment, body) == before


@pytest.mark.parametrize("body", TOLD)
def test_oversized_messages_are_refused_however_they_come(
    deployment: Scene, calls: Callers, body: Body
) -> None:
    """LD10: 10 MB and a byte, with a length and in chunks; the limit itself is not too much."""
    before = rows(deployment, body)
    target = TARGETS[body][-1]
    caller, url = target.who(calls), deployment.layout.url(body) + target.path
    padded = b" " * LIMIT + b"{"

    def chunks() -> Iterator[bytes]:
        yield from (padded[start : start + 65_536] for start in range(0, len(padded), 65_536))

    for content in (padded, chunks()):
        answer = calls.send(caller, target.method, url, content=content)
        assert (answer.status_code, assert_problem(answer, where=str(target))["code"]) == (
            413,
            "body_too_large",
        )
    allowed = calls.send(caller, target.method, url, content=padded[1:])
    assert assert_problem(allowed, where=str(target))["code"] == "malformed_request"
    assert rows(deployment, body) == before


def test_the_limit_is_a_setting(deployment: Scene, calls: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    """`max_body_bytes`, here of the anonymiser."""
    target = TARGETS[Body.RESEARCH][0]
    caller, url = target.who(calls), deployment.layout.url(Body.RESEARCH) + target.path
    with monkeypatch.context() as changed:
        changed.setenv("SEKISHO_RESEARCH_MAX_BODY_BYTES", "2000")
        deployment.processes.kill(Body.RESEARCH)
        deployment.processes.start([Body.RESEARCH])
    try:
        for size, expected in ((2000, 400), (2001, 413)):
            answer = calls.send(caller, "POST", url, content=b" " * (size - 1) + b"{")
            assert answer.status_code == expected
    finally:
        deployment.processes.kill(Body.RESEARCH)
        deployment.processes.start([Body.RESEARCH])


LIES = {
    "far more than a body takes": (b"content-length: 999999999999\r\n", b"{}", 413),
    "no number": (b"content-length: two\r\n", b"{}", 400),
    "less than nothing": (b"content-length: -2\r\n", b"{}", 400),
    "two lengths": (b"content-length: 2\r\ncontent-length: 3\r\n", b"{} ", 400),
    "a length and chunks": (b"content-length: 2\r\ntransfer-encoding: chunked\r\n", b"0\r\n\r\n", 400),
    "chunks of no length": (b"transfer-encoding: chunked\r\n", b"zz\r\n{}\r\n0\r\n\r\n", 400),
    "a coding that is none": (b"transfer-encoding: gzip\r\n", b"{}", 400),
    "an endless head": (b"x-filler: " + b"a" * 100_000 + b"\r\ncontent-length: 2\r\n", b"{}", 400),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("body", [Body.IDENTITY, Body.PORTAL])
def test_lies_about_the_length_get_a_problem(deployment: Scene, calls: Callers, body: Body, lie: str) -> None:
    """The message itself would be taken: it is the frame that lies."""
    fields, content, status = LIES[lie]
    before = rows(deployment, body)
    caller = calls.organisation("municipality")
    path = "/persons" if body is Body.IDENTITY else "/relay/identity/cards/unlock"
    url = deployment.layout.url(body) + path
    credentials = caller.headers("POST", url) if body is Body.IDENTITY else {}
    with raw_connection(caller, deployment.layout, body) as connection:
        connection.sendall(_head(path, credentials) + fields + b"\r\n" + content)
        got, kind, text = read_answer(connection)
    assert (got, kind) == (status, "application/problem+json")
    check_problem(text.decode(), status, where=lie)
    assert rows(deployment, body) == before


def test_half_a_message_has_no_effect(deployment: Scene, calls: Callers) -> None:
    """Who leaves before saying all that was announced said nothing, though what came were a message in itself."""
    caller = calls.organisation("municipality")
    url = deployment.layout.url(Body.IDENTITY) + "/persons"
    before = rows(deployment, Body.IDENTITY)
    for fields, content in (
        (b"content-length: 100\r\n", b"{}"),
        (b"transfer-encoding: chunked\r\n", b"2\r\n{}\r\n"),
    ):
        with raw_connection(caller, deployment.layout, Body.IDENTITY) as connection:
            connection.sendall(_head("/persons", caller.headers("POST", url)) + fields + b"\r\n" + content)
    # a whole message on another connection is answered after the halves were dropped
    for _ in range(3):
        assert calls.send(caller, "POST", url, content=b"{").status_code == 400
    assert rows(deployment, Body.IDENTITY) == before


def _head(path: str, fields: dict[str, str]) -> bytes:
    told = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {path} HTTP/1.1\r\nhost: sekisho\r\ncontent-type: {JSON}\r\n{told}".encode()


@pytest.mark.parametrize("body", list(Body))
def test_other_methods_and_addresses_are_refused(deployment: Scene, calls: Callers, body: Body) -> None:
    """HEAD and OPTIONS of a closed route name the allowed methods; unknown addresses are not found."""
    caller = calls.organisation("hospital-a")
    url = deployment.layout.url(body)
    portal = body is Body.PORTAL
    for method in ("HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE"):
        answer = calls.send(caller, method, f"{url}/log/checkpoint")
        assert answer.status_code == (401 if portal else 405)
        assert portal or answer.headers["allow"] == "GET"
        if method != "HEAD":
            assert_problem(answer, where=f"{method} {body.value}")
    for path in ("/nothing", "/persons/1/2/3", "/log/leaves/extra", "/.env", "/admin", f"/{'a' * 5000}"):
        answer = calls.send(caller, "GET", url + path)
        assert answer.status_code in ({401, 400} if portal else {404, 400}), path
        assert_problem(answer, where=f"{body.value}{path}")


@pytest.mark.parametrize(
    "query",
    [
        "start=-1",
        "start=abc",
        "start=1.5",
        "start=",
        "start=NaN",
        "start=99999999999999999999",
        "start=9223372036854775808",
        "start=\u0661",
        "count=0",
        "count=1001",
        "start=0&start=1",
    ],
)
def test_wrong_query_parameters_are_refused(deployment: Scene, calls: Callers, query: str) -> None:
    """Numbers that are none, out of range, or named twice."""
    for body in TOLD:
        url = f"{deployment.layout.url(body)}/log/leaves?{query}"
        answer = calls.send(calls.organisation("hospital-a"), "GET", url)
        assert answer.status_code == 400, f"{body.value}: {answer.text[:200]}"
        assert_problem(answer, where=f"{body.value}: {query}")


def test_an_unexpected_error_leaves_no_value_and_no_trace(deployment: Scene, calls: Callers) -> None:
    """OL4: a table is gone under the running centre: a plain 500, and a log line that names the kind of error only."""
    caller = calls.organisation("maker")
    url = deployment.layout.url(Body.PRODUCT_SAFETY) + "/gtins"
    content = json.dumps({"gtin": "40063813339310"[:13], "name": PLANTED}).encode()
    log = deployment.processes.log_file(Body.PRODUCT_SAFETY)
    start = log.stat().st_size
    file = deployment.layout.body(Body.PRODUCT_SAFETY) / "database.sqlite"
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        connection.execute("ALTER TABLE trade_item RENAME TO gone")
        connection.commit()
        try:
            answer = calls.send(caller, "POST", url, content=content)
        finally:
            connection.execute("ALTER TABLE gone RENAME TO trade_item")
            connection.commit()
    assert answer.status_code == 500
    assert check_problem(answer.text, 500, where="POST /gtins", never=(PLANTED,))["code"] == "internal_error"
    written = log.read_text()[start:]
    assert "OperationalError" in written
    for never in ("Traceback", "4006381333931", PLANTED, "SELECT", "parameters"):
        assert never not in written
    assert calls.send(caller, "POST", url, content=content).status_code == 200
