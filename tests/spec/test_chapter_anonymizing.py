"""Anonymising

`anonymize` finds, among all combinations of levels, the one with the least loss that satisfies all models, and
returns the table on these levels. It is the optimum: every other allowed combination loses more or fails.
"""

import pandas as pd
from support.spec import refused, shows

import anonymize as an

PATIENTS = pd.DataFrame(
    {
        "age": [21, 22, 24, 25, 36, 38, 39, 71],
        "sex": ["f", "f", "m", "m", "f", "f", "m", "m"],
        "disease": ["flu", "flu", "ulcer", "flu", "flu", "asthma", "flu", "ulcer"],
    }
)
SCHEMA = an.Schema(
    quasi={"age": an.Hierarchy.intervals([10, 20, 40]), "sex": an.Hierarchy.suppression()},
    sensitive=["disease"],
)


def test_optimum() -> None:
    """The least loss

    Every class of the result has at least two rows.
    """
    result = an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(2)])
    shows(
        result.frame,
        r"""
        | age | sex | disease |
        | --- | --- | --- |
        | \* | f | flu |
        | \* | f | flu |
        | \* | m | ulcer |
        | \* | m | flu |
        | \* | f | flu |
        | \* | f | asthma |
        | \* | m | flu |
        | \* | m | ulcer |
        """,
    )
    shows(
        result.levels,
        """
        |  |  |
        | --- | --- |
        | age | 4 |
        | sex | 0 |
        """,
    )
    shows(result.loss, "`0.4142`")


def test_suppression() -> None:
    """Suppression

    Rows of classes that fail may be suppressed in all quasi-identifiers, up to a share of all rows. They are a class
    too, which has to satisfy the models that count: a single outlier is suppressed together with the rows that cost
    least.
    """
    result = an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(2)], suppression_limit=0.5)
    shows(
        result.frame,
        r"""
        | age | sex | disease |
        | --- | --- | --- |
        | [20, 30) | f | flu |
        | [20, 30) | f | flu |
        | [20, 30) | m | ulcer |
        | [20, 30) | m | flu |
        | [30, 40) | f | flu |
        | [30, 40) | f | asthma |
        | \* | \* | flu |
        | \* | \* | ulcer |
        """,
    )
    shows(result.suppressed, "`2`")


def test_block() -> None:
    """What is promised of the suppressed rows

    They always satisfy the models that count rows or different values. Of other models the report tells whether they
    do; with `block="enforced"` they always do, if need be together with the rows of another class.
    """
    wards = pd.DataFrame(
        {"ward": list("aaaabbb"), "disease": ["flu", "ulcer", "flu", "ulcer", "flu", "flu", "flu"]}
    )
    schema = an.Schema(quasi={"ward": an.Hierarchy.suppression()}, sensitive=["disease"])
    doubt = [an.EntropyLDiversity("disease", 1.9)]

    result = an.anonymize(wards, schema, models=doubt, suppression_limit=0.5)
    shows(
        result.frame,
        r"""
        | ward | disease |
        | --- | --- |
        | a | flu |
        | a | ulcer |
        | a | flu |
        | a | ulcer |
        | \* | flu |
        | \* | flu |
        | \* | flu |
        """,
    )
    shows(
        result.report["suppressed_block"],
        """
        | model | column | l | satisfied |
        | --- | --- | --- | --- |
        | entropy l-diversity | disease | 1.9 | False |
        """,
    )
    with refused("""NoSolutionError: No allowed transformation satisfies the models. Even on ward=1 7 rows are in
        classes that fail (model entropy l-diversity, column disease, l 1.9); the suppression limit
        allows 3 of 7. Allow coarser levels, raise the limit, weaken the model, or add rows."""):
        an.anonymize(wards, schema, models=doubt, suppression_limit=0.5, block="enforced")


def test_levels() -> None:
    """Levels agreed on beforehand

    `levels` allows for a column one level or several. Who recodes by a list that was fixed before the data were seen
    tells nothing by the choice.
    """
    result = an.anonymize(
        PATIENTS, SCHEMA, models=[an.KAnonymity(2)], suppression_limit=0.5, levels={"age": [1, 4], "sex": 1}
    )
    shows(
        result.levels,
        """
        |  |  |
        | --- | --- |
        | age | 1 |
        | sex | 1 |
        """,
    )


def test_again() -> None:
    """The same recoding of other rows

    The models are checked again.
    """
    first = an.anonymize(PATIENTS[:6], SCHEMA, models=[an.KAnonymity(2)])
    shows(
        first.levels,
        """
        |  |  |
        | --- | --- |
        | age | 1 |
        | sex | 0 |
        """,
    )
    shows(
        first.transformation.apply(PATIENTS[:4]).frame,
        """
        | age | sex | disease |
        | --- | --- | --- |
        | [20, 30) | f | flu |
        | [20, 30) | f | flu |
        | [20, 30) | m | ulcer |
        | [20, 30) | m | flu |
        """,
    )
    with refused("""NoSolutionError: No allowed transformation satisfies the models. Even on age=1, sex=0 2 rows are
        in classes that fail (model k-anonymity, k 2); the suppression limit allows 0 of 2. Allow
        coarser levels, raise the limit, weaken the model, or add rows."""):
        first.transformation.apply(PATIENTS[6:])


def test_local() -> None:
    """Every class on levels of its own

    Global recoding writes a whole column on one level. With `recoding="local"` rows that are alike already stay
    as they are, and only those that need it are made coarser: far less is lost. What is found need not be the
    best there is, but is never worse than the best global table. `levels` are then the coarsest of any class.
    """
    shows(an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(2)]).loss, "`0.4142`")
    local = an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(2)], recoding="local")
    shows(local.loss, "`0.2392`")
    shows(
        local.frame,
        """
        | age | sex | disease |
        | --- | --- | --- |
        | [20, 30) | f | flu |
        | [20, 30) | f | flu |
        | [20, 30) | m | ulcer |
        | [20, 30) | m | flu |
        | [30, 40) | f | flu |
        | [30, 40) | f | asthma |
        | \\* | m | flu |
        | \\* | m | ulcer |
        """,
    )


def test_impossible() -> None:
    """What cannot be done

    Is told with the first model that fails even on the coarsest levels.
    """
    with refused("""NoSolutionError: No allowed transformation satisfies the models. Even on age=4, sex=1 8 rows are
        in classes that fail (model distinct l-diversity, column disease, l 4); the suppression limit
        allows 0 of 8. Allow coarser levels, raise the limit, weaken the model, or add rows."""):
        an.anonymize(PATIENTS, SCHEMA, models=[an.KAnonymity(2), an.DistinctLDiversity("disease", 4)])
    with refused("SchemaError: The table has no rows; there is nothing to anonymise."):
        an.anonymize(PATIENTS[:0], SCHEMA, models=[an.KAnonymity(2)])
