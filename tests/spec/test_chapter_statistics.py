"""Statistics

Counts, means, sums and quantiles that may leave. `StatisticsPolicy` has the thresholds; those below are its defaults.
"""

import random
from pathlib import Path

import pandas as pd
from support.spec import refused, shows

import anonymize as an

VISITS = pd.DataFrame(
    [("east", "flu", 5)] * 40
    + [("east", "gout", 9)] * 3
    + [("west", "flu", 6)] * 50
    + [("west", "gout", 8)] * 20
    + [("north", "flu", 4)] * 25
    + [("north", "gout", 7)] * 31,
    columns=["ward", "disease", "days"],
)
KEY = bytes(32)


def test_counts() -> None:
    """Counts

    Counts below 10 are hidden, zeros too, and as many others as it takes: from the counts and margins that are shown,
    no hidden one can be bounded more narrowly than by 10. Here three persons are protected by three other cells.
    """
    table = an.frequency_table(VISITS, by=["ward", "disease"])
    shows(
        table.frame,
        """
        | ward | disease | count |
        | --- | --- | --- |
        | east | flu |  |
        | east | gout |  |
        | east | (total) | 43 |
        | north | flu |  |
        | north | gout |  |
        | north | (total) | 56 |
        | west | flu | 50 |
        | west | gout | 20 |
        | west | (total) | 70 |
        | (total) | flu | 115 |
        | (total) | gout | 54 |
        | (total) | (total) | 169 |
    """,
    )


def test_intervals() -> None:
    """What an attacker computes

    Linear programmes give the least and the most that each hidden count can be.
    """
    table = an.frequency_table(VISITS, by=["ward", "disease"])
    shows(
        table.intervals(),
        """
        | ward | disease | least | most |
        | --- | --- | --- | --- |
        | east | flu | 9 | 43 |
        | east | gout | 0 | 34 |
        | north | flu | 22 | 56 |
        | north | gout | 0 | 34 |
    """,
    )


def test_rounded() -> None:
    """Rounded counts

    Every cell and margin is rounded to 5 by itself, so margins need not be sums; fewer cells have to be hidden.
    """
    table = an.rounded_frequency_table(VISITS, by=["ward", "disease"])
    shows(table.suppressed, "`1`")
    shows(table.count({"ward": "east", "disease": "flu"}), "`40`")
    shows(table.count({"ward": "east"}), "`45`")
    shows(table.count({}), "`170`")


def test_zeros() -> None:
    """Zeros, and public categories

    A zero tells of everybody in a row; a policy may publish them all the same. Categories that are public are given,
    so that whether a label occurs tells nothing.
    """
    policy = an.StatisticsPolicy(zeros=an.Zeros.PUBLISHED)
    wards = {"ward": ["east", "west", "north", "south"]}
    table = an.frequency_table(VISITS, by=["ward"], policy=policy, categories=wards)
    shows(
        table.frame,
        """
        | ward | count |
        | --- | --- |
        | east | 43 |
        | west | 70 |
        | north | 56 |
        | south | 0 |
        | (total) | 169 |
    """,
    )


def test_means() -> None:
    """Means and sums

    Hidden are those of fewer than 10 contributions, of groups in which everybody is the same, in which two
    contribute more than 85 % or in which the second largest contributor can tell the largest to 10 %.
    """
    shows(
        an.group_means(VISITS, "days", by=["ward"]).frame,
        """
        | ward | rows | mean |
        | --- | --- | --- |
        | east | 45 | 5.28 |
        | north | 55 | 5.66 |
        | west | 70 | 6.57 |
    """,
    )
    shows(
        an.group_sums(VISITS, "days", by=["disease"]).frame,
        """
        | disease | rows | sum |
        | --- | --- | --- |
        | flu | 115 | 600 |
        | gout | 55 | 404 |
    """,
    )


def test_quantiles() -> None:
    """Quantiles

    At least 10 rows lie before and behind a quantile that is shown, so the least and the greatest value never are.
    """
    found = an.group_quantiles(VISITS, "days", q=[0, 0.25, 0.5])
    shows(
        found.frame,
        """
        | rows | quantile 0 | quantile 0.25 | quantile 0.5 |
        | --- | --- | --- | --- |
        | 170 |  | 5 | 6 |
    """,
    )


def test_differences(tmp_path: Path) -> None:
    """Counts one after the other

    A ledger remembers whom each count was about. What sums and differences would tell of few persons is refused,
    and charged: after ten refusals nothing is counted for the recipient any more.
    """
    ledger = an.CountLedger(f"sqlite:///{tmp_path}/counts.sqlite", key=KEY)
    people = [f"p{number}" for number in range(100)]
    shows(ledger.count(people, recipient="univ-x"), "`100`")
    shows(ledger.count(people[:52], recipient="univ-x"), "`50`")
    with refused("""DifferencingError: The count for 'univ-x' is refused: it would tell too much together with
        earlier counts; ask for the same counts, or for other groups."""):
        ledger.count(people[52:99], recipient="univ-x")
    shows(ledger.refusals_left("univ-x"), "`9`")


def test_budget(tmp_path: Path) -> None:
    """Noise and its budget

    `private_count`, `private_histogram`, `private_mean` and `private_quantile` draw their noise with OpenDP. Each
    charges its epsilon to the recipient's budget, which is kept in a database, before it draws. Bounds, categories and
    candidates are given, never taken from the table.
    """
    budget = an.PrivacyBudget(f"sqlite:///{tmp_path}/budget.sqlite", epsilon=1.0, key=KEY)
    account = budget.account("univ-x")
    noisy = an.private_mean(VISITS, "days", bounds=(0, 30), epsilon=0.8, account=account)
    shows(noisy.epsilon, "`0.8`")
    with refused("""BudgetExhaustedError: The privacy budget of 'univ-x' does not pay for this: epsilon 0.2 and
        delta 0 are left. Ask for a statistic with a smaller epsilon and delta, or for none."""):
        an.private_count(VISITS, epsilon=0.5, account=account)


def test_private_release() -> None:
    """A differentially private table

    A random sample, recoded on levels that were chosen without the table, without records that fewer than k of the
    sample have. k and the share follow from epsilon and delta; the guarantee holds for whatever is in the table.
    """
    schema = an.Schema(
        quasi={"ward": an.Hierarchy.mapping({"east": "city", "west": "city", "north": "land"})},
        sensitive=["disease"],
    )
    year = pd.concat([VISITS] * 4)
    found = an.private_release(
        year,
        schema,
        levels={"ward": 1},
        epsilon=1.0,
        delta=1e-5,
        random=random.Random(1),  # a seed to show it
    )
    shows(found.k, "`16`")
    shows(found.sampling, "`0.2845`")
    shows(found.delta, "`8.126e-06`")
    shows(
        found.frame.drop_duplicates().sort_values(["ward", "disease"]),
        """
        | ward | disease |
        | --- | --- |
        | city | flu |
        | city | gout |
        | land | flu |
        | land | gout |
    """,
    )
