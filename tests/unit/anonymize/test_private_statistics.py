"""Noisy statistics and their budget: charged first, never overspent, near the truth.

Bounds on noise are so wide that they fail once in more than 10**9 runs.
"""

import random
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.database import DATABASES, database_url

import anonymize as an

KEY = bytes(range(32))
TABLE = pd.DataFrame(
    {"person": range(2000), "age": [number % 80 for number in range(2000)], "sex": ["f", "m", "f", "f"] * 500}
)
Ask = Callable[[pd.DataFrame, an.PrivacyAccount], object]
QUESTIONS: dict[str, Ask] = {
    "count": lambda df, account: an.private_count(df, epsilon=0.5, account=account, persons="person"),
    "histogram": lambda df, account: an.private_histogram(
        df, "sex", categories=["f"], epsilon=0.5, account=account, persons="person"
    ),
    "mean": lambda df, account: an.private_mean(
        df, "age", bounds=(0, 120), epsilon=0.5, account=account, persons="person"
    ),
    "quantile": lambda df, account: an.private_quantile(
        df, "age", q=0.5, candidates=range(100), epsilon=0.5, account=account, persons="person"
    ),
}


@pytest.fixture
def budget(tmp_path: Path) -> an.PrivacyBudget:
    return an.PrivacyBudget(f"sqlite:///{tmp_path / 'budget.db'}", epsilon=1.2, delta=1e-6, key=KEY)


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_every_statistic_is_charged_and_refused_when_the_budget_is_spent(
    budget: an.PrivacyBudget, ask: Ask
) -> None:
    account = budget.account("univ-x")
    ask(TABLE, account)
    ask(TABLE, account)
    with pytest.raises(an.BudgetExhaustedError, match=r"epsilon 0\.2 and delta 1e-06 are left") as told:
        ask(TABLE, account)
    assert told.value.epsilon_left == account.left[0] == 0.2
    ask(TABLE, budget.account("univ-y"))


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_persons_with_two_rows_are_refused_before_anything_is_charged(
    budget: an.PrivacyBudget, ask: Ask
) -> None:
    account = budget.account("univ-x")
    with pytest.raises(an.StatisticsError, match="more than one row"):
        ask(pd.concat([TABLE, TABLE[:1]]), account)
    assert account.left == (1.2, 1e-6)


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_an_empty_table_is_answered_like_any_other(budget: an.PrivacyBudget, ask: Ask) -> None:
    assert ask(TABLE[:0], budget.account("univ-x")) is not None


def test_statistics_are_near_the_truth(budget: an.PrivacyBudget) -> None:
    account = budget.account("univ-x")
    count = an.private_count(TABLE, epsilon=0.2, account=account)
    assert abs(count.value - 2000) < 200
    assert count.within == pytest.approx(14.98, abs=0.01)
    counts = an.private_histogram(TABLE, "sex", categories=["f", "x"], epsilon=0.2, account=account).counts
    assert list(counts) == ["f", "x", "(other)"]
    assert np.abs(np.array([*counts.values()]) - (1500, 0, 500)).max() < 200
    mean = an.private_mean(TABLE, "age", bounds=(0, 100), epsilon=0.4, account=account)
    assert abs(mean.value - 39.5) < 10
    median = an.private_quantile(TABLE, "age", q=0.5, candidates=range(100), epsilon=0.4, account=account)
    assert abs(median.value - 39.5) < 15


def test_noise_has_the_deviation_that_its_epsilon_says(budget: an.PrivacyBudget) -> None:
    noisy = an.private_histogram(
        TABLE, "sex", categories=range(1000), epsilon=0.1, account=budget.account("univ-x")
    )
    deviation = np.abs([noisy.counts[str(category)] for category in range(1000)]).mean()
    # The mean of 1000 absolute deviations of 10 each has deviation 0.32.
    assert 7.5 < deviation < 12.5


def test_values_beyond_the_bounds_count_as_the_bounds(budget: an.PrivacyBudget) -> None:
    df = pd.DataFrame({"x": [1e300] * 5000})
    found = an.private_mean(df, "x", bounds=(0, 10), epsilon=1, account=budget.account("univ-x"))
    assert 9 < found.value <= 10


@pytest.mark.parametrize(
    "ask",
    [
        lambda account: an.private_mean(TABLE, "age", bounds=(5, 5), epsilon=1, account=account),
        lambda account: an.private_mean(TABLE, "age", bounds=(0, np.inf), epsilon=1, account=account),
        lambda account: an.private_mean(TABLE, "sex", bounds=(0, 1), epsilon=1, account=account),
        lambda account: an.private_mean(TABLE, "height", bounds=(0, 1), epsilon=1, account=account),
        lambda account: an.private_quantile(TABLE, "age", q=2, candidates=[1, 2], epsilon=1, account=account),
        lambda account: an.private_quantile(
            TABLE, "age", q=0.5, candidates=[2, 1], epsilon=1, account=account
        ),
        lambda account: an.private_histogram(TABLE, "sex", categories=[], epsilon=1, account=account),
        lambda account: an.private_histogram(TABLE, "sex", categories=["f", "f"], epsilon=1, account=account),
        lambda account: an.private_count(TABLE, epsilon=0, account=account),
        lambda account: an.private_count(TABLE, epsilon=np.nan, account=account),
        lambda account: an.private_count(TABLE, epsilon=-1, account=account),
    ],
)
def test_impossible_requests_are_refused_and_not_charged(
    budget: an.PrivacyBudget, ask: Callable[[an.PrivacyAccount], object]
) -> None:
    account = budget.account("univ-x")
    with pytest.raises(an.StatisticsError):
        ask(account)
    assert account.left == (1.2, 1e-6)


