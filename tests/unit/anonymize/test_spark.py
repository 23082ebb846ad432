"""The Spark engine gives what the local engine gives, told by one slow machine with two threads."""

import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from support.spark_tables import collected, compare, in_pandas, people, rows_of, schema

import anonymize as an

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    import anonymize.spark as engine
else:
    engine = pytest.importorskip(
        "anonymize.spark", reason="Spark is not installed (sekisho[spark])", exc_type=an.SparkMissingError
    )


@pytest.fixture(scope="session")
def spark() -> Iterator["SparkSession"]:
    try:
        session = engine.local_session(threads=2)
    except an.SparkMissingError as missing:
        pytest.skip(str(missing))
    session.sparkContext.setLogLevel("OFF")
    # Compiling and adapting plans pays for large tables; here it would take most of the time.
    session.conf.set("spark.sql.codegen.wholeStage", "false")
    session.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    session.conf.set("spark.sql.adaptive.enabled", "false")
    yield session
    session.stop()


ASKED: dict[str, dict[str, Any]] = {
    "k without suppression": {"models": [an.KAnonymity(3)]},
    "k with suppression": {"models": [an.KAnonymity(4)], "suppression_limit": 0.2},
    "k and l": {"models": [an.KAnonymity(3), an.DistinctLDiversity("disease", 3)], "suppression_limit": 0.1},
    "t": {"models": [an.TCloseness("disease", 0.3)], "suppression_limit": 0.1, "block": "enforced"},
    "weights": {
        "models": [an.KAnonymity(5)],
        "suppression_limit": 0.05,
        "loss": an.Loss(weights={"age": 5.0, "zip": 0.5}),
    },
    "levels": {"models": [an.KAnonymity(2)], "suppression_limit": 1.0, "levels": {"age": [0, 2], "born": 4}},
    "risks": {
        "models": [an.AverageRisk(0.2), an.MaximalRisk(0.4), an.PopulationUniqueness(0.1, 0.05)],
        "suppression_limit": 0.1,
    },
    "likeness and diversity": {
        "models": [
            an.BasicBetaLikeness("disease", 4.0),
            an.EntropyLDiversity("disease", 2.0),
            an.RecursiveDiversity("disease", l=2, c=4.0),
        ],
        "suppression_limit": 0.2,
        "loss": an.NormalisedEntropy(),
    },
    "another loss": {"models": [an.KAnonymity(3)], "loss": an.Discernibility(), "suppression_limit": 0.3},
}


@pytest.mark.parametrize("name", ASKED)
def test_both_engines_give_the_same_table(spark: "SparkSession", name: str) -> None:
    seed = list(ASKED).index(name)
    compare(people(spark, seed=seed), schema(), **ASKED[name])


def test_population_beside_the_table_counts_alike(spark: "SparkSession") -> None:
    df = people(spark, seed=8)
    everybody = pd.concat([collected(df)] * 3, ignore_index=True)
    found = compare(
        df,
        schema(),
        models=[an.KMap(9, everybody), an.DeltaPresence(0.0, 0.5, everybody)],
        suppression_limit=0.1,
    )
    assert found.levels != dict.fromkeys(found.levels, 0)


@pytest.mark.parametrize("seed", range(3))
def test_both_engines_agree_on_small_random_tables(spark: "SparkSession", seed: int) -> None:
    chance = random.Random(seed)
    rows = [(chance.randrange(4), chance.choice("abc"), chance.choice("xy")) for _ in range(40)]
    df = spark.createDataFrame(rows, "a long, b string, s string")
    small = an.Schema(
        quasi={"a": an.Hierarchy.intervals([2]), "b": an.Hierarchy.suppression()}, sensitive=["s"]
    )
    models: list[an.Model] = [an.KAnonymity(chance.randrange(2, 6))]
    if chance.random() < 0.5:
        models.append(an.DistinctLDiversity("s", 2))
    compare(df, small, models=models, suppression_limit=chance.choice([0.0, 0.1, 0.3]))


