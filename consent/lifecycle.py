"""The life of a directive at one body: one table, one step function, one diagram."""

from collections.abc import Mapping
from datetime import datetime
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


class Step(StrEnum):
    """What takes a directive from one state to the next."""

    TAKEN_IN = "taken in"
    WITHDRAWAL = "withdrawal"
    ROLL_OVER = "roll-over"
    END = "end reached"
    LAPSE = "lapse"


# An expired or lapsed directive may still be withdrawn, because the person may ask for the deletion receipt.
TRANSITIONS: Final[Mapping[DirectiveState, Mapping[DirectiveState, tuple[Step, ...]]]] = {
    DirectiveState.RECEIVED: {DirectiveState.ACTIVE: (Step.TAKEN_IN,)},
    DirectiveState.ACTIVE: {
        DirectiveState.WITHDRAWN: (Step.WITHDRAWAL, Step.ROLL_OVER),
        DirectiveState.EXPIRED: (Step.END,),
        DirectiveState.LAPSED: (Step.LAPSE,),
    },
    DirectiveState.EXPIRED: {DirectiveState.WITHDRAWN: (Step.WITHDRAWAL,)},
    DirectiveState.LAPSED: {DirectiveState.WITHDRAWN: (Step.WITHDRAWAL,)},
    DirectiveState.WITHDRAWN: {},
}

MEANINGS: Final[Mapping[Step, str]] = {
    Step.TAKEN_IN: "signature, terms, recipient and fragments were looked at, and the log has it (P4 to P6)",
    Step.WITHDRAWAL: "the person's signed order; the fragments are deleted, the body signs that they are (W1 to W3)",
    Step.ROLL_OVER: "keys were rolled: the same terms are laid down anew, and this copy is withdrawn (W4)",
    Step.END: "its last moment is past; nobody has to do anything, and nothing is released from then on",
    Step.LAPSE: "who laid it down may not any more, or the person died ([guardians](guardians.md))",
}
"""What each step is, for the documentation; in brackets the steps of the protocol."""


def advance(state: DirectiveState, to: DirectiveState) -> DirectiveState:
    """Take one step of the table.

    Raises: TransitionError if the table has no such step.
    """
    if to not in TRANSITIONS[state]:
        raise TransitionError(f"A directive that is {state} cannot become {to}; issue a new directive.")
    return to


def state_at(state: DirectiveState, *, valid_until: datetime, now: datetime) -> DirectiveState:
    """Return where a stored directive stands now: a row that is in force does not change when its end is reached."""
    over = state is DirectiveState.ACTIVE and valid_until <= now
    return advance(state, DirectiveState.EXPIRED) if over else state


def diagram() -> str:
    """Draw the table as Mermaid text, for the documentation."""
    steps = [
        f"    {state} --> {to}: {', '.join(why)}"
        for state, targets in TRANSITIONS.items()
        for to, why in sorted(targets.items())
    ]
    ends = [f"    {state} --> [*]" for state, targets in TRANSITIONS.items() if not targets]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {DirectiveState.RECEIVED}", *steps, *ends, ""])
