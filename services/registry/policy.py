"""Pure rules of the registry: what differs, and who may ask whether it does."""

from collections.abc import Iterable, Mapping

from consent.vocabulary import BasicItem
from services.contracts.oversight.register import Role
from services.registry.model import Difference, Resident, normalise


def may_confirm(roles: Iterable[str]) -> bool:
    """Tell whether an operator of these roles may ask at all."""
    return Role.CONFIRMER in roles


def compare(resident: Resident, believed: Mapping[BasicItem, str]) -> list[Difference]:
    """Compare what somebody believes with what is registered, item by item and no other item."""
    return [
        Difference(item, None if normalise(value) == resident.items[item] else resident.items[item])
        for item, value in sorted(believed.items())
    ]
