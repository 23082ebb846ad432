"""Means, sums and quantiles of groups: which are hidden, how they are rounded, what is refused."""

import numpy as np
import pandas as pd
import pytest

import anonymize as an


def stays(days: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"days": days, "ward": "a"})


ORDINARY = [float(day) for day in range(1, 31)]


def mean(days: list[float], **policy: object) -> float:
    settings = an.StatisticsPolicy(**policy)  # type: ignore[arg-type]  # any of its settings
    return float(an.group_means(stays(days), "days", by=["ward"], policy=settings).frame["mean"].iloc[0])


def test_mean_of_an_ordinary_group_is_shown_in_three_digits() -> None:
    frame = an.group_means(stays([*ORDINARY, 31.4]), "days", by=["ward"]).frame
    assert frame.to_dict("records") == [{"ward": "a", "rows": 30, "mean": 16.0}]


def test_sum_of_an_ordinary_group_is_shown_in_three_digits() -> None:
    assert an.group_sums(stays([each * 11 for each in ORDINARY]), "days").frame["sum"].tolist() == [5120.0]


@pytest.mark.parametrize(
    "days",
    [
        pytest.param(ORDINARY[:9], id="fewer than the minimum"),
        pytest.param([0.0] * 50 + ORDINARY[:9], id="fewer than the minimum contribute"),
        pytest.param([4.0] * 50, id="everybody the same"),
        pytest.param([1.0] * 20 + [500.0, 400.0], id="two dominate"),
        pytest.param([-1.0] * 20 + [-500.0, 400.0], id="two dominate, whatever their signs"),
    ],
)
def test_mean_that_would_show_somebody_is_hidden(days: list[float]) -> None:
    assert np.isnan(mean(days))


def test_p_percent_rule_hides_what_the_dominance_rule_shows() -> None:
    days = [100.0] + [1.0] * 9 + [60.0]
    assert np.isnan(mean(days, dominance=None, p_percent=0.1))
    assert mean(days, dominance=None, p_percent=None) == 15.4
    assert np.isnan(mean(days, dominance=an.Dominance(1, 0.5), p_percent=None))


def test_minimum_and_maximum_are_never_shown_nor_quantiles_near_them() -> None:
    days = [float(day) for day in range(101)]
    frame = an.group_quantiles(stays(days), "days", q=[0, 0.09, 0.1, 0.5, 0.9, 0.91, 1]).frame
    assert frame.iloc[0].isna().tolist() == [False, True, True, False, False, False, True, True]
    assert frame["quantile 0.5"].iloc[0] == 50.0


def test_groups_are_apart_and_small_ones_keep_their_size() -> None:
    df = pd.DataFrame({"ward": ["b"] * 3 + ["a"] * 30, "days": [1.0, 2.0, 3.0, *ORDINARY]})
    frame = an.group_means(df, "days", by=["ward"]).frame
    assert frame["ward"].tolist() == ["a", "b"]
    assert frame["rows"].isna().tolist() == frame["mean"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("days", "says"),
    [
        ([1.0, np.nan], "without a value"),
        ([1.0, np.inf], "infinite"),
        (["1", "2"], "no numbers"),
        ([True, False], "no numbers"),
        ([0, 1, 1], "0 and 1 only"),
    ],
)
def test_values_that_are_no_amounts_are_refused(days: list[float], says: str) -> None:
    with pytest.raises(an.StatisticsError, match=says):
        an.group_means(pd.DataFrame({"days": days}), "days")


def test_values_too_large_to_add_are_refused() -> None:
    with np.errstate(over="ignore"), pytest.raises(an.StatisticsError, match="too large"):
        an.group_sums(stays([1e308 + 1e300 * each for each in range(30)]), "days")


def test_other_impossible_requests_are_refused() -> None:
    df = stays(ORDINARY)
    with pytest.raises(an.StatisticsError, match="different columns"):
        an.group_means(df, "days", by=["days"])
    with pytest.raises(an.StatisticsError, match="from 0 to 1"):
        an.group_quantiles(df, "days", q=[1.5])
    with pytest.raises(an.SchemaError, match="no column"):
        an.group_means(df, "nights")
