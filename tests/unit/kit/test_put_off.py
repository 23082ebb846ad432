"""What a request uses up and what it does for it are one transaction: both, or neither, and once."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from contextvars import copy_context
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy import Column, Connection, MetaData, Table, Text, event, func, select
from starlette.responses import Response
from starlette.testclient import TestClient
from support.database import DATABASES, tables_made

from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.vocabulary import Body
from services.kit import put_off
from services.kit.access import operator
from services.kit.credentials.authentication import Credentials
from services.kit.credentials.callers import Caller, OperatorCaller
from services.kit.database import Database
from services.kit.encoding import Message
from services.kit.gate import Gate
from services.kit.held_response import HeldResponse
from services.kit.problems import ConflictError, ReplayError, install_problems, told
from services.kit.put_off import effect_first
from services.kit.replay import ReplayCache, replay_table
from services.kit.straight import straight_routes

URL = "https://body.test"
METADATA = MetaData()
REPLAYS = ReplayCache(replay_table(METADATA))
DONE = Table("done", METADATA, Column("what", Text))
CALLER = OperatorCaller(OrganisationId("o"), OperatorId("p"), TerminalId("t"), frozenset())
Operator = Annotated[OperatorCaller, Depends(operator())]


class Question(Message):
    """What is to be done."""

    what: str


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with tables_made(request.param, tmp_path, METADATA) as made:
        yield made


def use(proof: str) -> Callable[[Connection], None]:
    def write(conn: Connection) -> None:
        REPLAYS.use(conn, kind="proof", value=proof, expires=10, now=1)

    return write


def used(database: Database) -> int:
    with database.read() as conn:
        return int(conn.execute(select(func.count()).select_from(REPLAYS._table)).scalar_one())


def done(database: Database) -> list[str]:
    with database.read() as conn:
        return list(conn.execute(select(DONE.c.what)).scalars())


def do(database: Database, what: str) -> None:
    with database.write() as conn:
        conn.execute(DONE.insert().values(what=what))


def in_request(work: Callable[[], None]) -> None:
    """Do something as a request does that may put writes off; the next one knows nothing of it."""

    def run() -> None:
        put_off.begin()
        work()

    copy_context().run(run)


def test_without_a_request_that_may_it_is_written_at_once(database: Database) -> None:
    database.with_effect(use("one"))
    assert used(database) == 1
    with pytest.raises(ReplayError):
        database.with_effect(use("one"))


def test_effect_and_what_it_uses_up_are_one_commit(database: Database) -> None:
    commits: list[Connection] = []

    def count(conn: Connection) -> None:
        commits.append(conn)

    def work() -> None:
        database.with_effect(use("one"))
        assert used(database) == 0
        event.listen(database.engine, "commit", count)
        do(database, "this")
        event.remove(database.engine, "commit", count)
        do(database, "that")
        put_off.settle()

    in_request(work)
    assert (used(database), done(database), len(commits)) == (1, ["this", "that"], 1)


def test_second_time_undoes_the_effect(database: Database) -> None:
    def work() -> None:
        database.with_effect(use("one"))
        do(database, "this")

    in_request(work)
    with pytest.raises(ReplayError):
        in_request(work)
    assert (used(database), done(database)) == (1, ["this"])


def test_what_was_rolled_back_is_owed_again(database: Database) -> None:
    def work() -> None:
        database.with_effect(use("one"))
        with pytest.raises(ConflictError):
            broken_off(database.write())
        assert used(database) == 0
        do(database, "the refusal")

    in_request(work)
    assert (used(database), done(database)) == (1, ["the refusal"])


def test_who_writes_nothing_settles(database: Database) -> None:
    def work() -> None:
        database.with_effect(use("one"))
        put_off.settle()
        put_off.settle()

    in_request(work)
    with pytest.raises(ReplayError):
        in_request(work)
    assert used(database) == 1


def broken_off(opened: AbstractContextManager[Connection]) -> None:
    """Do something in a transaction that fails in the end."""
    with opened as conn:
        conn.execute(DONE.insert().values(what="nothing"))
        raise ConflictError("it is not to be")


def test_light_write_is_there_for_everybody(database: Database) -> None:
    with database.write_lightly() as conn:
        conn.execute(DONE.insert().values(what="this"))
    with pytest.raises(ConflictError):
        broken_off(database.write_lightly())
    assert done(database) == ["this"]


def client(database: Database) -> TestClient:
    """A body that uses a proof up, with routes that write, refuse, fail, only answer, or hold while they answer."""
    routes = APIRouter()

    def work(what: str) -> str:
        if what == "refuse":
            do(database, "refusal")
        if what in {"refuse", "fail"}:
            raise ConflictError(what)
        if what != "answer":
            do(database, what)
        return what

    @routes.post("/first")
    @effect_first
    def first(_caller: Operator, message: Question) -> str:
        return work(message.what)

    @routes.post("/held")
    @effect_first
    def held(_caller: Operator, message: Question) -> Response:
        return HeldResponse(work(message.what).encode(), hold=database.holding())

    @routes.post("/later")
    def later(_caller: Operator, message: Question) -> str:
        assert used(database) == 1, "a route of which nothing was said finds its proof used up"
        return work(message.what)

    app = FastAPI()
    app.state.context = SimpleNamespace(body=Body.MEDICAL)
    app.include_router(routes)
    install_problems(app, {})

    def authenticate(credentials: Credentials) -> Caller:
        database.with_effect(use(str(credentials.authorization)))
        return CALLER

    app.add_middleware(
        Gate,
        authenticate=authenticate,
        public_url=URL,
        open_paths=frozenset(),
        max_body=400,
        nonce=lambda: "n",
        straight=straight_routes(app, frozenset()),
        told=told(app),
    )
    return TestClient(app, base_url=URL)


@pytest.mark.parametrize("path", ["/first", "/held", "/later"])
@pytest.mark.parametrize(
    ("content", "status", "effect"),
    [
        (b'{"what": "this"}', 200, ["this"]),
        (b'{"what": "answer"}', 200, []),
        (b'{"what": "refuse"}', 409, ["refusal"]),
        (b'{"what": "fail"}', 409, []),
        (b'{"what": 7}', 400, []),
        (b'{"what"', 400, []),
    ],
    ids=["written", "answered", "refused", "failed", "of another form", "no JSON"],
)
def test_proof_is_used_up_whatever_becomes_of_the_request(
    database: Database, path: str, content: bytes, status: int, effect: list[str]
) -> None:
    """OT2: and the same request again has no effect, and no answer."""
    at = client(database)
    headers = {"authorization": "one", "content-type": "application/json"}
    assert at.post(path, content=content, headers=headers).status_code == status
    again = at.post(path, content=content, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "replayed")
    assert (used(database), done(database)) == (1, effect)
