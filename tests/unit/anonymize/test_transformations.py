"""Transformations of columns: what each does to which kind of column."""

import json
import random
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.odd_columns import dates, objects, untyped

import anonymize as an

LONG = Decimal("123456789012345678901234567890.15")


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (pd.Series([89, 90, 104]), [89, 90, 90]),
        (pd.Series([89.5, 90.5, np.nan]), [89.5, 90.0, np.nan]),
        (pd.Series([89, None, 91], dtype="Int8"), [89, pd.NA, 90]),
        (objects("89", " 90.0", None, "1e2"), ["89", "90", None, "90"]),
        (objects(Decimal("89.10"), LONG), [Decimal("89.10"), Decimal(90)]),
        (pd.Series([91, 89], dtype="category"), [90, 89]),
    ],
)
def test_numbers_above_the_limit_are_shown_as_it_in_the_columns_own_kind(
    series: pd.Series, expected: list[Any]
) -> None:
    series.index = pd.RangeIndex(7, 7 + len(series))
    series.name = "age"
    found = an.TopCoding(90).apply(series)
    assert found.index.equals(series.index)
    assert found.name == "age"
    assert found.isna().tolist() == series.isna().tolist()
    assert [repr(value) for value in found.dropna().tolist()] == [
        repr(value) for value in expected if not pd.isna(value)
    ]
    if not isinstance(series.dtype, pd.CategoricalDtype):
        assert found.dtype == series.dtype


def test_label_makes_the_column_text() -> None:
    found = an.TopCoding(90, "90+").apply(pd.Series([20, 90, 104]))
    assert found.tolist() == ["20", "90+", "90+"]
    assert an.BottomCoding(18, "< 19").apply(pd.Series([18.0, 19.0, None])).tolist()[:2] == ["< 19", "19"]
    assert an.BottomCoding(18, "child").apply(objects("17", None)).tolist() == ["child", None]


def test_limit_at_a_quantile_leaves_enough_rows_beyond() -> None:
    ages = pd.Series([10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
    assert an.TopCoding.at_quantile(ages, share=0.1, minimum_count=1).limit == 100
    assert an.TopCoding.at_quantile(ages, share=0.1, minimum_count=3).limit == 80
    assert an.TopCoding.at_quantile(ages, share=0.25, minimum_count=1, label="old").limit == 80
    assert an.BottomCoding.at_quantile(ages, share=0.1, minimum_count=3).limit == 30
    tied = pd.Series([1, 1, 1, 1, 9, None])
    assert an.BottomCoding.at_quantile(tied, share=0.1, minimum_count=2).limit == 1


@pytest.mark.parametrize(
    ("series", "base", "expected"),
    [
        (pd.Series([14, 15, 25, 26, -15, -5, -4]), 10, [10, 20, 20, 30, -20, 0, 0]),
        (pd.Series([0.15, 0.25, 0.35, 1e300]), 0.1, [0.2, 0.2, 0.4, 1e300]),
        (objects("12.34", "12.35", None, "-0.04"), Decimal("0.1"), ["12.3", "12.4", None, "0.0"]),
        (objects("1499", "1500", "2500"), Decimal("1E+3"), ["1000", "2000", "2000"]),
        (objects(LONG), Decimal("0.1"), [Decimal("123456789012345678901234567890.2")]),
    ],
)
def test_numbers_are_rounded_half_to_even_as_they_are_written(
    series: pd.Series, base: Any, expected: list[object]
) -> None:
    found = an.Rounding(base).apply(series)
    assert [repr(value) for value in found] == [repr(value) for value in expected]
    assert found.dtype == series.dtype


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("year", "2024-01-01"),
        ("quarter", "2024-04-01"),
        ("month", "2024-05-01"),
        ("week", "2024-04-29"),
        ("day", "2024-05-03"),
    ],
)
def test_dates_of_every_kind_are_cut_to_the_first_day_of_their_period(to: Any, expected: str) -> None:
    at = datetime(2024, 5, 3, 23, 59, 59, tzinfo=UTC)
    first = date.fromisoformat(expected)
    cut = an.DateTruncation(to)
    assert cut.apply(dates("2024-05-03 23:59:59", None)).tolist() == [pd.Timestamp(expected), pd.NaT]
    assert cut.apply(objects("2024-05-03T23:59:59", None)).tolist() == [expected, None]
    assert cut.apply(objects(at.date())).tolist() == [first]
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
    assert cut.apply(objects(at)).tolist() == [midnight]
    assert type(cut.apply(objects(pd.Timestamp(at)))[0]) is pd.Timestamp


def test_midnight_is_that_of_the_columns_time_zone() -> None:
    """In Beirut the clock went from 0:00 to 1:00 on 31 March 2024; that day began at 1:00."""
    late = dates("2024-03-31 20:00").dt.tz_localize("UTC")
    assert an.DateTruncation("day").apply(late.dt.tz_convert("Asia/Tokyo"))[0] == pd.Timestamp(
        "2024-04-01", tz="Asia/Tokyo"
    )
    found = an.DateTruncation("day").apply(late.dt.tz_convert("Asia/Beirut"))
    assert found[0].isoformat() == "2024-03-31T01:00:00+03:00"


