"""What was asked of an anonymisation, what is guaranteed and what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version

import numpy as np
import pandas as pd

from anonymize.asked import Asked
from anonymize.classes import Codes
from anonymize.coding import Recoding
from anonymize.counting import AnyLoss, counting
from anonymize.digest import METHOD, digest
from anonymize.evaluation import Evaluator
from anonymize.guarantees import guarantees
from anonymize.loss import Loss, NormalisedEntropy, Precision
from anonymize.loss_of_classes import AverageClassSize, Discernibility
from anonymize.population import uniqueness_of
from anonymize.rules import check_rules
from anonymize.schema import Schema
from anonymize.utility import classification_accuracy

_FURTHER: tuple[AnyLoss, ...] = (
    Loss(),
    Precision(),
    NormalisedEntropy(),
    Discernibility(),
    AverageClassSize(),
)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What an anonymisation did to a table, as far as its distinct records tell; what costs time is computed once."""

    asked: Asked
    evaluator: Evaluator
    recoding: Recoding
    search: Mapping[str, object]

    @cached_property
    def summary(self) -> dict[str, object]:
        """JSON-able values, none of them from the table."""
        table, recoding = self.evaluator.table, self.recoding
        sizes = self.sizes
        levels = recoding.levels.max(axis=0).tolist()
        block = self._block()
        models = [model.describe() for model in self.evaluator.models]
        before, after = _risk(self.sizes_before), _risk(sizes)
        return {
            "asked": {
                "models": models,
                "suppression_limit": self.asked.suppression_limit,
                "block": self.asked.block,
                "recoding": self.asked.recoding,
                "loss": self.asked.loss.describe(),
            },
            "guaranteed": guarantees(self.evaluator.models, block),
            "rows": table.row_count,
            "suppressed": recoding.suppressed_rows,
            "suppressed_block": block,
            "levels": dict(zip(table.columns, levels, strict=True)),
            "loss": {
                "total": self.evaluator.loss.of_recoding(recoding),
                "columns": self.evaluator.column_losses(recoding),
            },
            "classes": {
                "count": len(sizes),
                "smallest": int(sizes.min()),
                "largest": int(sizes.max()),
                "average": float(sizes.mean()),
                "sizes": _histogram(sizes),
            },
            "risk": {"before": before, "after": after},
            "prosecutor_risk": {"before": before["prosecutor"], "after": after["prosecutor"]},
            "search": dict(self.search),
            "seed": self.search.get("seed"),
            "version": version("sekisho"),
        }

    @cached_property
    def sizes(self) -> Codes:
        """The rows of each published class, the block of suppressed rows last if there is one."""
        recoding = self.recoding
        kept = recoding.sizes[~recoding.suppressed]
        return np.append(kept, recoding.suppressed_rows) if recoding.suppressed_rows else kept

    @cached_property
    def sizes_before(self) -> Codes:
        """The rows of each class of the table as it was given."""
        return self.evaluator.classes([0] * len(self.evaluator.table.columns)).sizes

    def _block(self) -> list[dict[str, object]]:
        if not self.recoding.suppressed_rows:
            return []
        verdicts = self.evaluator.block_verdicts(self.recoding)
        pairs = zip(self.evaluator.models, verdicts, strict=True)
        return [{**model.describe(), "satisfied": passes} for model, passes in pairs]


@dataclass(frozen=True, eq=False)
class Account(Outcome):
    """All that a report of one anonymisation is made of; what costs time is computed when asked for, once.

    `source` is the table as it was given, `released` as it leaves.
    """

    schema: Schema
    source: pd.DataFrame
    released: pd.DataFrame

    def full(self, sampling_fraction: float | None = None, target: str | None = None) -> dict[str, object]:
        """The summary, other losses, digests of both tables, and what software sees of legal rules.

        With the part of the population that the table holds, also how many people are unique in it; with a
        target column, how well a model that learns from the released quasi-identifiers predicts it.
        """
        found = {**self.summary, **self._further}
        if sampling_fraction is not None:
            before, after = (
                uniqueness_of(sizes, sampling_fraction) for sizes in (self.sizes_before, self.sizes)
            )
            found["population_uniqueness"] = {"before": before.to_dict(), "after": after.to_dict()}
        if target is not None:
            features = [column for column in self.evaluator.table.columns if column != target]
            accuracy = classification_accuracy(self.released, self.source, target=target, features=features)
            found["classification_accuracy"] = {"target": target, **accuracy.to_dict()}
        return found

    @cached_property
    def _further(self) -> dict[str, object]:
        table = self.evaluator.table
        losses = {
            str(loss.describe()["loss"]): counting(loss, table).of_recoding(self.recoding)
            for loss in _FURTHER
        }
        return {
            "losses": losses,
            "digests": {"input": digest(self.source), "output": digest(self.released), "method": METHOD},
            "rules": check_rules(self.released, self.schema).to_dict(),
        }


def _risk(sizes: Codes) -> dict[str, dict[str, float]]:
    """Prosecutor: knows that the person is in the table. Journalist: does not; the table itself stands for
    the population, which makes this an upper bound. Marketer: links all rows; which part is right on average.

    Source: K. El Emam, Guide to the de-identification of personal health information, CRC Press, 2013, ch. 16.
    """
    rows = int(sizes.sum())
    single = {"highest": float(1 / sizes.min()), "average": len(sizes) / rows}
    return {"prosecutor": single, "journalist": dict(single), "marketer": {"average": len(sizes) / rows}}


def _histogram(sizes: Codes) -> list[dict[str, int]]:
    """How many classes, with how many rows, have sizes from a power of two up to below the next."""
    found = []
    powers = np.floor(np.log2(sizes)).astype(np.int64)
    for power in range(int(powers.max()) + 1):
        there = sizes[powers == power]
        last = 2 ** (power + 1) - 1
        found.append({"from": 2**power, "to": last, "classes": len(there), "rows": int(there.sum())})
    return found
