"""Tables that may leave, and how a result becomes one: rows in random order, classes under opaque numbers."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from anonymize.classes import Codes
from anonymize.coding import secret_of
from anonymize.errors import JointDisclosureError, LedgerError, RefusalsExhaustedError
from anonymize.joint import SUPPRESSED, Form, Holding, Shown
from anonymize.ladder import leaf_text
from anonymize.ledger_content import Tagging
from anonymize.ledger_decision import Refusal
from anonymize.models import DistinctLDiversity, EntropyLDiversity, Model, RecursiveDiversity
from anonymize.result import Result

SYSTEM_RANDOM: Final = random.SystemRandom()


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """A table that may leave.

    Guarantees: rows in random order under a fresh index, no class or row number, no hidden categories.
    """

    id: int
    recipient: str
    frame: pd.DataFrame = field(repr=False)
    report: Mapping[str, object] = field(repr=False)


def shuffled(result: Result, rng: random.Random) -> pd.DataFrame:
    """The table as it leaves (attack RI6)."""
    frame = result.frame
    for column in frame.columns[frame.dtypes == "category"]:
        frame[column] = frame[column].astype(object).infer_objects()
    mixed = frame.iloc[permutation(len(frame), rng)].reset_index(drop=True)
    mixed.attrs = {}
    mixed.columns.name = None
    return mixed


def names_of(persons: Sequence[str | int]) -> list[str]:
    """Spell persons as the ledger does. Raises: LedgerError for what is neither text nor whole number, or twice."""
    if any(isinstance(person, bool) or not isinstance(person, str | int) for person in persons):
        raise LedgerError("persons must be texts or whole numbers, none missing; convert them.")
    names = [leaf_text(person) for person in persons]
    if len(set(names)) != len(names):
        raise LedgerError("A person has more than one row; join the rows of each person before anonymising.")
    return names


def require_row_each(persons: Sequence[str | int], rows: int) -> None:
    """Raises: LedgerError unless every row has its person."""
    if len(persons) != rows:
        raise LedgerError(f"persons has {len(persons)} entries for {rows} rows; give one per row.")


def holding_of(
    result: Result, persons: Codes, *, k: int | None, tagging: Tagging, rng: random.Random
) -> Holding:
    """What the ledger remembers of a result; `persons` are the numbers of its rows' persons."""
    frame = result.frame
    shown = {}
    for column in result.transformation.schema.sensitive:
        secret = secret_of(frame[column], column)
        values = [tagging.value(column, value) for value in secret.values]
        shown[column] = Shown(secret.codes, np.array(values, dtype=np.int64))
    classes = opaque(result.class_of_row, rng)
    return Holding(
        k=required_k(result, k),
        persons=persons,
        classes=classes,
        diversity=promised_diversity(result.transformation.asked.models),
        shown=shown,
        form=_form(result),
    )


def _form(result: Result) -> Form | None:
    made = result.transformation
    if made.pattern is not None:
        # On which levels its classes are follows from the data: nothing follows from how it was asked for.
        return None
    hierarchies = {
        column: hashlib.sha256(repr(hierarchy).encode()).hexdigest()
        for column, hierarchy in made.schema.quasi.items()
    }
    columns = {column: (hierarchies[column], level) for column, level in result.levels.items()}
    return Form(columns, float(made.asked.suppression_limit))


def required_k(result: Result, k: int | None) -> int:
    """Raises: LedgerError when nobody said how many persons a class needs."""
    if k is not None and (isinstance(k, bool) or not isinstance(k, int) or k < 1):
        raise LedgerError("k must be a whole number of at least 1.")
    if k is None and result.k is None:
        raise LedgerError(
            "The result was made without KAnonymity; say with k= how many persons a class needs."
        )
    return max(k or 1, result.k or 1)


def promised_diversity(models: Sequence[Model]) -> dict[str, int]:
    """How many distinct values models guarantee, per sensitive column.

    Entropy l-diversity guarantees that many, and so does recursive (c, l)-diversity: with fewer values than l
    the sum that its most frequent one must stay below is empty. Models of closeness guarantee no number.
    """
    asked: dict[str, int] = {}
    for model in models:
        match model:
            case DistinctLDiversity() | RecursiveDiversity():
                least = model.l
            case EntropyLDiversity():
                least = int(np.ceil(model.l - 1e-9))
            case _:
                continue
        asked[model.column] = max(least, asked.get(model.column, 1))
    return asked


def opaque(class_of_row: Codes, rng: random.Random) -> Codes:
    """Number classes at random from 1, as their own order follows the quasi-identifiers."""
    numbers = np.append(permutation(int(class_of_row.max()) + 1, rng) + 1, SUPPRESSED)
    return numbers[class_of_row]


def permutation(count: int, rng: random.Random) -> Codes:
    """The numbers below `count` in random order."""
    keys = np.frombuffer(rng.randbytes(8 * count), dtype=np.uint64)
    return np.argsort(keys, kind="stable").astype(np.int64)


def error_of(refusal: Refusal) -> JointDisclosureError:
    """The refusal as its recipient may hear it."""
    kind = RefusalsExhaustedError if refusal.entry is None else JointDisclosureError
    return kind(refusal.reason, recipient=refusal.recipient, releases=refusal.releases)
