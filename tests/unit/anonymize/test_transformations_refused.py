"""Transformations of columns: what each refuses, and that it says so without a value."""

import random
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.odd_columns import dates, objects, untyped

import anonymize as an

AGES = pd.Series([1, 2, 3], name="age")
TABLE = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": list("xyz")})
WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "no column": (lambda: an.TopCoding(1).apply(untyped([1, 2])), "give a pandas Series"),
    "no rows": (lambda: an.TopCoding(1).apply(AGES[:0]), "'age' has no rows"),
    "no rows of dates": (lambda: an.DateTruncation("day").apply(dates()), "'day' has no rows"),
    "a text that is no number": (
        lambda: an.TopCoding(1).apply(objects("1", "one")),
        "'age', row 1: the value is not a number; correct it, or convert",
    ),
    "a truth value": (lambda: an.TopCoding(1).apply(pd.Series([True])), "row 0: the value is not a number"),
    "an infinite number": (
        lambda: an.Rounding(1).apply(pd.Series([1.0, -np.inf])),
        "row 1: the value is infinite; replace it",
    ),
    "mixed kinds": (
        lambda: an.Rounding(1).apply(objects(1, "2")),
        "row 1: the value is of another kind than the whole numbers above; convert with astype",
    ),
    "a limit that is none": (lambda: an.TopCoding(untyped("90")), "limit must be a finite number"),
    "a limit that is not finite": (lambda: an.BottomCoding(float("nan")), "limit must be a finite number"),
    "a limit between whole numbers": (
        lambda: an.TopCoding(1.5).apply(AGES),
        "'age' holds whole numbers, so limit must be one",
    ),
    "a limit too large for the type": (
        lambda: an.BottomCoding(300).apply(AGES.astype("int8")),
        "of type int8 cannot hold the values that result; convert it to a wider type",
    ),
    "a label that is a number": (lambda: an.TopCoding(90, "90"), "label must be a text that is no number"),
    "an empty label": (lambda: an.TopCoding(90, " "), "label must be a text"),
    "a share of nothing": (
        lambda: an.TopCoding.at_quantile(AGES, share=0, minimum_count=1),
        "share must be above 0 and at most 1",
    ),
    "a count of nothing": (
        lambda: an.TopCoding.at_quantile(AGES, share=0.5, minimum_count=0),
        "minimum_count must be a whole number, 1 or more",
    ),
    "more rows than there are": (
        lambda: an.BottomCoding.at_quantile(AGES, share=0.5, minimum_count=4),
        "a value in fewer rows than minimum_count",
    ),
    "a base of nothing": (lambda: an.Rounding(0), "base must be above 0"),
    "a base between whole numbers": (
        lambda: an.Rounding(2.5).apply(AGES),
        "'age' holds whole numbers, so base must be one",
    ),
    "a rounded number too large for the type": (
        lambda: an.Rounding(50).apply(pd.Series([127, 1], dtype="int8")),
        "of type int8 cannot hold",
    ),
    "another period": (lambda: an.DateTruncation(untyped("decade")), "knows no such period"),
    "what is no date": (
        lambda: an.DateTruncation("day").apply(objects("2024-05-03", "soon")),
        "'age', row 1: the value is no date; write dates as 2024-12-31",
    ),
    "dates written in two ways": (
        lambda: an.DateTruncation("day").apply(objects(date(2024, 5, 3), "2024-05-03T00:00")),
        "row 1: the value is written in another way",
    ),
    "numbers for dates": (lambda: an.DateTruncation("day").apply(AGES), "row 0: the value is no date"),
    "a period that begins before the type does": (
        lambda: an.DateTruncation("year").apply(dates("1677-10-01").astype("datetime64[ns]")),
        "cannot hold the first day of a year",
    ),
    "no source of randomness": (lambda: an.Sampling(untyped(7), rows=1), "a source of random numbers"),
    "neither rows nor share": (lambda: an.Sampling(random.Random(1)), "either rows or share"),
    "both rows and share": (lambda: an.Sampling(random.Random(1), rows=1, share=0.1), "either rows or share"),
    "a sample larger than the table": (
        lambda: an.Sampling(random.Random(1), rows=4).apply(TABLE),
        "Of 3 rows 4 cannot be drawn",
    ),
    "a share of less than a row": (
        lambda: an.Sampling(random.Random(1), share=0.1).apply(TABLE),
        "Of 3 rows 0 cannot be drawn",
    ),
    "groups of nothing": (lambda: an.MicroAggregation(0), "size must be a whole number, 1 or more"),
    "another centre": (lambda: an.MicroAggregation(2, untyped("mode")), 'centre must be "mean" or "median"'),
    "groups larger than the table": (
        lambda: an.MicroAggregation(4).apply(TABLE, ["a"]),
        "Fewer than 4 rows",
    ),
    "too few rows that lack a value": (
        lambda: an.MicroAggregation(2).apply(TABLE.assign(a=[1.0, np.nan, 3.0]), ["a"]),
        "Fewer than 2 rows lack values of the same columns as row 1",
    ),
    "infinite numbers to aggregate": (
        lambda: an.MicroAggregation(2).apply(TABLE.assign(a=[1.0, np.inf, 3.0]), ["a"]),
        "'a', row 1: the value is infinite or too large",
    ),
    "numbers as objects to aggregate": (
        lambda: an.MicroAggregation(2).apply(TABLE.astype(object), ["a"]),
        "convert numbers with astype",
    ),
    "complex numbers": (
        lambda: an.MicroAggregation(2).apply(TABLE.assign(a=[1j, 2j, 3j]), ["a"]),
        "complex numbers",
    ),
    "numbers whose squares are infinite": (
        lambda: an.MicroAggregation(2).apply(TABLE.assign(a=[1e300, -1e300, 0.0]), ["a", "b"]),
        "row 0: the value is infinite or too large to compute with",
    ),
    "k of nothing": (lambda: an.CellSuppression(0), "k must be a whole number, 1 or more"),
    "k beyond the table": (lambda: an.CellSuppression(4).apply(TABLE, ["b"]), "fewer than k = 4 rows"),
    "no epsilon": (lambda: an.LaplaceNoise(0, 0, 1), "epsilon must be a finite number above 0"),
    "bounds the wrong way round": (lambda: an.LaplaceNoise(1, 2, 1), "lower must lie below upper"),
    "bounds between whole numbers": (
        lambda: an.GeometricNoise(1, 0, untyped(1.5)),
        "lower and upper must be whole numbers",
    ),
    "whole noise for fractions": (
        lambda: an.GeometricNoise(1, 0, 9).apply(pd.Series([1.5])),
        "has parts of whole numbers; apply Rounding",
    ),
    "an epsilon that no noise has": (
        lambda: an.LaplaceNoise(1e-320, -1e300, 1e300).apply(AGES),
        "No noise can be computed",
    ),
    "no steps": (lambda: an.transform(TABLE, {}), "steps must map columns to transformations"),
    "a step without a list": (
        lambda: an.transform(TABLE, {"a": untyped(an.TopCoding(1))}),
        "Each column needs a list of transformations",
    ),
    "a sample of a column": (
        lambda: an.transform(TABLE, {"a": [untyped(an.Sampling(random.Random(1), rows=1))]}),
        "a Sampling is of the whole table, given as sample",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_makes_no_sense_is_refused_and_told(name: str) -> None:
    attempt, says = WRONG[name]
    with pytest.raises(an.TransformationError, match=says):
        attempt()


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ("a", r"write \['a'\]"),
        ([], "at least one column, and each once"),
        (["a", "a"], "at least one column, and each once"),
        (["c"], "no column 'c'"),
    ],
)
def test_columns_that_cannot_be_meant_are_refused(columns: Any, says: str) -> None:
    for step in (an.MicroAggregation(2), an.CellSuppression(2)):
        with pytest.raises(an.SchemaError, match=says):
            step.apply(TABLE, columns)


@pytest.mark.parametrize("secret", ["sepsis", "-17x"])
def test_no_message_shows_a_value(secret: str) -> None:
    for step in (an.TopCoding(1), an.Rounding(1), an.DateTruncation("day"), an.LaplaceNoise(1, 0, 1)):
        with pytest.raises(an.TransformationError) as told:
            step.apply(objects(secret))
        assert secret not in str(told.value)