def test_sample_has_exactly_the_rows_asked_for_in_random_order() -> None:
    table = pd.DataFrame({"a": range(100)}, index=range(500, 600))
    for source in (random.Random(1), np.random.default_rng(1)):
        drawn = an.Sampling(source, rows=40).apply(table)
        assert len(set(drawn["a"])) == 40
        assert list(drawn.index) == list(range(40))
        assert drawn["a"].tolist() != sorted(drawn["a"])
        assert len(an.Sampling(source, share=0.29).apply(table)) == 29
    assert "random" not in repr(an.Sampling(random.Random(1), rows=1)).lower().replace("random=", "")


def test_means_medians_and_modes_of_groups() -> None:
    table = pd.DataFrame(
        {
            "age": pd.Series([1, 2, 6, 50, 51, 58, 50], dtype="Int64"),
            "town": ["a", "b", "b", "c", "d", "d", "c"],
            "kept": range(7),
        }
    )
    found = an.MicroAggregation(3).apply(table, ["age", "town"])
    assert found["age"].tolist() == [3.0] * 3 + [52.25] * 4
    assert found["town"].tolist() == ["b"] * 3 + ["c"] * 4
    assert found["kept"].tolist() == list(range(7))
    assert table["age"].tolist() == [1, 2, 6, 50, 51, 58, 50]
    assert an.MicroAggregation(3, "median").apply(table, ["age"])["age"].tolist() == [2.0] * 3 + [50.5] * 4


def test_rows_that_lack_a_value_are_grouped_among_themselves() -> None:
    table = pd.DataFrame({"a": [1.0, 2.0, None, None, 8.0, 9.0], "b": list("xxyyzz")})
    found = an.MicroAggregation(2).apply(table, ["a", "b"])
    assert found["a"].isna().tolist() == table["a"].isna().tolist()
    assert an.measure(found, quasi=["a", "b"]).k == 2


def test_both_zeros_are_one_value_of_a_group() -> None:
    table = pd.DataFrame({"a": [0.0, -0.0, -0.0]})
    found = an.MicroAggregation(1, "median").apply(table, ["a"])
    assert an.measure(found, quasi=["a"]).k == 3


def test_cells_are_suppressed_in_failing_rows_only() -> None:
    table = pd.DataFrame({"age": [20, 20, 30, 30, 40], "sex": list("ffxyz"), "kept": range(5)})
    found = an.CellSuppression(2).apply(pd.concat([table, table[4:]]), ["age", "sex"])
    assert found["age"].tolist() == [20, 20, 30, 30, 40, 40]
    assert found["sex"].tolist() == ["f", "f", "*", "*", "z", "z"]
    assert found["age"].dtype == table["age"].dtype
    assert found["kept"].tolist() == [0, 1, 2, 3, 4, 4]


def test_rows_that_can_be_spared_join_a_block_that_is_too_small() -> None:
    table = pd.DataFrame({"age": [20] * 6 + [70]})
    found = an.CellSuppression(3).apply(table, ["age"])
    assert found["age"].astype(str).value_counts().to_dict() == {"20": 4, "*": 3}
    short = an.CellSuppression(3).apply(table[3:], ["age"])
    assert short["age"].tolist() == ["*"] * 4


def test_noise_is_that_of_the_bounds_however_far_outside_a_value_lies() -> None:
    """With epsilon 10**6 the noise is below 0.001 but for a chance of exp(-10)**100."""
    far = pd.Series([-1e12, 5.0, 1e12, None])
    found = an.LaplaceNoise(1e6, 0, 10).apply(far)
    assert found.round(2).tolist()[:3] == [0.0, 5.0, 10.0]
    assert found.isna().tolist() == [False, False, False, True]
    whole = an.GeometricNoise(1e6, 0, 10).apply(far.astype("Int64"))
    assert whole.tolist() == [0, 5, 10, pd.NA]
    assert an.GeometricNoise(1e6, 0, 10).apply(objects("-3", "4")).tolist() == [0, 4]


@pytest.mark.parametrize("noise", [an.LaplaceNoise(0.5, 0, 10), an.GeometricNoise(0.5, 0, 10)])
def test_noise_is_as_strong_as_epsilon_and_bounds_ask(noise: an.ColumnTransformation) -> None:
    """Mean deviation: the scale, 20; of 20,000 values it is estimated to 0.14."""
    found = noise.apply(pd.Series(np.full(20_000, 5)))
    assert 19 < float((found - 5).abs().mean()) < 21


