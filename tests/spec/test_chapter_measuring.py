"""Measuring

`measure` tells how exposed the rows of a table are as it stands, without asking for any model.
"""

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
