"""How what happens to cards is told in the holder's history."""

from pydantic import JsonValue

from services.contracts.identity.messages import Application
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import Event, EventKind, Outcome


def at_counter(
    kind: EventKind,
    caller: OperatorCaller,
    *,
    outcome: Outcome = Outcome.DONE,
    reason: str | None = None,
    detail: dict[str, JsonValue] | None = None,
) -> Event:
    """Return the event of what an operator did, or was refused."""
    return Event(
        kind=kind,
        outcome=outcome,
        organisation=caller.organisation,
        operator=caller.operator,
        terminal=caller.terminal,
        reason=reason,
        detail=detail,
    )


def at_home(
    kind: EventKind, outcome: Outcome, *, application: Application, reason: str | None = None
) -> Event:
    """Return the event of what somebody with the card file did, or was refused."""
    return Event(kind=kind, outcome=outcome, reason=reason, detail={"application": application.value})
