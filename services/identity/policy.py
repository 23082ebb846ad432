"""Pure rules of the ID centre: who may have a person named to whom, and which cards may change how."""

from collections.abc import Iterable

from consent.vocabulary import Body
from services.contracts.identity.messages import CardChange, CardState
from services.identity.errors import CardTransitionError
from services.identity.model import STATE_AFTER, TRANSITIONS
from services.kit.permissions import policies


def may_name_to(roles: Iterable[str], bodies: Iterable[Body]) -> bool:
    """Tell whether an operator of these roles may have a person named to all of these bodies."""
    known = list(roles)
    return all(policies().permits(known, "name-person-to", body) for body in bodies)


def may_look_up_numbers(roles: Iterable[str]) -> bool:
    """Tell whether an operator of these roles may have people named to the registry by their numbers (J1)."""
    return policies().permits(roles, "look-up-number", Body.IDENTITY)


def next_state(state: CardState, change: CardChange) -> CardState:
    """Return a card's state after a change. Raises: CardTransitionError."""
    if change not in TRANSITIONS[state]:
        raise CardTransitionError(f"a card that is {state.value} cannot {change.value}")
    return STATE_AFTER[change]
