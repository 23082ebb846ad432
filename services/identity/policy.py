"""Pure rules of the ID centre: who may have a person named to whom, and which cards may change how."""

from collections.abc import Iterable, Mapping
from typing import Final

from consent.vocabulary import Body
from services.contracts.identity.messages import CardChange, CardState
from services.contracts.oversight.register import Role
from services.identity.errors import CardTransitionError
from services.identity.model import STATE_AFTER, TRANSITIONS

BODIES_OF_ROLE: Final[Mapping[Role, frozenset[Body]]] = {
    Role.REGISTRAR: frozenset({Body.REGISTRY}),
    Role.WRITER: frozenset({Body.MEDICAL}),
    Role.READER: frozenset({Body.MEDICAL, Body.OVERSIGHT, Body.IDENTITY}),
    Role.SELLER: frozenset({Body.PRODUCT_SAFETY}),
    Role.RECALLER: frozenset(),
    Role.CONFIRMER: frozenset({Body.REGISTRY}),
    Role.ANONYMISER: frozenset(),
    Role.RESEARCHER: frozenset(),
    Role.ACCREDITOR: frozenset(),
    Role.AUDITOR: frozenset(),
    Role.INQUIRER: frozenset(),
    Role.SUPERVISOR: frozenset(),
}
"""To which bodies an operator of each role may have a person named (J4)."""


def may_name_to(roles: Iterable[str], bodies: Iterable[Body]) -> bool:
    """Tell whether an operator of these roles may have a person named to all of these bodies."""
    allowed = frozenset[Body]().union(*(BODIES_OF_ROLE[Role(role)] for role in roles))
    return allowed.issuperset(bodies)


def may_look_up_numbers(roles: Iterable[str]) -> bool:
    """Tell whether an operator of these roles may have people named to the registry by their numbers (J1)."""
    return Role.INQUIRER in roles


def next_state(state: CardState, change: CardChange) -> CardState:
    """Return a card's state after a change. Raises: CardTransitionError."""
    if change not in TRANSITIONS[state]:
        raise CardTransitionError(f"a card that is {state.value} cannot {change.value}")
    return STATE_AFTER[change]
