"""Transformations

What is done to columns before a table is anonymised, or to single cells after: each transformation is a value that is
applied to a column or a table, leaves missing values missing, and describes itself for the report. None changes the
table that it is given.
"""

import random

import pandas as pd
from support.spec import refused, shows

import anonymize as an

PATIENTS = pd.DataFrame(
    {
        "age": [17, 34, 35, 36, 91, 99],
        "income": [12_499, 12_500, 13_500, 27_800, 31_000, 940_000],
        "visit": ["2024-05-03", "2024-05-28", "2024-06-01", "2024-06-30", "2024-08-15", None],
        "town": ["A", "A", "B", "B", "B", "C"],
    }
)


def test_bounding() -> None:
    """Top and bottom coding

    Numbers at or beyond a limit are shown as the limit, in the column's own kind; a label makes the column text.
    """
    coded = PATIENTS.assign(
        age=an.BottomCoding(18).apply(PATIENTS["age"]),
        income=an.TopCoding(30_000, label="30000 or more").apply(PATIENTS["income"]),
    )
    shows(
        coded[["age", "income"]],
        """
        | age | income |
        | --- | --- |
        | 18 | 12499 |
        | 34 | 12500 |
        | 35 | 13500 |
        | 36 | 27800 |
        | 91 | 30000 or more |
        | 99 | 30000 or more |
        """,
    )


def test_quantile() -> None:
    """A limit for a share of the rows

    At least this share of the rows, and at least `minimum_count` of them, lie at or beyond the limit. Such a limit is a
    value of the table; one that was fixed beforehand tells less.
    """
    top = an.TopCoding.at_quantile(PATIENTS["income"], share=0.1, minimum_count=3)
    shows(top.limit, "`27800`")


def test_rounding() -> None:
    """Rounding

    To the nearest multiple, ties to the even one, computed in decimals as the numbers are written.
    """
    income = PATIENTS["income"]
    shows(
        pd.DataFrame({"income": income, "rounded": an.Rounding(1000).apply(income)}),
        """
        | income | rounded |
        | --- | --- |
        | 12499 | 12000 |
        | 12500 | 12000 |
        | 13500 | 14000 |
        | 27800 | 28000 |
        | 31000 | 31000 |
        | 940000 | 940000 |
        """,
    )
    dose = pd.Series([0.15, 0.25, 0.26])
    shows(
        pd.DataFrame({"dose": dose, "rounded": an.Rounding(0.1).apply(dose)}),
        """
        | dose | rounded |
        | --- | --- |
        | 0.15 | 0.2 |
        | 0.25 | 0.2 |
        | 0.26 | 0.3 |
        """,
    )
    with refused(
        "TransformationError: Column 'age' holds whole numbers, so base must be one; round it, or convert the"
        " column with astype(float)."
    ):
        an.Rounding(2.5).apply(PATIENTS["age"])


def test_dates() -> None:
    """Dates

    Datetimes, dates and ISO texts become the first day of their year, quarter, month, week or day.
    """
    shows(
        pd.DataFrame(
            {to: an.DateTruncation(to).apply(PATIENTS["visit"]) for to in ("month", "quarter", "week")}
        ),
        """
        | month | quarter | week |
        | --- | --- | --- |
        | 2024-05-01 | 2024-04-01 | 2024-04-29 |
        | 2024-05-01 | 2024-04-01 | 2024-05-27 |
        | 2024-06-01 | 2024-04-01 | 2024-05-27 |
        | 2024-06-01 | 2024-04-01 | 2024-06-24 |
        | 2024-08-01 | 2024-07-01 | 2024-08-12 |
        |  |  |  |
        """,
    )


def test_aggregation() -> None:
    """Micro-aggregation

    Rows that are near each other form groups of `size` to 2 · `size` − 1 and show the mean (or median) of their
    numbers, and their most frequent text. Every combination of the columns then occurs at least `size` times.
    """
    grouped = an.MicroAggregation(3).apply(PATIENTS, ["age", "town"])
    shows(
        grouped[["age", "town"]],
        """
        | age | town |
        | --- | --- |
        | 28.67 | A |
        | 28.67 | A |
        | 28.67 | A |
        | 75.33 | B |
        | 75.33 | B |
        | 75.33 | B |
        """,
    )
    shows(an.measure(grouped, quasi=["age", "town"]).k, "`3`")


def test_cells() -> None:
    """Suppressing single cells

    Rows that too few others look like lose some cells, not all: `*` is a value of its own, and every class, as
    `measure` counts them, has at least k rows.
    """
    towns = pd.DataFrame({"sex": list("ffffmmmm"), "town": list("AABCDDEF")})
    fewer = an.CellSuppression(2).apply(towns, ["sex", "town"])
    shows(
        fewer,
        """
        | sex | town |
        | --- | --- |
        | f | A |
        | f | A |
        | f | \\* |
        | f | \\* |
        | m | D |
        | m | D |
        | m | \\* |
        | m | \\* |
        """,
    )
    shows(an.measure(fewer, quasi=["sex", "town"]).k, "`2`")


def test_sampling() -> None:
    """Sampling

    Rows drawn at random, in random order, without the index. What is to leave is drawn with `random.SystemRandom()`;
    a source with a seed, as here, draws the same again.
    """
    shows(
        an.Sampling(random.Random(7), share=0.5).apply(PATIENTS)[["age", "town"]],
        """
        | age | town |
        | --- | --- |
        | 35 | B |
        | 34 | A |
        | 36 | B |
        """,
    )


def test_noise() -> None:
    """Noise under differential privacy

    In the local model: each value is protected by itself with epsilon, whatever else is known of all others. Bounds
    must not come from the table; values beyond them are moved to them. `LaplaceNoise` is for any numbers,
    `GeometricNoise` for whole ones; the noise is OpenDP's and never the same twice.
    """
    noise = an.GeometricNoise(epsilon=0.5, lower=0, upper=120)
    shows(
        noise.describe(),
        """
        |  |  |
        | --- | --- |
        | transformation | geometric noise |
        | epsilon | 0.5 |
        | lower | 0 |
        | upper | 120 |
        | protects | each row's value of this column, by itself |
        """,
    )
    shows(noise.apply(PATIENTS["age"]).dtype, "`int64`")


def test_transform() -> None:
    """Several at once

    In the order given, by column; those that look at several columns by a tuple of them. The log goes into the report:
    `result.full_report(transformed=done.log)`.
    """
    done = an.transform(
        PATIENTS,
        {
            "age": [an.Rounding(5), an.TopCoding(90)],
            "visit": [an.DateTruncation("year")],
            ("age", "town"): [an.CellSuppression(2)],
        },
    )
    shows(
        done.frame,
        """
        | age | income | visit | town |
        | --- | --- | --- | --- |
        | \\* | 12499 | 2024-01-01 | A |
        | \\* | 12500 | 2024-01-01 | A |
        | 35 | 13500 | 2024-01-01 | B |
        | 35 | 27800 | 2024-01-01 | B |
        | 90 | 31000 | 2024-01-01 | \\* |
        | 90 | 940000 |  | \\* |
        """,
    )
    shows(
        pd.DataFrame({"log": done.lines()}),
        """
        | log |
        | --- |
        | age: rounding, 5 cells changed |
        | age: top coding, 1 cells changed |
        | visit: date truncation, 5 cells changed |
        | age, town: cell suppression, 4 cells changed |
        """,
    )
