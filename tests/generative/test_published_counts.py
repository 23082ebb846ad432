"""Published tables of counts against every table that agrees with them."""

import itertools

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import anonymize as an

SETTINGS = settings(max_examples=120, deadline=None)
Counts = NDArray[np.int64]


@st.composite
def tables(draw: st.DrawFn, *, shapes: tuple[tuple[int, ...], ...], most: int) -> Counts:
    shape = draw(st.sampled_from(shapes))
    size = int(np.prod(shape))
    return np.array(draw(st.lists(st.integers(0, most), min_size=size, max_size=size))).reshape(shape)


def rows(counts: Counts) -> pd.DataFrame:
    cells = [cell for cell in np.ndindex(counts.shape) for _ in range(counts[cell])]
    return pd.DataFrame(cells, columns=names(counts))


def names(counts: Counts) -> list[str]:
    return list("abc"[: counts.ndim])


def with_margins(tables: Counts) -> Counts:
    """Shape: tables one behind the other; one row each, the margins last along every axis."""
    for axis in range(1, tables.ndim):
        tables = np.concatenate([tables, tables.sum(axis=axis, keepdims=True)], axis=axis)
    return tables.reshape(len(tables), -1)


def consistent(published: list[int | None], shape: tuple[int, ...], *, least: int, most: int) -> Counts:
    """All tables of counts up to `most` that agree with what is published, margins included."""
    values = np.array(list(itertools.product(range(most + 1), repeat=int(np.prod(shape)))))
    every = with_margins(values.reshape(-1, *shape))
    agrees = np.ones(len(every), dtype=bool)
    for cell, count in enumerate(published):
        agrees &= every[:, cell] >= least if count is None else every[:, cell] == count
    return every[agrees]


def published(table: an.FrequencyTable) -> list[int | None]:
    return [None if pd.isna(count) else int(count) for count in table.frame["count"]]


@SETTINGS
@given(
    tables(shapes=((2,), (4,), (2, 2), (2, 3), (2, 2, 2)), most=2),
    st.sampled_from(an.Zeros),
    st.integers(1, 2),
)
def test_every_hidden_count_has_consistent_tables_as_far_apart_as_the_policy_says(
    counts: Counts, zeros: an.Zeros, protection: int
) -> None:
    policy = an.StatisticsPolicy(minimum_count=2, rounding=1, protection=protection, zeros=zeros)
    public = {name: list(range(length)) for name, length in zip("abc", counts.shape, strict=False)}
    try:
        table = an.frequency_table(rows(counts), by=names(counts), policy=policy, categories=public)
    except (an.UnsafeStatisticError, an.SchemaError):
        return
    shown = published(table)
    true = with_margins(counts[np.newaxis])[0]
    least = int(zeros is an.Zeros.PUBLISHED)
    assert all(count in (None, real) for count, real in zip(shown, true, strict=True))
    assert all(count is None for count, real in zip(shown, true, strict=True) if least <= real < 2)
    most = {8: 3, 6: 4}.get(counts.size, 6)  # enumerating more only widens what is possible
    worlds = consistent(shown, counts.shape, least=least, most=most)
    assert any((world == true).all() for world in worlds)
    limits = table.intervals()
    spread = worlds.max(axis=0) - worlds.min(axis=0)
    for at, cell in enumerate(cell for cell, count in enumerate(shown) if count is None):
        lower, upper = limits["least"].iloc[at], limits["most"].iloc[at]
        assert pd.isna(upper) or upper - lower >= protection
        assert lower <= worlds[:, cell].min()
        assert pd.isna(upper) or upper >= worlds[:, cell].max()
        assert spread[cell] > 0, "no hidden count is determined"


@SETTINGS
@given(tables(shapes=((3,), (2, 3), (3, 4)), most=40), st.sampled_from(an.Zeros))
def test_rounded_tables_bound_no_hidden_count_either(counts: Counts, zeros: an.Zeros) -> None:
    policy = an.StatisticsPolicy(zeros=zeros)
    try:
        table = an.rounded_frequency_table(rows(counts), by=names(counts), policy=policy)
    except (an.UnsafeStatisticError, an.SchemaError):
        return
    shown = [count for count in published(table) if count is not None]
    assert all(
        count % 5 == 0 and (count >= 10 or (zeros is an.Zeros.PUBLISHED and count == 0)) for count in shown
    )
    limits = table.intervals()
    width = (limits["most"] - limits["least"]).dropna()
    assert (width >= 5).all()
