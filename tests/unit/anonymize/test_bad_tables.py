"""Input that cannot be used: each a named error that says what to do, before any work is lost."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anonymize as an

H = an.Hierarchy
TABLE = pd.DataFrame({"age": [1, 2, 3, 4], "zip": ["a", "b", "c", "d"], "disease": ["x", "y", "x", "y"]})
PAIRS = [an.KAnonymity(2)]


def anonymized(
    table: Any = TABLE,
    *,
    age: an.Hierarchy = H.intervals([2]),  # noqa: B008 - never changes
    models: Any = PAIRS,
    schema: Any = None,
    **asked: Any,
) -> an.Result:
    chosen = schema or an.Schema(quasi={"age": age}, sensitive=["disease"])
    return an.anonymize(table, chosen, models=models, **asked)


def untyped(value: object) -> Any:
    """What a caller passes whom no type checker warns."""
    return value


def ages(*values: object) -> pd.DataFrame:
    return pd.DataFrame({"age": pd.Series(values, dtype=object), "disease": "x"})


BAD: dict[str, tuple[Callable[[], object], type[an.AnonymizeError], str]] = {
    "no table": (lambda: anonymized([1, 2]), an.SchemaError, "must be a pandas DataFrame"),
    "a column for a table": (lambda: anonymized(TABLE["age"]), an.SchemaError, "must be a pandas DataFrame"),
    "no rows": (lambda: anonymized(TABLE[:0]), an.SchemaError, "no rows"),
    "no columns": (lambda: anonymized(pd.DataFrame()), an.SchemaError, "no column 'age'"),
    "a column twice": (
        lambda: anonymized(pd.concat([TABLE, TABLE["zip"]], axis=1)),
        an.SchemaError,
        "more than one column 'zip'; rename or drop one",
    ),
    "an unknown column": (lambda: anonymized(TABLE.drop(columns="age")), an.SchemaError, "no column 'age'"),
    "fewer rows than k": (
        lambda: anonymized(TABLE[:1]),
        an.NoSolutionError,
        "1 rows are in classes that fail",
    ),
    "a value that the hierarchy lacks": (
        lambda: anonymized(ages(1, 2, 7), age=H.from_levels([(1, "*"), (2, "*")])),
        an.HierarchyError,
        "'age', row 2: value '7' is not in the hierarchy; add a row for it or correct it",
    ),
    "an unbalanced hierarchy": (
        lambda: H.from_levels([(1, "low", "*"), (2, "*")]),
        an.HierarchyError,
        r"Row 1 \('2'\) has 2 columns, the first row has 3; give every value the same number",
    ),
    "a leaf twice": (
        lambda: H.from_levels([(1, "*"), (1.0, "*")]),
        an.HierarchyError,
        "'1' stands in rows 0 and 1; keep one of them",
    ),
    "mixed types": (lambda: anonymized(ages(1, "1")), an.SchemaError, "mixes types: '1' in row 1 .* astype"),
    "equal values of two types": (
        lambda: anonymized(ages(1, True), levels={"age": 0}),
        an.SchemaError,
        "mixes types: 'True' in row 1 equals '1'",
    ),
    "equal values written differently": (
        lambda: anonymized(ages(Decimal("1.0"), Decimal("1.00")), levels={"age": 0}),
        an.SchemaError,
        "mixes types: '1.00' in row 1 equals '1.0'",
    ),
    "two zeros": (
        lambda: anonymized(pd.DataFrame({"age": [0.0, -0.0], "disease": "x"})),
        an.SchemaError,
        "both 0.0 and -0.0; add 0.0",
    ),
    "text among numbers": (
        lambda: anonymized(ages(1, "x")),
        an.HierarchyError,
        "row 1: value 'x' is not a number",
    ),
    "infinite": (
        lambda: anonymized(ages(1, -np.inf)),
        an.HierarchyError,
        "row 1: value '-inf' is infinite; replace",
    ),
    "lists": (
        lambda: anonymized(ages([1], [2])),
        an.SchemaError,
        "holds lists or mappings; give plain values",
    ),
    "too long": (
        lambda: anonymized(ages("123", "1234"), age=H.redaction(length=3)),
        an.HierarchyError,
        "row 1: value '1234' is longer than 3 characters",
    ),
    "no date": (
        lambda: anonymized(ages("2024-02-30"), age=H.dates()),
        an.HierarchyError,
        "row 0: .* not a date",
    ),
    "no models": (lambda: anonymized(models=[]), an.ModelError, "give at least one"),
    "a model for a list": (lambda: anonymized(models=PAIRS[0]), an.ModelError, "must be a list of models"),
    "numbers for models": (lambda: anonymized(models=[5]), an.ModelError, "must be a list of models"),
    "no schema": (lambda: anonymized(schema={"age": 1}), an.SchemaError, "must be a Schema"),
    "a limit in words": (lambda: anonymized(suppression_limit="0.1"), an.SchemaError, "between 0 and 1"),
    "no limit": (lambda: anonymized(suppression_limit=None), an.SchemaError, "between 0 and 1"),
    "a level that is none": (lambda: anonymized(levels={"age": True}), an.SchemaError, "levels 0 to 2"),
    "levels of nothing": (
        lambda: anonymized(levels={"town": 1}),
        an.SchemaError,
        "'town', which is no quasi",
    ),
    "a column that is sensitive and quasi": (
        lambda: an.Schema(quasi={"age": H.suppression()}, sensitive=["age"]),
        an.SchemaError,
        "'age' has two roles; leave it in one",
    ),
    "the same for measure": (
        lambda: an.measure(TABLE, quasi=["age"], sensitive=["age"]),
        an.SchemaError,
        "'age' has two roles; leave it in one",
    ),
    "measure of no table": (
        lambda: an.measure(untyped(TABLE["age"]), quasi=["age"]),
        an.SchemaError,
        "DataFrame",
    ),
    "a list for quasi": (lambda: an.Schema(quasi=untyped(["age"])), an.SchemaError, "must map columns"),
    "no list for sensitive": (
        lambda: an.Schema(quasi={"age": H.suppression()}, sensitive=untyped(None)),
        an.SchemaError,
        "sensitive must be a list",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_unusable_input_is_named_with_what_to_do(kind: str) -> None:
    call, error, says = BAD[kind]
    with pytest.raises(error, match=says):
        call()


UNUSABLE: dict[str, tuple[Callable[[Any], object], Any, str]] = {
    "width in words": (H.intervals, ["five"], "finite number"),
    "no list of widths": (H.intervals, 5, "list of widths"),
    "width nan": (H.intervals, [float("nan")], "finite number"),
    "width None": (H.intervals, [None], "finite number"),
    "width True": (H.intervals, [True], "finite number"),
    "origin in words": (lambda origin: H.intervals([5], origin=origin), "none", "one origin"),
    "bottom in words": (lambda bottom: H.intervals([5], bottom=bottom), "low", "finite number"),
    "length in words": (lambda length: H.redaction(length=length), "5", "length must be at least 1"),
    "length 0": (lambda length: H.redaction(length=length), 0, "length must be at least 1"),
    "start elsewhere": (lambda start: H.redaction(start=start), "middle", '"right" or "left"'),
    "no mapping": (H.mapping, ["a"], "each a dictionary"),
    "order of a text": (lambda values: H.order(values, sizes=[2]), "abc", "needs a list of values"),
    "sizes no list": (
        lambda sizes: H.order(["a", "b"], sizes=sizes),
        2,
        "needs sizes, one whole number per level",
    ),
    "keep no list": (
        lambda keep: H.priority(["a", "b"], keep=keep),
        1,
        "needs keep, one whole number per level",
    ),
    "keep empty": (lambda keep: H.priority(["a", "b"], keep=keep), [], "needs keep"),
    "keep in parts": (lambda keep: H.priority(["a", "b", "c"], keep=keep), [1.5], "needs keep"),
    "levels None": (H.from_levels, None, "rows of leaf and labels"),
    "rows of text": (H.from_levels, ["ab", "cd"], "'ab' is no row of leaf and labels"),
    "one period": (H.dates, "year", "list of periods"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_hierarchy_is_named_with_what_to_do(kind: str) -> None:
    call, argument, says = UNUSABLE[kind]
    with pytest.raises(an.HierarchyError, match=says):
        call(argument)


def test_impossible_request_names_the_model_that_fails_first() -> None:
    asked = [an.KAnonymity(2), an.DistinctLDiversity("disease", 3), an.KAnonymity(9)]
    with pytest.raises(
        an.NoSolutionError, match=r"Even on age=2 4 rows .*fail \(model distinct l-diversity, column"
    ):
        anonymized(models=asked)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_every_way_to_miss_a_value_is_one_value(missing: object) -> None:
    result = anonymized(ages(1, 1, missing, None), levels={"age": 0})
    assert result.frame["age"].isna().tolist() == [False, False, True, True]


def test_one_row_is_a_table() -> None:
    assert anonymized(TABLE[:1], models=[an.KAnonymity(1)]).suppressed == 0


def test_million_different_values_are_coded() -> None:
    """A quasi-identifier with a value of its own in every row."""
    df = pd.DataFrame({"age": range(10**6), "disease": "x"})
    result = anonymized(df, age=H.intervals([10, 1000]), models=[an.KAnonymity(5)])
    assert result.levels == {"age": 1}
    assert result.frame["age"].iloc[-1] == "[999990, 1000000)"


def test_sixty_four_quasi_identifiers_are_searched_within_bounds() -> None:
    columns = [f"q{n}" for n in range(64)]
    df = pd.DataFrame(np.arange(128).reshape(2, 64) % 3, columns=columns)
    wide = an.Schema({column: H.suppression() for column in columns})
    assert an.anonymize(df, wide, models=PAIRS, levels=dict.fromkeys(columns, 1)).levels == dict.fromkeys(
        columns, 1
    )