def test_geometric_noise_tells_bounds_apart_no_better_than_epsilon() -> None:
    """The likeliest sign of the upper bound, a result at or above it, is at most e times likelier from there."""
    draws = 40_000
    noise = an.GeometricNoise(1.0, 0, 4)
    low, high = (int((noise.apply(pd.Series(np.full(draws, value))) >= 4).sum()) for value in (0, 4))
    assert 0.9 * np.e < high / low < 1.1 * np.e


def test_log_tells_what_was_done_and_nothing_of_the_table() -> None:
    table = pd.DataFrame({"age": [20, 91, 92, 93, 94], "day": ["2024-05-03"] * 5, "kept": list("abcde")})
    done = an.transform(
        table,
        {
            "age": [an.Rounding(10), an.TopCoding(85, "85+")],
            "day": [an.DateTruncation("month")],
            ("age", "day"): [an.CellSuppression(2)],
        },
    )
    assert sorted(done.frame["age"]) == ["*", "*", "85+", "85+", "85+"]
    assert json.loads(json.dumps(done.log)) == [
        {"columns": ["age"], "transformation": "rounding", "base": 10, "changed": 4},
        {"columns": ["age"], "transformation": "top coding", "limit": 85, "label": "85+", "changed": 4},
        {"columns": ["day"], "transformation": "date truncation", "to": "month", "changed": 5},
        {"columns": ["age", "day"], "transformation": "cell suppression", "k": 2, "changed": 4},
    ]
    assert table["age"].tolist() == [20, 91, 92, 93, 94]


@pytest.mark.parametrize(
    "step",
    [
        an.BottomCoding(Decimal("0.5"), "few"),
        an.MicroAggregation(3, "median"),
        an.Sampling(random.Random(1), rows=5),
        an.Sampling(random.Random(1), share=untyped(Decimal("0.5"))),
        an.LaplaceNoise(untyped(np.float32(0.5)), untyped(Decimal(0)), 10),
        an.GeometricNoise(0.5, untyped(np.int64(0)), 10),
        an.MicroAggregation(untyped(np.int64(3))),
        an.CellSuppression(untyped(np.int64(3))),
        an.TopCoding(untyped(np.int64(3))),
    ],
)
def test_every_transformation_describes_itself_in_json(step: Any) -> None:
    described = step.describe()
    assert json.loads(json.dumps(described)) == described
    assert isinstance(described["transformation"], str)


def test_sample_is_drawn_first_and_told() -> None:
    table = pd.DataFrame({"age": range(100)})
    drawn = an.transform(table, {"age": [an.TopCoding(0)]}, sample=an.Sampling(random.Random(1), share=0.1))
    assert drawn.frame["age"].tolist() == [0] * 10
    assert drawn.lines()[0] == "sampling, 10 of 100 rows drawn"
    assert json.loads(json.dumps(drawn.log[0])) == {
        "columns": [],
        "transformation": "sampling",
        "rows": None,
        "share": 0.1,
        "drawn": 10,
        "of": 100,
    }
    only = an.transform(table, {}, sample=an.Sampling(random.Random(1), rows=4))
    assert len(only.frame) == 4
    schema = an.Schema({"age": an.Hierarchy.suppression()})
    page = an.anonymize(drawn.frame, schema, models=[an.KAnonymity(2)]).report_page(transformed=drawn.log)
    assert "表全体" in page
    assert "drawn 10" in page


def test_columns_need_no_text_for_a_name() -> None:
    table = pd.DataFrame([[1, 9], [2, 8]], index=[5, 5])
    done = an.transform(table, {untyped(1): [an.TopCoding(8)], untyped((0, 1)): [an.MicroAggregation(2)]})
    assert done.frame.values.tolist() == [[1.5, 8.0], [1.5, 8.0]]
    assert done.lines() == ["1: top coding, 1 cells changed", "0, 1: micro-aggregation, 2 cells changed"]


def test_stars_of_the_table_are_stars_like_any_other() -> None:
    table = pd.DataFrame({"age": ["20", "20", "30", "*", "*"], "sex": list("ffmmm")})
    found = an.CellSuppression(2).apply(table, ["age", "sex"])
    assert an.measure(found, quasi=["age", "sex"]).k >= 2
    assert found["age"].tolist()[2:] == ["*", "*", "*"]


def test_noise_is_loaded_only_by_who_wants_it() -> None:
    told = "import sys, anonymize; print('opendp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_report_tells_what_was_done_before() -> None:
    table = pd.DataFrame({"age": [20, 20, 91, 92]})
    done = an.transform(table, {"age": [an.TopCoding(90)]})
    schema = an.Schema({"age": an.Hierarchy.intervals([10])})
    result = an.anonymize(done.frame, schema, models=[an.KAnonymity(2)])
    assert an.measure(result.frame, quasi=["age"]).k == 2
    assert result.full_report(transformed=done.log)["transformed"] == [dict(done.log[0])]
    page = result.report_page(transformed=done.log)
    assert "トップコーディング" in page
    assert "limit 90" in page
    assert "トップコーディング" not in result.report_page()
