"""Pure rules of the registry: what differs, and who may ask whether it does."""

from collections.abc import Iterable, Mapping

from consent.vocabulary import BasicItem, Body
from services.contracts.oversight.register import Kind
from services.contracts.registry.look_ups import LookUpRefusal
from services.kit.permissions import policies
from services.registry.model import Difference, Resident, normalise
from services.registry.tasks import Task


def may_confirm(roles: Iterable[str]) -> bool:
    """Tell whether an operator of these roles may ask at all."""
    return policies().permits(roles, "confirm-items", Body.REGISTRY)


def look_up_refusal(
    roles: Iterable[str], kind: Kind | None, task: str, *, listed: Mapping[str, Task]
) -> LookUpRefusal | None:
    """Return why an operator of these roles, in this kind of organisation, may not look people up for a task."""
    if not policies().permits(roles, "look-up-residents", Body.REGISTRY):
        return LookUpRefusal.ROLE_MISSING
    found = listed.get(task)
    return None if found is not None and kind in found.recipients else LookUpRefusal.TASK_NOT_LISTED


def compare(resident: Resident, believed: Mapping[BasicItem, str]) -> list[Difference]:
    """Compare what somebody believes with what is registered, item by item and no other item."""
    return [
        Difference(item, None if normalise(value) == resident.items[item] else resident.items[item])
        for item, value in sorted(believed.items())
    ]
