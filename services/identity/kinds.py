"""What the ID centre does under dual control; docs/dual-control.md says how a kind is made."""

from services.identity.centre import IdentityCentre
from services.kit.dual_control.kinds import AnyKind


def identity_kinds(_centre: IdentityCentre) -> list[AnyKind]:
    """Return everything that two supervisors do together here."""
    return []
