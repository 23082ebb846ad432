"""What a recoded table is still good for: how well a model learns from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anonymize.classes import Codes
from anonymize.errors import SchemaError
from anonymize.ladder import leaf_text
from anonymize.schema import check_columns

FOLDS: Final = 5
_MISSING: Final = "\0missing"
_ROUNDS: Final = 500


@dataclass(frozen=True, slots=True)
class ClassificationAccuracy:
    """Shares of rows whose target is predicted rightly, by models that have not seen the row.

    `anonymised` is learned and tested on the recoded features, `original` on those as they were; `majority` is
    what always answering the most frequent value of the target reaches. `relative` is how much of what there is
    to learn is left: 1 as good as the original, 0 no better than the majority's value, None when the original
    teaches nothing either.
    """

    anonymised: float
    original: float
    majority: float

    @property
    def relative(self) -> float | None:
        learned = self.original - self.majority
        return (self.anonymised - self.majority) / learned if learned > 0 else None

    def to_dict(self) -> dict[str, object]:
        """The figures as JSON-able values."""
        return {
            "anonymised": self.anonymised,
            "original": self.original,
            "majority": self.majority,
            "relative": self.relative,
        }


def classification_accuracy(
    anonymised: pd.DataFrame,
    df: pd.DataFrame,
    *,
    target: str,
    features: Sequence[str],
    folds: int = FOLDS,
    seed: int = 0,
) -> ClassificationAccuracy:
    """Cross-validate a logistic regression that predicts the target from the features, all as categories.

    Rows of both tables belong together by their order, as those of `Result.frame` and its input do. The target
    is taken from the original. It takes seconds where a node of the search takes milliseconds: it is a figure
    to choose among finished tables by, no loss for the search.
    Raises: SchemaError when the tables do not belong together or the target has fewer than `folds` rows of two
    different values.
    Source: V. Iyengar, Transforming data to satisfy privacy constraints, KDD 2002 (classification as a use).
    """
    if isinstance(features, str) or not features:
        raise SchemaError("features must be a list of column names with at least one.")
    if target in features:
        raise SchemaError(f"Column {target!r} is the target; leave it out of the features.")
    check_columns(df, [target, *features])
    check_columns(anonymised, features)
    if len(anonymised) != len(df):
        raise SchemaError(
            "The two tables have different numbers of rows; give the result of this very table."
        )
    known, counts = np.unique(_texts(df[target]), return_inverse=True)
    rows = np.bincount(counts)
    if folds < 2 or len(known) < 2 or np.sort(rows)[-2] < folds:
        raise SchemaError(
            f"The target {target!r} has fewer than two values with {folds} rows each; choose another, or fewer folds"
            " (at least 2)."
        )
    return ClassificationAccuracy(
        anonymised=_cross_validated(anonymised, counts, features=features, folds=folds, seed=seed),
        original=_cross_validated(df, counts, features=features, folds=folds, seed=seed),
        majority=float(rows.max() / len(df)),
    )


def _cross_validated(
    df: pd.DataFrame,
    target: Codes,
    *,
    features: Sequence[str],
    folds: int,
    seed: int,
) -> float:
    # Seconds to import: only who asks for accuracy waits.
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    cells = np.column_stack([_texts(df[column]) for column in features])
    model = make_pipeline(
        OneHotEncoder(handle_unknown="ignore"), LogisticRegression(max_iter=_ROUNDS, random_state=seed)
    )
    parts = KFold(n_splits=folds, shuffle=True, random_state=seed)
    return float(np.mean(cross_val_score(model, cells, target, cv=parts)))


def _texts(series: pd.Series) -> NDArray[np.object_]:
    missing = series.isna().to_numpy()
    cells = [_MISSING if gone else leaf_text(value) for value, gone in zip(series, missing, strict=True)]
    return np.array(cells, dtype=object)
