"""Models

A model is a condition that every class of the released table satisfies; several may be asked for at once. In the
examples one quasi-identifier has two classes: on level 0 they stay apart, on level 1 they are one.
"""

import pandas as pd
from support.spec import refused, shows

import anonymize as an

PATIENTS = pd.DataFrame(
    {
        "age": ["young"] * 4 + ["old"] * 6,
        "disease": ["flu", "flu", "flu", "ulcer", "flu", "flu", "ulcer", "ulcer", "asthma", "asthma"],
        "days": ["2", "2", "3", "9", "2", "3", "9", "9", "14", "14"],
    }
)
SCHEMA = an.Schema(quasi={"age": an.Hierarchy.suppression()}, sensitive=["disease", "days"])


def test_k() -> None:
    """k-anonymity

    Every class has at least k rows: who knows a person's quasi-identifiers finds k rows that may be the person's.
    """
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(4)]).levels["age"], "`0`")
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(5)]).levels["age"], "`1`")


def test_distinct() -> None:
    """Distinct l-diversity

    Every class shows at least l different values, however rare some of them are.
    """
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.DistinctLDiversity("disease", 2)]).levels["age"], "`0`")
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.DistinctLDiversity("disease", 3)]).levels["age"], "`1`")


def test_entropy() -> None:
    """Entropy l-diversity

    Every class leaves as much doubt as l equally likely values would. Three of the four young have the flu, which
    leaves less doubt than two equally likely values.
    """
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.EntropyLDiversity("disease", 1.7)]).levels["age"], "`0`")
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.EntropyLDiversity("disease", 2)]).levels["age"], "`1`")


def test_recursive() -> None:
    """Recursive (c,l)-diversity

    The most frequent value of a class is rarer than c times all from the l-th most frequent on.
    """
    shows(
        an.anonymize(PATIENTS, SCHEMA, models=[an.RecursiveDiversity("disease", l=2, c=4)]).levels["age"],
        "`0`",
    )
    shows(
        an.anonymize(PATIENTS, SCHEMA, models=[an.RecursiveDiversity("disease", l=2, c=3)]).levels["age"],
        "`1`",
    )


def test_closeness() -> None:
    """t-closeness

    The distribution of the values in every class is within t of the whole table's. Without a distance, any two
    values are equally far apart; `Ordered` counts how many ranks apart numbers are.
    """
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.TCloseness("disease", 0.3)]).levels["age"], "`0`")
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.TCloseness("disease", 0.2)]).levels["age"], "`1`")
    shows(
        an.anonymize(PATIENTS, SCHEMA, models=[an.TCloseness("days", 0.2, an.Ordered())]).levels["age"], "`1`"
    )


def test_beta() -> None:
    """β-likeness

    No value is more than 1 + β times as frequent in a class as in the whole table; `EnhancedBetaLikeness` allows
    frequent values less. Asthma is a fifth of all rows and a third of the old ones: a gain of two thirds.
    """
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.BasicBetaLikeness("disease", 0.7)]).levels["age"], "`0`")
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.BasicBetaLikeness("disease", 0.6)]).levels["age"], "`1`")
    shows(
        an.anonymize(PATIENTS, SCHEMA, models=[an.EnhancedBetaLikeness("disease", 0.7)]).levels["age"], "`0`"
    )


def test_delta() -> None:
    """δ-disclosure privacy

    Every class shows every value, less than e^δ times more or less often than the whole table does. No young
    person has asthma, so no δ is enough for these two classes.
    """
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.DeltaDisclosure("disease", 9)]).levels["age"], "`1`")


EVERYBODY = pd.DataFrame({"age": ["young"] * 20 + ["old"] * 7})


def test_k_map() -> None:
    """k-map and δ-presence: beside a population

    A population has a row for everybody who could be in the table. Whoever does not know who is in it finds, for
    every class, at least k persons of the population who are written like it (`KMap`); and of these a share between
    `low` and `high` is in the table (`DeltaPresence`). Six of seven old people are, four of twenty young ones.
    """
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.KMap(7, EVERYBODY)]).levels["age"], "`0`")
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.KMap(8, EVERYBODY)]).levels["age"], "`1`")
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.DeltaPresence(0, 0.9, EVERYBODY)]).levels["age"], "`0`")
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.DeltaPresence(0, 0.5, EVERYBODY)]).levels["age"], "`1`")


def test_risk() -> None:
    """Risk of the worst row, and on average

    The prosecutor knows that a person is in the table: a row's risk is 1 over the rows of its class. The journalist
    does not, and looks among the population. The marketer links all rows, and is right on average.
    """
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.MaximalRisk(0.25)]).levels["age"], "`0`")
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.MaximalRisk(0.2)]).levels["age"], "`1`")
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.MaximalRisk(0.2, EVERYBODY)]).levels["age"], "`0`")
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.AverageRisk(0.2)]).levels["age"], "`0`")
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.AverageRisk(0.1)]).levels["age"], "`1`")


def test_sensitive() -> None:
    """What a model looks at is sensitive

    A schema that does not say so is wrong, and so is a parameter that no class could be measured by.
    """
    with refused("ModelError: A model looks at 'age', which the schema does not call sensitive; add it."):
        an.anonymize(PATIENTS, SCHEMA, models=[an.DistinctLDiversity("age", 2)])
    with refused("ModelError: k must be a whole number of at least 1; give for example k=5."):
        an.KAnonymity(0)
