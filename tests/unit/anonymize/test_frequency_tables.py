"""Tables of counts: what is hidden, what is told, and what is refused."""

import pandas as pd
import pytest

import anonymize as an

EXACT = an.StatisticsPolicy(zeros=an.Zeros.PUBLISHED)


def of(cells: dict[tuple[str, str], int]) -> pd.DataFrame:
    rows = [cell for cell, count in cells.items() for _ in range(count)]
    return pd.DataFrame(rows, columns=["ward", "disease"])


GRID = of(
    {
        ("east", "flu"): 40,
        ("east", "rare"): 3,
        ("east", "cold"): 30,
        ("west", "flu"): 50,
        ("west", "rare"): 20,
        ("west", "cold"): 60,
        ("north", "flu"): 25,
        ("north", "rare"): 30,
        ("north", "cold"): 45,
    }
)


def test_one_small_count_hides_three_others_and_no_margin() -> None:
    table = an.frequency_table(GRID, by=["ward", "disease"], policy=EXACT)
    assert table.count({"ward": "east", "disease": "rare"}) is None
    assert table.suppressed == 4
    assert table.count({}) == 303
    assert [table.count({"ward": ward}) for ward in ("east", "north", "west")] == [73, 100, 130]


def test_rounding_leaves_the_cells_beside_a_small_count() -> None:
    table = an.rounded_frequency_table(GRID, by=["ward", "disease"])
    assert table.suppressed == 1
    assert table.count({"ward": "east", "disease": "rare"}) is None
    assert table.count({}) == 305
    assert table.count({"ward": "west"}) == 130


def test_counts_round_halves_up() -> None:
    values = [letter for letter, count in zip("abcd", (10, 12, 13, 14), strict=True) for _ in range(count)]
    table = an.rounded_frequency_table(pd.DataFrame({"x": values}), by=["x"])
    assert table.frame["count"].tolist() == [10, 10, 15, 15, 50]


def test_result_holds_no_hidden_count() -> None:
    table = an.frequency_table(GRID, by=["ward", "disease"], policy=EXACT)
    assert sorted(table._published[table._published < 10].tolist()) == [-1] * 4


def test_intervals_are_the_attackers_own() -> None:
    limits = an.frequency_table(GRID, by=["ward", "disease"], policy=EXACT).intervals()
    assert len(limits) == 4
    assert ((limits["most"] - limits["least"]) >= 10).all()
    east = limits[(limits["ward"] == "east") & (limits["disease"] == "rare")]
    assert east["least"].item() <= 3 <= east["most"].item()


def test_zeros_are_hidden_unless_the_policy_publishes_them() -> None:
    df = GRID[(GRID["ward"] != "east") | (GRID["disease"] != "rare")]
    assert (
        an.frequency_table(df, by=["ward", "disease"], policy=EXACT).count(
            {"ward": "east", "disease": "rare"}
        )
        == 0
    )
    hidden = an.frequency_table(df, by=["ward", "disease"])
    assert hidden.count({"ward": "east", "disease": "rare"}) is None
    assert hidden.suppressed == 4


def test_public_categories_are_shown_whether_or_not_they_occur() -> None:
    table = an.frequency_table(
        GRID, by=["ward"], policy=EXACT, categories={"ward": ["west", "east", "north", "south"]}
    )
    assert table.frame["ward"].tolist() == ["west", "east", "north", "south", "(total)"]
    assert table.frame["count"].tolist() == [130, 73, 100, 0, 303]


def test_missing_values_are_a_category() -> None:
    df = pd.DataFrame({"x": ["a"] * 20 + [None] * 15})
    assert an.frequency_table(df, by=["x"]).frame["x"].tolist() == ["a", "(missing)", "(total)"]


def test_numbers_keep_their_order() -> None:
    df = pd.DataFrame({"x": [10, 9, 100] * 20})
    assert an.frequency_table(df, by=["x"]).frame["x"].tolist() == ["9", "10", "100", "(total)"]


def test_table_of_three_columns_is_protected() -> None:
    df = pd.concat([GRID.assign(sex="f"), GRID[::2].assign(sex="m")])
    table = an.frequency_table(df, by=["ward", "disease", "sex"], policy=EXACT)
    limits = table.intervals()
    assert table.count({"ward": "east", "disease": "rare", "sex": "f"}) is None
    assert (limits["most"] - limits["least"] >= 10).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"by": []}, "one to three"),
        ({"by": "ward"}, "one to three"),
        ({"by": ["ward", "ward"]}, "one to three"),
        ({"by": ["ward"], "categories": {"disease": ["flu"]}}, "is not counted by"),
        ({"by": ["ward"], "categories": {"ward": ["east", "west"]}}, "row 203: 'north' is not among"),
        ({"by": ["ward"], "persons": "disease"}, "more than one row"),
    ],
)
def test_unusable_request_is_named(change: dict[str, object], says: str) -> None:
    with pytest.raises(an.StatisticsError, match=says):
        an.frequency_table(GRID, **change)  # type: ignore[arg-type]  # wrong on purpose


def test_reserved_label_is_refused() -> None:
    with pytest.raises(an.StatisticsError, match="reserved label"):
        an.frequency_table(pd.DataFrame({"x": ["(total)"] * 20}), by=["x"])


def test_table_too_large_to_protect_is_refused_at_once() -> None:
    df = pd.DataFrame({"x": range(200), "y": range(200)})
    with pytest.raises(an.StatisticsError, match="40401 cells"):
        an.frequency_table(df, by=["x", "y"])


def test_table_with_nothing_to_show_is_refused() -> None:
    with pytest.raises(an.UnsafeStatisticError, match="No cell"):
        an.frequency_table(GRID[:9], by=["ward"])


@pytest.mark.parametrize(
    "change",
    [
        {"minimum_count": 1},
        {"minimum_count": True},
        {"rounding": 0},
        {"rounding": 11},
        {"protection": 0},
        {"p_percent": 0.0},
        {"digits": 0},
    ],
)
def test_policy_that_makes_no_sense_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(an.StatisticsError):
        an.StatisticsPolicy(**change)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(("n", "k"), [(0, 0.5), (2, 0.0), (2, 1.5)])
def test_dominance_that_makes_no_sense_is_refused(n: int, k: float) -> None:
    with pytest.raises(an.StatisticsError):
        an.Dominance(n=n, k=k)