def test_every_type_of_plain_values_is_spelled_as_locally(spark: "SparkSession") -> None:
    df = spark.createDataFrame(
        [
            (
                True,
                1,
                0.1,
                Decimal("1.50"),
                dt.datetime.fromisoformat("2024-01-02T03:04:05.000006"),
                dt.date(2024, 1, 1),
            ),
            (
                False,
                2**53 + 1,
                1.0,
                Decimal("2.00"),
                dt.datetime.fromisoformat("2024-01-02"),
                dt.date(2024, 1, 2),
            ),
            (None, None, None, None, None, None),
        ]
        * 4
        + [(True, 2**53, 0.1, Decimal("1.50"), dt.datetime.fromisoformat("2024-01-02"), dt.date(2024, 1, 2))],
        "flag boolean, big long, small float, price decimal(6,2), at timestamp_ntz, day date",
    )
    each = an.Schema(quasi=dict.fromkeys(df.columns, an.Hierarchy.suppression()))
    found = compare(df, each, models=[an.KAnonymity(4)], suppression_limit=0.6)
    assert found.suppressed == 5, "the lonely row and the cheapest class"
    as_text = compare(
        df, each, models=[an.KAnonymity(1)], suppression_limit=0.0, levels=dict.fromkeys(df.columns, 0)
    )
    assert as_text.frame.dtypes == df.dtypes, "nothing was recoded, so types stay"


def test_times_are_compared_and_leave_as_the_session_shows_them(spark: "SparkSession") -> None:
    zone = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
    try:
        # 2024-10-27 02:30 was shown twice on that night.
        moments = "(1729989000), (1729992600), (0), (0)"
        df = spark.sql(f"SELECT timestamp_seconds(x) AS at FROM VALUES {moments} AS t(x)")
        once = an.Schema(quasi={"at": an.Hierarchy.dates()})
        found = engine.anonymize(df, once, models=[an.KAnonymity(2)], levels={"at": 0})
        assert found.frame.distinct().count() == 2
        assert found.frame.dtypes == [("at", "timestamp")]
    finally:
        spark.conf.set("spark.sql.session.timeZone", str(zone))


def test_names_that_spark_reads_otherwise_are_only_names(spark: "SparkSession") -> None:
    df = spark.createDataFrame(
        [(1, "x", "p", "q")] * 3 + [(2, "y", "p", "q")] * 3, ["a.b", "A", "a", "hidden"]
    )
    odd = an.Schema(
        quasi={"a.b": an.Hierarchy.suppression(), "A": an.Hierarchy.suppression()}, identifying=["a"]
    )
    compare(df, odd, models=[an.KAnonymity(4)])


def test_recoding_is_applied_to_another_table_and_checked_there(spark: "SparkSession") -> None:
    asked: dict[str, Any] = {"models": [an.KAnonymity(3)], "suppression_limit": 0.2}
    first, second = people(spark, seed=1), people(spark, seed=2, rows=400)
    found = engine.anonymize(first, schema(), **asked)
    again = engine.apply(found.transformation, second)
    local = found.transformation.apply(in_pandas(second, list(schema().quasi)))
    assert (again.levels, again.suppressed) == (local.levels, local.suppressed)
    assert rows_of(collected(again.frame)) == rows_of(local.frame)
    with pytest.raises(an.NoSolutionError, match="No allowed transformation"):
        engine.apply(found.transformation, second.limit(2))


def test_local_recoding_is_refused_on_spark(spark: "SparkSession") -> None:
    df = people(spark, seed=3, rows=60)
    ages = an.Schema(quasi={"age": an.Hierarchy.intervals([5, 10]), "zip": an.Hierarchy.redaction()})
    local = an.anonymize(in_pandas(df, ["age"]), ages, models=[an.KAnonymity(3)], recoding="local")
    with pytest.raises(an.ModelError, match="global recodings only"):
        engine.apply(local.transformation, df)


def test_measures_are_those_of_the_local_engine(spark: "SparkSession") -> None:
    df = people(spark, seed=4)
    quasi, sensitive = ["zip", "weight"], ["disease"]
    local = an.measure(in_pandas(df, [*quasi, *sensitive]), quasi=quasi, sensitive=sensitive)
    assert engine.measure(df, quasi=quasi, sensitive=sensitive) == local
    assert engine.measure(df, quasi=[]).k == 300
    with pytest.raises(an.SchemaError, match="no rows"):
        engine.measure(df.where("age = 0"), quasi=[])


