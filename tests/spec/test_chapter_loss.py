"""Loss

How much of what a table told is gone: 0 for the table as it was, 1 when everything is suppressed. The search looks
for the least loss. Per quasi-identifier it is the mean share of all values that a cell may still stand for, the value
alone counting as nothing; over the quasi-identifiers it is the geometric mean of (1 + loss), less 1.
"""

import pandas as pd
from support.spec import shows

import anonymize as an

PATIENTS = pd.DataFrame({"age": [20, 21, 22, 23], "sex": ["f", "f", "m", "m"]})
SCHEMA = an.Schema(quasi={"age": an.Hierarchy.intervals([2]), "sex": an.Hierarchy.suppression()})


def test_levels() -> None:
    """By level

    The table has four ages. On level 1 a cell stands for two of them: (2/4 - 1/4) / (1 - 1/4) = 1/3. Two columns,
    one of them kept: the square root of (1 + 1/3) · (1 + 0), less 1.
    """
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(1)], levels={"age": 0, "sex": 0}).loss, "`0`")
    shows(
        an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(1)], levels={"age": 1, "sex": 0}).loss,
        "`0.1547`",
    )
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(1)], levels={"age": 2, "sex": 1}).loss, "`1`")


def test_suppressed() -> None:
    """Suppressed rows

    A suppressed cell may stand for anything: its share is 1.
    """
    odd = pd.DataFrame({"age": [20, 21, 20, 21, 20, 21, 80, 90]})
    ages = an.Schema(quasi={"age": an.Hierarchy.intervals([2])})
    result = an.anonymize(odd, ages, models=[an.KAnonymity(2)], suppression_limit=0.25)
    shows(
        result.frame,
        r"""
        | age |
        | --- |
        | 20 |
        | 21 |
        | 20 |
        | 21 |
        | 20 |
        | 21 |
        | \* |
        | \* |
        """,
    )
    shows(result.loss, "`0.25`")


def test_other_losses() -> None:
    """Other losses

    `Precision` counts steps up the hierarchies, `NormalisedEntropy` how surely the values are known still,
    `Discernibility` how many rows a row cannot be told from, `AverageClassSize` what its name says. Each is 0 for the
    table as it was and 1 when everything is suppressed, and under each the search finds the least. Here all ages
    stand in pairs and the sex is kept.
    """
    chosen = {"age": 1, "sex": 0}
    precision = an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(2)], levels=chosen, loss=an.Precision())
    shows(precision.loss, "`0.25`")
    entropy = an.anonymize(
        PATIENTS, SCHEMA, models=[an.KAnonymity(2)], levels=chosen, loss=an.NormalisedEntropy()
    )
    shows(entropy.loss, "`0.25`")
    told_apart = an.anonymize(
        PATIENTS, SCHEMA, models=[an.KAnonymity(2)], levels=chosen, loss=an.Discernibility()
    )
    shows(told_apart.loss, "`0.3333`")
    large = an.anonymize(
        PATIENTS, SCHEMA, models=[an.KAnonymity(2)], levels=chosen, loss=an.AverageClassSize()
    )
    shows(large.loss, "`0.3333`")


def test_weights() -> None:
    """Weights

    A column that matters more is given a weight; the others count 1.
    """
    pairs = pd.DataFrame({"age": [20, 21, 20, 21], "sex": ["f", "f", "m", "m"]})
    ages = an.Hierarchy.intervals([2])
    schema = an.Schema(quasi={"age": ages, "sex": an.Hierarchy.suppression()})
    result = an.anonymize(pairs, schema, models=[an.KAnonymity(2)], loss=an.Loss({"age": 3.0}))
    shows(
        result.frame,
        r"""
        | age | sex |
        | --- | --- |
        | 20 | \* |
        | 21 | \* |
        | 20 | \* |
        | 21 | \* |
        """,
    )
