"""Reporting

`result.report` says what was asked, what is guaranteed, what risk is left and what was lost, without any value of the
table. `result.write_report` writes more of it, as JSON or as a page for people, by the ending of the file's name.
"""

from typing import Any

import pandas as pd
from support.spec import refused, shows

import anonymize as an

PATIENTS = pd.DataFrame(
    {
        "age": [20, 21, 22, 23, 70, 81],
        "sex": ["f", "f", "m", "m", "f", "m"],
        "disease": ["flu", "ulcer", "flu", "flu", "gout", "flu"],
    }
)
SCHEMA = an.Schema(
    quasi={"age": an.Hierarchy.intervals([2]), "sex": an.Hierarchy.suppression()}, sensitive=["disease"]
)


def test_guarantees() -> None:
    """What is guaranteed

    One plain sentence for each model, in English and Japanese, and one for the suppressed rows.
    """
    result = an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(2)], suppression_limit=0.4)
    promised: Any = result.report["guaranteed"]
    shows(
        promised[0]["en"],
        "`Whoever knows all quasi-identifiers of a person finds at least 2 rows that may be the person's.`",
    )
    shows(promised[0]["block_en"], "`The suppressed rows, as a class of their own, satisfy it too.`")


def test_risks() -> None:
    """What risk is left

    The *prosecutor* knows that a person is in the table. The *journalist* does not; as no other population is known,
    the figure is the same, an upper bound. The *marketer* links all rows and counts how many links are right.
    """
    result = an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(2)], suppression_limit=0.4)
    risk: Any = result.report["risk"]
    shows(
        risk["after"]["prosecutor"],
        """
        |  |  |
        | --- | --- |
        | highest | 0.5 |
        | average | 0.5 |
        """,
    )
    shows(risk["after"]["marketer"]["average"], "`0.5`")
    shows(risk["before"]["prosecutor"]["highest"], "`1`")


def test_written() -> None:
    """What a written report adds

    All losses, digests of the table that came and the table that leaves, which do not depend on the order of rows,
    and what software sees of legal rules. With the part of the population that the table holds
    (`sampling_fraction`), also how many people are estimated to be unique in it. The page loads and runs nothing;
    its example rows are released ones and show quasi-identifiers only.
    """
    result = an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(2)], suppression_limit=0.4)
    losses: Any = result.full_report()["losses"]
    shows(
        losses,
        """
        |  |  |
        | --- | --- |
        | granularity | 0.3984 |
        | precision | 0.5 |
        | normalised entropy | 0.4623 |
        | discernibility | 0.4667 |
        | average class size | 0.2 |
        """,
    )
    with refused("FileFormatError: A report is written to a file that ends in .json or .html; rename it."):
        result.write_report("report.pdf")