def test_one_row_each_draws_any_of_a_persons_rows() -> None:
    df = pd.DataFrame({"person": ["a", "a", "b", None], "x": [1, 2, 3, 4]})
    drawn = [an.one_row_each(df, persons="person", rng=random.Random(seed)) for seed in range(40)]
    assert all(sorted(each["person"]) == ["a", "b"] for each in drawn)
    assert {x for each in drawn for x in each["x"]} == {1, 2, 3}


@pytest.mark.parametrize("kind", DATABASES)
def test_charges_at_the_same_time_never_overspend(kind: str, tmp_path: Path) -> None:
    url = database_url(kind) or f"sqlite:///{tmp_path / 'budget.db'}"
    an.PrivacyBudget(url, epsilon=2.0, key=KEY)

    def spend(_: int) -> int:
        budget, paid = an.PrivacyBudget(url, epsilon=2.0, key=KEY), 0
        for _ in range(5):
            try:
                budget.charge("univ-x", epsilon=0.1, statistic="count")
                paid += 1
            except an.BudgetExhaustedError:
                continue
        return paid

    with ThreadPoolExecutor(8) as pool:
        paid = sum(pool.map(spend, range(8)))
    assert paid == 20, "0.1 is paid exactly twenty times from 2.0, and all of it is spent"
    assert an.PrivacyBudget(url, epsilon=2.0, key=KEY).left("univ-x") == (0.0, 0.0)


def test_a_budget_that_was_put_back_is_not_used(tmp_path: Path) -> None:
    database, copy = tmp_path / "budget.db", tmp_path / "copy.db"

    def opened() -> an.PrivacyBudget:
        anchor = an.FileAnchor(tmp_path / "anchor.json")
        return an.PrivacyBudget(f"sqlite:///{database}", epsilon=1, key=KEY, anchor=anchor)

    opened()
    shutil.copy(database, copy)
    opened().charge("univ-x", epsilon=1, statistic="count")
    shutil.copy(copy, database)
    with pytest.raises(an.LedgerError, match="behind its anchor"):
        opened().charge("univ-x", epsilon=1, statistic="count")


SCHEMA = an.Schema(
    quasi={
        "age": an.Hierarchy.intervals([20, 40]),
        "sex": an.Hierarchy.mapping({"f": "person", "m": "person"}),
    },
    sensitive=["disease"],
    identifying=["person"],
)
SICK = TABLE.assign(disease=["flu", "cold"] * 1000, weight=50.0)


def released(df: pd.DataFrame, seed: int = 1, **change: object) -> an.PrivateRelease:
    asked = {"levels": {"age": 2, "sex": 0}, "epsilon": 1.0, "delta": 1e-6, "random": random.Random(seed)}
    return an.private_release(df, SCHEMA, **(asked | change))  # type: ignore[arg-type]  # some wrong on purpose


def test_private_release_shows_only_common_records_of_a_sample(budget: an.PrivacyBudget) -> None:
    found = released(SICK, account=budget.account("univ-x"), persons="person")
    assert list(found.frame.columns) == ["age", "sex", "disease"]
    assert found.frame.value_counts().min() >= found.k > 2
    assert abs(len(found.frame) - found.sampling * 2000) < 400
    assert found.delta <= 1e-6
    assert budget.left("univ-x") == (0.2, 0.0)


def test_private_release_leaves_rare_records_out() -> None:
    rare = SICK.assign(disease=["rare"] * 5 + ["flu"] * 1995)
    assert set(released(rare).frame["disease"]) == {"flu"}


def test_private_release_is_the_same_for_the_same_seed_only() -> None:
    assert released(SICK).frame.equals(released(SICK).frame)
    assert not released(SICK).frame.equals(released(SICK, 2).frame)


@pytest.mark.parametrize(
    "change",
    [
        {"levels": {"age": 2}},
        {"levels": {"age": 9, "sex": 0}},
        {"epsilon": 0.0},
        {"delta": 0.0},
        {"epsilon": 1e-9},
    ],
)
def test_impossible_private_release_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(an.StatisticsError):
        released(SICK, 1, **change)


def test_private_release_needs_hierarchies_that_do_not_depend_on_the_table() -> None:
    schema = an.Schema(quasi={"sex": an.Hierarchy.redaction()})
    with pytest.raises(an.StatisticsError, match="depends on the table"):
        an.private_release(SICK, schema, levels={"sex": 0}, epsilon=1.0, delta=1e-6)
