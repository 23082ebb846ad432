"""The best table that is safe together with what was released, instead of a refusal of one that is not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from anonymize.asked import Asked
from anonymize.classes import Classes, Mask
from anonymize.coding import CodedTable, Recoding, code_table, secret_of
from anonymize.counting import Cut
from anonymize.errors import LedgerError, NoSolutionError
from anonymize.evaluation import Evaluation, Evaluator
from anonymize.grain import Grain
from anonymize.joint import Holding, Shown
from anonymize.joint_model import ATOM, Beside, JointCheck, JointModel, atoms_of
from anonymize.ledger_connected import Prospect
from anonymize.ledger_decision import Decision, expose
from anonymize.models import KAnonymity
from anonymize.releases import promised_diversity, require_row_each
from anonymize.schema import Schema
from anonymize.search import Optimum


class Ledger(Protocol):
    """What a search needs of a ledger."""

    def prospect(self, recipient: str, persons: Sequence[str | int]) -> Prospect:
        """What a table for this recipient with these persons would be judged by now."""


class JointEvaluator(Evaluator):
    """An evaluator that completes the suppressed block jointly: as many further classes as it takes.

    The failing classes must be suppressed, and their block must pass as a class of its own. Where no single
    class completes it, classes are added one by one, each time the smallest that brings persons of a joint
    class of which the block has too few. What is found passes; that nothing is found is no proof, and `exact`
    tells whether that was ever relied on.
    Rows in pieces that fail (see `joint_model`) stay in such pieces on finer levels, and must be suppressed there
    too: when they exceed the budget, no finer node is usable.
    """

    condemning = True
    exact = True

    def evaluate(self, levels: tuple[int, ...], grain: Grain | None = None) -> Evaluation:
        """As Evaluator.evaluate."""
        classes = (grain or self.finest).classes(levels)
        stuck = max(each.stuck_rows(classes) for each in self.checks if isinstance(each, JointCheck))
        if stuck <= self.budget:
            return super().evaluate(levels, grain)
        nothing = np.zeros(len(classes.sizes), dtype=np.bool_)
        return Evaluation(levels, stuck, np.inf, classes, nothing, nothing, condemns=True)

    def _with_one_more(
        self, levels: tuple[int, ...], grain: Grain, classes: Classes, *, failing: Mask, absorbed: Mask
    ) -> Evaluation:
        one = super()._with_one_more(levels, grain, classes, failing=failing, absorbed=absorbed)
        if not np.isinf(one.loss):
            return one
        self.exact = False
        member = failing.copy()
        while int(classes.sizes[member].sum()) <= self.budget:
            if not self._failing(classes.block(member), self._block_checks).any():
                loss = self.loss.of_cut(Cut(levels, grain, classes, member))
                return Evaluation(levels, one.failing_rows, loss, classes, member, absorbed)
            wanted = self._helpful(classes, member)
            if wanted is None:
                break
            member[wanted] = True
        return one

    def _helpful(self, classes: Classes, member: Mask) -> int | None:
        held = classes.histograms(ATOM)
        shared = np.isin(held.values, held.values[member[held.of]])
        near = np.zeros(len(classes.sizes), dtype=np.bool_)
        near[held.of[shared]] = True
        for candidates in (np.flatnonzero(near & ~member), np.flatnonzero(~member)):
            if len(candidates):
                return int(candidates[np.argmin(classes.sizes[candidates])])
        return None


def describe(optimum: Optimum, evaluator: Evaluator) -> dict[str, object]:
    """How the table was found; of a search that was not exact nothing is known but that no loss is below 0."""
    told = optimum.describe()
    if isinstance(evaluator, JointEvaluator) and not evaluator.exact:
        told |= {"optimal": False, "bound": 0.0, "gap": optimum.best.loss}
    return told


@dataclass(frozen=True, slots=True, eq=False)
class JointRequest:
    """To whom a table is to be released through which ledger, and whose rows it has."""

    ledger: Ledger
    recipient: str
    persons: Sequence[str | int]

    @classmethod
    def of(
        cls, ledger: Ledger | None, recipient: str | None, persons: Sequence[str | int] | None
    ) -> "JointRequest | None":
        """Raises: LedgerError when some are given and others are missing."""
        if ledger is None and recipient is None and persons is None:
            return None
        if ledger is None or recipient is None or persons is None:
            raise LedgerError("A joint search needs all of ledger=, recipient= and persons=.")
        return cls(ledger, recipient, persons)

    def evaluator(self, df: pd.DataFrame, schema: Schema, asked: Asked) -> "JointEvaluator":
        """An evaluator whose nodes pass the ledger's checks too; its suppressed block passes every model.

        Raises: NoSolutionError when not even a single class of everybody passes; LedgerError.
        """
        require_row_each(self.persons, len(df))
        prospect = self.ledger.prospect(self.recipient, self.persons)
        new = _everybody(df, schema, asked=asked, prospect=prospect)
        beside = _beside(prospect.decision, new)
        atoms = atoms_of(beside)
        model = JointModel(self.recipient, len(prospect.decision.held), tuple(beside), atoms)
        table = code_table(df.assign(**{ATOM: atoms}), schema, sensitive=[*asked.sensitive, ATOM])
        joint = replace(asked, models=(*asked.models, model))
        return JointEvaluator(
            table, joint.models, budget=joint.budget(table.row_count), loss=asked.loss, block="enforced"
        )


def without_atoms(found: Recoding, *, joint: CodedTable, table: CodedTable, classes: Classes) -> Recoding:
    """The same recoding of the table whose records do not tell atoms apart."""
    hidden = np.zeros(len(classes.sizes), dtype=np.bool_)
    rows = found.hidden[joint.record_of]
    hidden[classes.of[table.record_of[rows]]] = True
    return Recoding(classes.of, classes.sizes, found.levels, hidden)


def _implies(asked: Sequence[Holding], pooled: Sequence[Holding]) -> bool:
    """Whether the same releases are asked no less by themselves than when all are pooled."""
    return len(asked) == len(pooled) and all(
        one.k >= other.k and all(one.diversity[name] >= least for name, least in other.diversity.items())
        for one, other in zip(asked, pooled, strict=True)
    )


def _everybody(df: pd.DataFrame, schema: Schema, *, asked: Asked, prospect: Prospect) -> Holding:
    """The coarsest table there is: everybody in one class."""
    shown = {}
    for column in schema.sensitive:
        secret = secret_of(df[column], column)
        values = [prospect.tagging.value(column, value) for value in secret.values]
        shown[column] = Shown(secret.codes, np.array(values, dtype=np.int64))
    k = max((model.k for model in asked.models if isinstance(model, KAnonymity)), default=1)
    return Holding(
        k, prospect.persons, np.ones(len(df), dtype=np.int64), promised_diversity(asked.models), shown
    )


def _beside(decision: Decision, new: Holding) -> list[Beside]:
    pooled = decision.pooled(new)
    sets = decision.beside(new)
    if pooled and not any(_implies(each, pooled) for each in sets):
        sets.append(pooled)
    for together in sets:
        found = expose(together)
        if found is not None:
            raise NoSolutionError(
                f"No table of these persons can leave: even with all in one class, {found.reason}, next to"
                " earlier releases. Wait until enough persons have joined or left, or choose others."
            )
    return [Beside.of_releases(each[0], each[1:]) for each in sets]
