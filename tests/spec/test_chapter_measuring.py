"""Measuring

`measure` tells how exposed the rows of a table are as it stands, without asking for any model.
"""

from dataclasses import asdict

import pandas as pd
from support.spec import refused, shows

import anonymize as an

PATIENTS = pd.DataFrame(
    {
        "age": [20, 20, 20, 30, 30, 41],
        "sex": ["f", "f", "f", "m", "m", "f"],
        "disease": ["flu", "flu", "ulcer", "flu", "flu", "asthma"],
    }
)


def test_measures() -> None:
    """What is measured

    A *class* is all rows that agree in the quasi-identifiers. `k` is the size of the smallest, `l` the least number
    of different sensitive values in one. The prosecutor knows that a person is in the table and looks for the row:
    the risk is 1 over the class's size.
    """
    found = an.measure(PATIENTS, quasi=["age", "sex"], sensitive=["disease"])
    shows(found.k, "`1`")
    shows(found.l["disease"], "`1`")
    shows(
        found.to_dict()["prosecutor"],
        """
        |  |  |
        | --- | --- |
        | highest | 1 |
        | average | 0.5 |
        | unique_rows | 1 |
        """,
    )


def test_sensitive() -> None:
    """What classes tell of a sensitive column

    Each figure is the parameter of a model that the table as it stands just meets: `t` of t-closeness (`t_ordered`
    where values are numbers), `beta` of β-likeness, `entropy_l` and `recursive` of the forms of l-diversity.
    `delta` looks at values that occur in a class; δ-disclosure privacy asks for `complete` classes besides, in which
    every value occurs. A figure that no number reaches is `None`.
    """
    found = asdict(an.measure(PATIENTS, quasi=["sex"], sensitive=["disease"]).sensitive["disease"])
    shows(
        found.pop("recursive"),
        """
        |  |  |
        | --- | --- |
        | l | 1 |
        | c | 1 |
        """,
    )
    shows(
        found,
        """
        |  |  |
        | --- | --- |
        | distinct_l | 1 |
        | entropy_l | 1 |
        | t | 0.3333 |
        | t_ordered |  |
        | beta | 0.5 |
        | enhanced_beta |  |
        | delta | 0.4055 |
        | complete | False |
        """,
    )


def test_missing() -> None:
    """Missing values

    Rows without a value are alike.
    """
    patients = pd.DataFrame({"age": [20, 20, None, None]})
    shows(an.measure(patients, quasi=["age"]).k, "`2`")


def test_refused() -> None:
    """What cannot be measured

    Is told before anything is counted.
    """
    with refused("SchemaError: The table has no column 'town'; correct the name or the table."):
        an.measure(PATIENTS, quasi=["town"])
    with refused("SchemaError: Column 'age' has two roles; leave it in one."):
        an.measure(PATIENTS, quasi=["age"], sensitive=["age"])
