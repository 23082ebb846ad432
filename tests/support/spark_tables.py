"""Made-up Spark tables, and the comparison of both engines on them."""

import datetime as dt
import json
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

import anonymize as an

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    import anonymize.spark as engine


def in_pandas(df: "DataFrame", columns: Sequence[str]) -> pd.DataFrame:
    """The same rows, sorted by the columns as the engine says."""
    return collected(df).sort_values(list(columns), kind="stable", ignore_index=True)


def collected(df: "DataFrame") -> pd.DataFrame:
    rows = df.collect()
    cells = {
        column: pd.Series([row[at] for row in rows], dtype=object) for at, column in enumerate(df.columns)
    }
    frame = pd.DataFrame(cells)
    for column, kind in df.dtypes:
        if kind in ("float", "double"):
            frame[column] = frame[column].astype("float64")
    return frame


def told(value: object) -> str | None:
    """A cell as text; numbers that were suppressed somewhere are text in Spark and objects in pandas."""
    if value is None or value != value:
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def rows_of(frame: pd.DataFrame) -> list[tuple[str | None, ...]]:
    return sorted(
        (tuple(told(cell) for cell in row) for row in frame.itertuples(index=False, name=None)), key=str
    )


def compare(df: "DataFrame", schema: an.Schema, **asked: Any) -> "engine.SparkResult":
    """Anonymise with both engines; everything that both tell must be equal."""
    import anonymize.spark as spark_engine

    used = [column for model in asked["models"] for column in model.sensitive]
    local = an.anonymize(in_pandas(df, [*schema.quasi, *dict.fromkeys(used)]), schema, **asked)
    found = spark_engine.anonymize(df, schema, **asked)
    assert found.levels == local.levels
    assert found.loss == local.loss
    assert found.suppressed == local.suppressed
    assert found.report == local.report
    assert json.dumps(found.report)
    assert found.frame.columns == list(local.frame.columns)
    assert rows_of(collected(found.frame)) == rows_of(local.frame)
    return found


PEOPLE = "name string, age int, zip string, weight double, born date, disease string, note array<int>"


def people(spark: "SparkSession", *, seed: int, rows: int = 300) -> "DataFrame":
    """Made-up persons; every column has missing values."""
    chance = random.Random(seed)

    def perhaps(value: object) -> object:
        return None if chance.random() < 0.04 else value

    return (
        spark.createDataFrame(
            [
                (
                    f"person {number}",
                    perhaps(chance.randrange(20, 60)),
                    perhaps(f"{chance.choice('123')}{chance.randrange(4)}{chance.randrange(3)}"),
                    chance.choice([None, float("nan"), 50.0, 61.5, 70.0, 82.25]),
                    perhaps(dt.date(1960 + chance.randrange(30), chance.randrange(1, 13), 3)),
                    perhaps(chance.choice(["flu", "flu", "ulcer", "asthma", "cold"])),
                    [number],
                )
                for number in range(rows)
            ],
            PEOPLE,
        )
        .repartition(3)
        .cache()
    )


def schema() -> an.Schema:
    return an.Schema(
        quasi={
            "age": an.Hierarchy.intervals([5, 10, 20]),
            "zip": an.Hierarchy.redaction(),
            "weight": an.Hierarchy.intervals([10, 20]),
            "born": an.Hierarchy.dates(),
        },
        sensitive=["disease"],
        identifying=["name"],
    )
