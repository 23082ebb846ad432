"""Events of what operators do: who it was, for whom, where and as what is said in one way."""

from typing import TypedDict, Unpack

from pydantic import JsonValue

from services.kit.credentials.callers import OperatorCaller
from services.kit.events import Event, EventKind, Outcome


class Said(TypedDict, total=False):
    """What an event says beside who did what, and how it ended; see `Event`."""

    purpose: str | None
    categories: tuple[str, ...]
    years: tuple[int, int] | None
    count: int | None
    reason: str | None
    ground: str | None
    detail: dict[str, JsonValue] | None


def by_operator(caller: OperatorCaller, kind: EventKind, *, outcome: Outcome, **said: Unpack[Said]) -> Event:
    """Return the event of something that an operator did, or was refused."""
    return Event(
        kind=kind,
        outcome=outcome,
        organisation=caller.organisation,
        operator=caller.operator,
        roles=caller.roles,
        terminal=caller.terminal,
        **said,
    )
