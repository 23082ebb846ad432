"""Attacks on published statistics: RI7 and RI9."""

import random
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

import anonymize as an

WARDS = ("a", "b", "c", "d", "e")
DISEASES = ("flu", "cold", "gout", "rare")
POLICY = an.StatisticsPolicy(zeros=an.Zeros.PUBLISHED)


def hospital(seed: int) -> pd.DataFrame:
    draw = random.Random(seed)
    rows = [
        (draw.choices(WARDS, (9, 7, 5, 3, 1))[0], draw.choices(DISEASES, (60, 30, 8, 3))[0])
        for _ in range(900)
    ]
    return pd.DataFrame(rows, columns=["ward", "disease"])


@pytest.mark.parametrize("seed", range(4))
def test_linear_programmes_over_cells_and_margins_determine_no_hidden_count(seed: int) -> None:
    """RI7: LP bounds on each suppressed cell, from the published frame alone, by a programme of the attacker's own."""
    df = hospital(seed)
    table = an.frequency_table(df, by=["ward", "disease"], policy=POLICY)
    told: dict[tuple[str, str], int | None] = {
        (ward, disease): None if pd.isna(count) else int(count)
        for ward, disease, count in table.frame.itertuples(index=False, name=None)
    }
    inner = list(product(WARDS, DISEASES))
    equations, values = [], []
    for (ward, disease), count in told.items():
        if count is not None:
            equations.append([ward in (a, "(total)") and disease in (b, "(total)") for a, b in inner])
            values.append(count)
    assert len(values) < len(told), "something is hidden"
    for cell in (cell for cell in inner if told[cell] is None):
        goal = np.array([float(each == cell) for each in inner])
        ends = [
            linprog(sign * goal, A_eq=np.array(equations, dtype=float), b_eq=values, bounds=(0, None))
            for sign in (1, -1)
        ]
        low, high = ends[0].fun, (np.inf if ends[1].status == 3 else -ends[1].fun)
        assert high - low >= 10


def test_the_rest_of_a_row_does_not_tell_its_only_small_count() -> None:
    """RI7: total minus the other cells."""
    df = pd.DataFrame({"ward": ["a"] * 40 + ["b"] * 3 + ["c"] * 25})
    frame = an.frequency_table(df, by=["ward"], policy=POLICY).frame
    assert frame["count"].isna().sum() == 2


def test_a_row_whose_count_is_its_margin_tells_nothing_of_everybody_in_it() -> None:
    """RI7: hidden zeros that follow from a cell that is as large as its margin."""
    df = pd.DataFrame(
        {"ward": ["a"] * 30 + ["b"] * 60, "disease": ["flu"] * 30 + ["flu"] * 30 + ["cold"] * 30}
    )
    limits = an.frequency_table(df, by=["ward", "disease"]).intervals()
    cell = limits[(limits["ward"] == "a") & (limits["disease"] == "cold")]
    assert cell["least"].item() == 0
    assert pd.isna(cell["most"].item()) or cell["most"].item() >= 10


@pytest.fixture
def counts(tmp_path: Path) -> an.CountLedger:
    return an.CountLedger(f"sqlite:///{tmp_path / 'counts.db'}", key=bytes(32))


PEOPLE = [f"p{number}" for number in range(200)]


def test_everybody_but_one_is_not_counted_after_everybody(counts: an.CountLedger) -> None:
    """RI2, RI7: two nested sets that differ by one person, in either order."""
    for person, group in (("univ-x", [PEOPLE, PEOPLE[1:]]), ("univ-y", [PEOPLE[1:], PEOPLE])):
        counts.count(group[0], recipient=person)
        with pytest.raises(an.DifferencingError):
            counts.count(group[1], recipient=person)


def test_parts_of_a_whole_are_not_counted_when_few_are_left_over(counts: an.CountLedger) -> None:
    """RI7: a total minus disjoint parts."""
    for group in (PEOPLE, PEOPLE[:60], PEOPLE[60:120]):
        counts.count(group, recipient="univ-x")
    with pytest.raises(an.DifferencingError):
        counts.count(PEOPLE[120:195], recipient="univ-x")


def test_a_person_hidden_behind_four_overlapping_groups_is_not_counted(counts: an.CountLedger) -> None:
    """RI7: (a, b, one) - (b, c) - (a, d) + (c, d) is one person; no two of the sets are nested."""
    a, b, c, d = PEOPLE[:50], PEOPLE[50:100], PEOPLE[100:125], PEOPLE[125:150]
    for group in ([*a, *b, "one"], [*b, *c], [*a, *d]):
        counts.count(group, recipient="univ-x")
    with pytest.raises(an.DifferencingError):
        counts.count([*c, *d], recipient="univ-x")


def test_refused_counts_tell_no_number(counts: an.CountLedger) -> None:
    """RI5, RI9: the same words whether one person is left over or nine, or nobody is counted."""
    told = set()
    for number, few in enumerate((0, 1, 9)):
        with pytest.raises(an.DifferencingError) as refused:
            counts.count(PEOPLE[:few], recipient="univ-x")
        told.add(str(refused.value))
        assert counts.refusals_left("univ-x") == 9 - number
    assert len(told) == 1


@pytest.mark.parametrize("members", [1, 9])
def test_rare_groups_show_neither_count_nor_mean_nor_quantile(members: int) -> None:
    """RI9: one hospital, one product lot, one day; minimum, maximum and mean over fewer than k."""
    df = pd.DataFrame({"lot": ["A"] * 100 + ["B"] * members, "dose": range(100 + members)})
    assert an.frequency_table(df, by=["lot"]).count({"lot": "B"}) is None
    for table in (
        an.group_means(df, "dose", by=["lot"]),
        an.group_sums(df, "dose", by=["lot"]),
        an.group_quantiles(df, "dose", q=[0, 0.5, 1], by=["lot"]),
    ):
        rare = table.frame.set_index("lot").loc["B"]
        assert rare.isna().all()


def test_extremes_of_large_groups_are_hidden_too() -> None:
    """RI9: minimum and maximum as quantiles 0 and 1."""
    df = pd.DataFrame({"dose": range(1000)})
    found = an.group_quantiles(df, "dose", q=[0, 0.001, 0.999, 1]).frame
    assert found.drop(columns="rows").isna().all(axis=None)


def test_share_of_a_flag_is_not_a_mean() -> None:
    """RI9: a count of three persons as the mean of a column of zeros and ones."""
    df = pd.DataFrame({"positive": [1] * 3 + [0] * 97})
    with pytest.raises(an.StatisticsError, match="frequency_table"):
        an.group_means(df, "positive")
