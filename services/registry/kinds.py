"""What the registry does under dual control; docs/dual-control.md says how a kind is made."""

from services.kit.dual_control.kinds import AnyKind
from services.registry.centre import Registry


def registry_kinds(_registry: Registry) -> list[AnyKind]:
    """Return everything that two supervisors do together here."""
    return []
