"""What a ledger asks of every release, besides what the release itself promises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from anonymize.errors import LedgerError
from anonymize.joint_values import JointValues

EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class LedgerPolicy:
    """The ledger's own settings; they hold for each release from now on, not for earlier ones.

    `k_union` persons, and `l_union` values of each column with an l-model, must remain in every joint class
    over the releases of all recipients together; 1 switches that check off (attack RI3).
    `refusals` is how many refusals that depended on data a recipient gets; from then on it may only have
    again, or coarser, what it holds, and anything else is refused unseen (attack RI5). With 0 no decision
    depends on anything but earlier releases.
    `levels` has the combinations of levels that were registered beforehand, per recipient, under EVERYBODY
    ("*") for the others; a release on other levels is refused. Without any, all levels are allowed
    (attack RI8).
    Raises: LedgerError for numbers that make no sense.
    """

    k_union: int = 2
    l_union: int = 1
    refusals: int = 10
    values: JointValues = JointValues.DIVERSE
    levels: Mapping[str, Sequence[Mapping[str, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value, least in (
            ("k_union", self.k_union, 1),
            ("l_union", self.l_union, 1),
            ("refusals", self.refusals, 0),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise LedgerError(f"{name} must be a whole number of at least {least}; correct the policy.")

    def check_levels(self, levels: Mapping[str, int], *, recipient: str) -> None:
        """Raises: LedgerError unless these levels were registered for the recipient, if any were."""
        if not self.levels:
            return
        listed = self.levels.get(recipient, self.levels.get(EVERYBODY, ()))
        if dict(levels) not in [dict(each) for each in listed]:
            raise LedgerError(
                "The table's levels are not among those registered for this recipient; anonymise with levels="
                " from the policy's list."
            )