def test_running_session_is_used_as_it_is(spark: "SparkSession") -> None:
    before = spark.conf.get("spark.sql.shuffle.partitions")
    assert engine.local_session(threads=7) is spark
    assert spark.conf.get("spark.sql.shuffle.partitions") == before


def test_many_quasi_identifiers_need_several_keys_per_class(spark: "SparkSession") -> None:
    chance = random.Random(5)
    names = [f"q{number}" for number in range(32)]
    df = spark.createDataFrame([(*(chance.choice("abcdefgh") for _ in names),) for _ in range(2)] * 3, names)
    wide = an.Schema(
        quasi={
            name: an.Hierarchy.from_levels(
                [(letter, "low" if letter < "e" else "high", "*") for letter in "abcdefgh"]
            )
            for name in names
        }
    )
    found = compare(df, wide, models=[an.KAnonymity(3)])
    assert set(found.levels.values()) == {0}


def test_same_table_in_other_partitions_gives_the_same_result(spark: "SparkSession") -> None:
    df = people(spark, seed=6)
    asked: dict[str, Any] = {"models": [an.KAnonymity(3)], "suppression_limit": 0.2}
    one, other = (engine.anonymize(df.repartition(parts), schema(), **asked) for parts in (1, 5))
    assert rows_of(collected(one.frame)) == rows_of(collected(other.frame))


def test_table_that_changes_after_its_classes_were_checked_does_not_leave(
    spark: "SparkSession", tmp_path: Path
) -> None:
    from pyspark.errors import PySparkException

    file = tmp_path / "ages.csv"
    file.write_text("age\n" + "20\n30\n" * 3)
    df = spark.read.csv(str(file), header=True, schema="age int")
    ages = an.Schema(quasi={"age": an.Hierarchy.intervals([5])})
    found = engine.anonymize(df, ages, models=[an.KAnonymity(3)])
    assert found.frame.count() == 6
    file.write_text("age\n" + "20\n30\n" * 2 + "20\n90\n")
    with pytest.raises(PySparkException, match="has changed since its classes were checked"):
        found.frame.collect()


def refusals(spark: "SparkSession") -> Iterator[tuple[type[an.AnonymizeError], str, Any, Any]]:
    from pyspark.sql.functions import lit

    df = people(spark, seed=7, rows=30)
    zeros = spark.createDataFrame([(0.0,), (-0.0,)], "weight double").crossJoin(df.drop("weight"))
    yield an.SchemaError, "must be a Spark DataFrame", pd.DataFrame({"age": [1]}), {}
    yield an.SchemaError, "no column 'zip'", df.drop("zip"), {}
    yield an.SchemaError, "no column 'name'", df.drop("name"), {}
    yield an.SchemaError, "more than one column 'age'", df.select("*", "age"), {}
    yield an.SchemaError, "The table has no rows", df.where("age = 0 AND age = 1"), {}
    yield an.SchemaError, "is no stream", spark.readStream.format("rate").load(), {}
    yield an.SchemaError, "Spark's type array<int>", df.withColumn("zip", df["note"]), {}
    yield an.SchemaError, "'weight' has both 0.0 and -0.0", zeros, {}
    yield an.SchemaError, "'size', which is no quasi-identifier", df, {"levels": {"size": 1}}
    yield an.SchemaError, "has levels 0 to 4", df, {"levels": {"age": 9}}
    yield an.ModelError, "No model", df, {"models": []}
    yield an.ModelError, "does not call sensitive", df, {"models": [an.DistinctLDiversity("note", 2)]}
    yield an.NoSolutionError, "k-anonymity, k 31", df, {"models": [an.KAnonymity(31)]}
    yield an.HierarchyError, "^Column 'age': value 'x' is not a number", df.withColumn("age", lit("x")), {}


def test_unusable_requests_are_refused_by_name(spark: "SparkSession") -> None:
    for error, message, df, asked in refusals(spark):
        with pytest.raises(error, match=message):
            engine.anonymize(df, schema(), **{"models": [an.KAnonymity(2)], **asked})
