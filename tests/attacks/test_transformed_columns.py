"""Who knows an extreme or an exact value looks for it in a table whose columns were transformed."""

import numpy as np
import pandas as pd

import anonymize as an


def incomes() -> pd.DataFrame:
    chosen = np.random.default_rng(9)
    income = np.append(chosen.lognormal(10, 0.4, 499).round(), 9_000_000.0)
    return pd.DataFrame({"income": income, "age": chosen.integers(20, 90, 500)})


def test_rarest_number_hides_among_the_rows_at_the_limit() -> None:
    """RI9: the attacker knows that the target earns most, and finds as many rows as were asked for."""
    table = incomes()
    top = an.TopCoding.at_quantile(table["income"], share=0.01, minimum_count=10)
    found = top.apply(table["income"])
    assert (found == found.max()).sum() >= 10
    assert (table["income"] == table["income"].max()).sum() == 1


def test_exact_values_known_of_a_person_fit_no_single_row() -> None:
    """RI9: both columns known exactly; the nearest row released is one of at least five alike."""
    table = incomes()
    columns = ["income", "age"]
    found = an.MicroAggregation(5).apply(table, columns)
    spread = table[columns].std()
    for known in table[columns].iloc[::25].itertuples(index=False):
        off = (((found[columns] - list(known)) / spread) ** 2).sum(axis=1)
        nearest = found[columns].iloc[int(off.to_numpy().argmin())]
        assert (found[columns] == nearest).all(axis=1).sum() >= 5
