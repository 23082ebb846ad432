"""What somebody who tries names can observe: the answer, the work behind it, what the logs say of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

import httpx
from support.operation_counts import counted

from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.kit.context import BodyContext
from services.kit.http import RemoteProblemError

Scene = TypeVar("Scene")
Told = httpx.Response | None
"""The answer; None from who looks at the answer alone."""


class Work(Enum):
    """How far the work for a name that somebody has is that for a name that nobody has."""

    ALIKE = "alike"
    TOLD = "alike, but for the entry that tells whose it is that somebody tried"


@dataclass(frozen=True)
class Names:
    """One name that exists and is not the asker's, and one that nobody has."""

    foreign: str
    nobodys: str


@dataclass(frozen=True)
class Trial(Generic[Scene]):
    """One route with one of the names that it takes; `send` asks as somebody whose name it is not."""

    body: Body
    route: str
    name: str
    names: Callable[[Scene], Names]
    send: Callable[[Scene, str], Told]
    work: Work = Work.ALIKE

    def __str__(self) -> str:
        return f"{self.body.value} {self.route} {self.name}"


@dataclass(frozen=True)
class Observed:
    """What one try comes to. `entries` are kind, outcome and reason of what was logged, `whose` whose each is."""

    status: int
    content: str
    entries: list[tuple[object, ...]]
    whose: list[Pseudonym | None]
    statements: list[str] = field(repr=False)
    verified: int
    opened: int


def observe(trial: Trial[Scene], scene: Scene, name: str, *, contexts: Sequence[BodyContext]) -> Observed:
    """Try a name once. The name itself is left out of what is compared: an answer may repeat it."""
    before = [_size(each) for each in contexts]
    with counted() as operations:
        status, content = _ask(trial, scene, name)
    entries = [
        entry
        for context, size in zip(contexts, before, strict=True)
        for entry in _entries(context, range(size, _size(context)))
    ]
    return Observed(
        status,
        content.replace(name, "NAME"),
        [entry for _whose, entry in entries],
        [whose for whose, _entry in entries],
        operations.statements,
        verified=operations.verified,
        opened=operations.opened,
    )


def _ask(trial: Trial[Scene], scene: Scene, name: str) -> tuple[int, str]:
    try:
        answer = trial.send(scene, name)
    except RemoteProblemError as problem:
        return problem.status, str(sorted(problem.members.items()))
    assert answer is not None
    return answer.status_code, answer.text


def _size(context: BodyContext) -> int:
    with context.database.read() as conn:
        return context.journal.tree.size(conn)


def _entries(context: BodyContext, positions: range) -> list[tuple[Pseudonym | None, tuple[object, ...]]]:
    with context.database.read() as conn:
        told = context.journal.told(conn, positions) if positions else []
    events = [(whose, each.event) for whose, each in told]
    return [(whose, (each["kind"], each["outcome"], each.get("reason"))) for whose, each in events]
