"""Whether a table may leave, given all that the ledger remembers; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from anonymize.joint import Exposure, Holding, join, population, too_small
from anonymize.joint_values import JointValues, too_uniform
from anonymize.ledger_policy import LedgerPolicy
from anonymize.ledger_store import Book, EntryKind, LedgerEntry

PUBLIC: Final = "public"
EXHAUSTED: Final = "this recipient's refusals are used up, and it is not what the recipient holds, or coarser"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a table does not leave.

    `reason` and `releases` may be told to the recipient. `smallest`, `persons` and `involved` (releases that
    already fail in a pair with the table, of whomever) are for the ledger's operator only. `entry` is its
    number in the ledger, None when it was not charged because nothing was looked at.
    """

    recipient: str
    reason: str
    releases: tuple[int, ...] = ()
    smallest: int | None = None
    persons: int | None = None
    involved: tuple[int, ...] = ()
    entry: int | None = None


def expose(holdings: Sequence[Holding], *, rule: JointValues = JointValues.DIVERSE) -> Exposure | None:
    """Say why the releases may not be held together, or None if they may."""
    joint = join(holdings)
    return too_small(joint) or too_uniform(holdings, joint, rule=rule)


@dataclass(frozen=True, slots=True)
class Decision:
    """One table that is asked for, beside what the ledger remembers. No method changes anything."""

    book: Book
    policy: LedgerPolicy
    recipient: str

    @property
    def held(self) -> list[LedgerEntry]:
        """The releases that the recipient can hold, oldest first."""
        return [each for each in self._releases if each.recipient in (self.recipient, PUBLIC)]

    @property
    def refusals_left(self) -> int:
        """How many refusals the recipient has left."""
        return self.policy.refusals - len(self.book.of(EntryKind.REFUSAL, recipient=self.recipient))

    def beside(self, new: Holding) -> list[list[Holding]]:
        """The table with each set of earlier releases that one recipient can hold together with it."""
        held = [
            [self.book.holding(each) for each in self._releases if each.recipient in (owner, PUBLIC)]
            for owner in self._owners()
        ]
        return [[new, *each] for each in held]

    def pooled(self, new: Holding) -> list[Holding] | None:
        """The releases of all recipients and the table, under the policy's thresholds; None without any."""
        policy = self.policy
        if not self._pools:
            return None
        return [
            replace(held, k=policy.k_union, diversity=dict.fromkeys(held.diversity, policy.l_union))
            for held in (new, *map(self.book.holding, self._releases))
        ]

    def refusal(self, new: Holding) -> Refusal | None:
        """Say why the table may not leave, or None if it may.

        1. With no refusals left, only what its form says to follow from a held table leaves (RI5): if the data
           have not changed since, the answer depends on the forms alone.
        2. The table by itself, then with all that its recipient can hold (RI1, RI2, RI4). A table for
           everybody is checked with what each recipient holds.
        3. With the releases of all recipients, under the policy's thresholds (RI3).
        """
        numbers = tuple(each.id for each in self.held)
        if self.refusals_left <= 0 and self._looked_at:
            known = any(_follows(new, self.book.holding(each)) for each in self.held)
            return None if known else Refusal(self.recipient, EXHAUSTED)
        if alone := expose([new], rule=self.policy.values):
            return self._refused(alone, ())
        for owner in self._owners():
            beside = [each for each in self._releases if each.recipient in (owner, PUBLIC)]
            if found := self._beside(new, beside):
                return self._refused(found, numbers, self._involved(new, beside))
        if found := self._beside_all(new):
            reason = f"with what other recipients hold, {found.reason}"
            return self._refused(replace(found, reason=reason), (), self._involved(new, self._releases))
        return None

    @property
    def _releases(self) -> list[LedgerEntry]:
        return self.book.of(EntryKind.RELEASE)

    @property
    def _looked_at(self) -> list[LedgerEntry]:
        return self._releases if self._pools or self.recipient == PUBLIC else self.held

    @property
    def _pools(self) -> bool:
        return self.policy.k_union > 1 or self.policy.l_union > 1

    def _owners(self) -> list[str]:
        others = {each.recipient for each in self._releases} - {PUBLIC}
        return [PUBLIC, *sorted(others)] if self.recipient == PUBLIC else [self.recipient]

    def _beside(self, new: Holding, entries: Sequence[LedgerEntry]) -> Exposure | None:
        return expose([new, *map(self.book.holding, entries)], rule=self.policy.values)

    def _beside_all(self, new: Holding) -> Exposure | None:
        pooled = self.pooled(new)
        return None if pooled is None else expose(pooled)

    def _involved(self, new: Holding, entries: Sequence[LedgerEntry]) -> tuple[int, ...]:
        pairs = tuple(each.id for each in entries if self._beside(new, [each]))
        return pairs or tuple(each.id for each in entries)

    def _refused(self, found: Exposure, releases: tuple[int, ...], involved: tuple[int, ...] = ()) -> Refusal:
        return Refusal(
            self.recipient,
            found.reason,
            releases,
            smallest=found.smallest,
            persons=found.persons,
            involved=involved,
        )


def _follows(new: Holding, held: Holding) -> bool:
    asked = new.form is not None and held.form is not None and new.form.unites(held.form)
    return asked and tells_nothing_new(new, held)


def tells_nothing_new(new: Holding, held: Holding) -> bool:
    """Whether the new table can be computed from the held one: the same persons, classes united, no new value.

    It also has to promise no more, as nothing else is checked then.
    """
    if len(new.persons) != len(held.persons) or new.k > held.k:
        return False
    place = np.full(population([new, held]), -1, dtype=np.int64)
    place[held.persons] = np.arange(len(held.persons))
    at = place[new.persons]
    if (at < 0).any() or any(least > held.diversity.get(name, 0) for name, least in new.diversity.items()):
        return False
    united = np.full(int(held.classes.max()) + 1, -1, dtype=np.int64)
    united[held.classes[at]] = new.classes
    if (united[held.classes[at]] != new.classes).any():
        return False
    return all(
        name in held.shown and (shown.of_person == held.shown[name].of_person[at]).all()
        for name, shown in new.shown.items()
    )
