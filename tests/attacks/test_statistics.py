"""Attacks on published statistics: RI7 and RI9."""

import random
from itertools import product

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
    told = {(row.ward, row.disease): row.count for row in table.frame.itertuples(name="Told", index=False)}
    inner = list(product(WARDS, DISEASES))
    equations, values = [], []
    for (ward, disease), count in told.items():
        if count is not pd.NA:
            equations.append([ward in (a, "(total)") and disease in (b, "(total)") for a, b in inner])
            values.append(count)
    assert len(values) < len(told), "something is hidden"
    for cell in (cell for cell in inner if told[cell] is pd.NA):
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
