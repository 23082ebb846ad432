"""The life of a directive at one body: one table, one step function, one diagram."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from consent.errors import TransitionError


class DirectiveState(StrEnum):
    """Where a body's copy of a directive stands."""

    RECEIVED = "received"
    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    LAPSED = "lapsed"


# A lapsed directive is over because who laid it down may not any more, or because its person died.
# An expired directive may still be withdrawn, because the person may ask for the deletion receipt.
TRANSITIONS: Final[Mapping[DirectiveState, frozenset[DirectiveState]]] = {
    DirectiveState.RECEIVED: frozenset(
        {DirectiveState.ACTIVE, DirectiveState.WITHDRAWN, DirectiveState.EXPIRED}
    ),
    DirectiveState.ACTIVE: frozenset(
        {DirectiveState.WITHDRAWN, DirectiveState.EXPIRED, DirectiveState.LAPSED}
    ),
    DirectiveState.EXPIRED: frozenset({DirectiveState.WITHDRAWN}),
    DirectiveState.LAPSED: frozenset({DirectiveState.WITHDRAWN}),
    DirectiveState.WITHDRAWN: frozenset(),
}


def advance(state: DirectiveState, to: DirectiveState) -> DirectiveState:
    """Take one step of the table.

    Raises: TransitionError if the table has no such step.
    """
    if to not in TRANSITIONS[state]:
        raise TransitionError(f"A directive that is {state} cannot become {to}; issue a new directive.")
    return to


def diagram() -> str:
    """Draw the table as Mermaid text, for the documentation."""
    steps = [f"    {state} --> {to}" for state, targets in TRANSITIONS.items() for to in sorted(targets)]
    ends = [f"    {state} --> [*]" for state, targets in TRANSITIONS.items() if not targets]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {DirectiveState.RECEIVED}", *steps, *ends, ""])
