"""How well a model learns from a recoded table."""

import numpy as np
import pandas as pd
import pytest

import anonymize as an

RNG = np.random.default_rng(4)
TABLE = pd.DataFrame({"age": RNG.integers(20, 60, 600), "noise": RNG.choice(list("abc"), 600)})
TABLE["ill"] = np.where((TABLE["age"] >= 40) ^ (RNG.random(600) < 0.1), "yes", "no")


def accuracy(frame: pd.DataFrame, seed: int = 0) -> an.ClassificationAccuracy:
    return an.classification_accuracy(frame, TABLE, target="ill", features=["age", "noise"], seed=seed)


def test_untouched_table_teaches_as_much_as_the_original() -> None:
    found = accuracy(TABLE)
    assert found.anonymised == found.original
    assert found.original > 0.8
    assert found.relative == 1


def test_suppressed_table_teaches_the_majority_at_most() -> None:
    found = accuracy(TABLE.assign(age="*", noise="*"))
    assert found.anonymised == pytest.approx(found.majority, abs=0.05)
    assert found.majority == TABLE["ill"].value_counts(normalize=True).max()


def test_coarse_ages_teach_what_they_still_tell() -> None:
    schema = an.Schema({"age": an.Hierarchy.intervals([20]), "noise": an.Hierarchy.suppression()})
    result = an.anonymize(TABLE, schema, models=[an.KAnonymity(5)], levels={"age": 1, "noise": 1})
    found = accuracy(result.frame)
    assert found.anonymised == pytest.approx(0.9, abs=0.03)
    assert accuracy(result.frame) == found, "the same seed gives the same figures"
    assert found.to_dict()["relative"] == found.relative


def test_table_that_teaches_nothing_has_no_relative_accuracy() -> None:
    assert an.ClassificationAccuracy(anonymised=0.5, original=0.5, majority=0.5).relative is None


def test_missing_values_are_a_category() -> None:
    gaps = TABLE.assign(noise=TABLE["noise"].where(TABLE["ill"] == "yes"))
    found = an.classification_accuracy(gaps, gaps, target="ill", features=["noise"])
    assert found.anonymised == 1


def test_unsuitable_tables_are_refused() -> None:
    with pytest.raises(an.SchemaError, match="different numbers of rows"):
        accuracy(TABLE.head(50))
    with pytest.raises(an.SchemaError, match="leave it out of the features"):
        an.classification_accuracy(TABLE, TABLE, target="ill", features=["ill"])
    with pytest.raises(an.SchemaError, match="at least one"):
        an.classification_accuracy(TABLE, TABLE, target="ill", features=[])
    with pytest.raises(an.SchemaError, match="fewer than two values"):
        an.classification_accuracy(TABLE, TABLE.assign(ill="no"), target="ill", features=["age"])
