"""From a table to one that satisfies its models, or the reason why there is none."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anonymize as an

TABLE = pd.DataFrame(
    {
        "name": list("ABCDEFGHI"),
        "age": [20, 21, 22, 23, 35, 36, 37, 38, 90],
        "zip": ["123", "124", "125", "126", "201", "202", "203", "204", "999"],
        "disease": ["flu", "flu", "flu", "ulcer", "flu", "ulcer", "asthma", "flu", "flu"],
        "visit": range(9),
    },
    index=range(100, 109),
)


def schema() -> an.Schema:
    return an.Schema(
        quasi={"age": an.Hierarchy.intervals([5, 10, 20]), "zip": an.Hierarchy.redaction()},
        sensitive=["disease"],
        identifying=["name"],
    )


def test_identifying_columns_leave_and_all_others_stay() -> None:
    result = an.anonymize(TABLE, schema(), models=[an.KAnonymity(2)], suppression_limit=0.3)
    assert list(result.frame.columns) == ["age", "zip", "disease", "visit"]
    assert result.frame["visit"].tolist() == TABLE["visit"].tolist()
    assert result.frame.index.equals(TABLE.index)


def test_outlier_is_suppressed_with_company() -> None:
    result = an.anonymize(
        TABLE, schema(), models=[an.KAnonymity(2)], suppression_limit=0.6, levels={"age": 2, "zip": 2}
    )
    assert (result.frame["age"] == "*").tolist() == (result.frame["zip"] == "*").tolist()
    assert result.suppressed == 5, "the outlier and one class of four, as one row would stand alone"
    assert an.measure(result.frame, quasi=["age", "zip"]).k == 4


def test_company_of_an_outlier_is_the_cheapest_class() -> None:
    df = pd.DataFrame({"age": [1] * 4 + [11] * 2 + [21] * 3 + [90]})
    ages = an.Schema(quasi={"age": an.Hierarchy.intervals([10])})
    result = an.anonymize(df, ages, models=[an.KAnonymity(2)], suppression_limit=0.5, levels={"age": 1})
    assert result.frame["age"].tolist()[4:] == ["*", "*", "[20, 30)", "[20, 30)", "[20, 30)", "*"]


def test_block_of_suppressed_rows_may_not_fail_the_model_either() -> None:
    with pytest.raises(an.NoSolutionError, match="block of suppressed rows"):
        an.anonymize(
            TABLE, schema(), models=[an.KAnonymity(2)], suppression_limit=0.2, levels={"age": 2, "zip": 2}
        )


def test_suppression_limit_counts_rows_as_written() -> None:
    # 0.29 * 100 is 28.999999999999996 in binary.
    df = pd.DataFrame({"a": ["x"] * 71 + list(map(str, range(29)))})
    one = an.Schema(quasi={"a": an.Hierarchy.suppression()})
    assert an.anonymize(df, one, models=[an.KAnonymity(2)], suppression_limit=0.29).suppressed == 29


def test_pinned_levels_are_kept_and_still_checked() -> None:
    with pytest.raises(an.NoSolutionError, match=r"age=1, zip=1 9 rows .*k-anonymity, k 5.* allows 0 of 9"):
        an.anonymize(TABLE, schema(), models=[an.KAnonymity(5)], levels={"age": 1, "zip": 1})
    result = an.anonymize(TABLE, schema(), models=[an.KAnonymity(5)], levels={"age": 4, "zip": 3})
    assert result.levels == {"age": 4, "zip": 3}
    assert result.loss == pytest.approx(1.0)


def test_partly_pinned_levels_leave_the_others_free() -> None:
    result = an.anonymize(TABLE, schema(), models=[an.KAnonymity(4)], levels={"zip": 3, "age": [0, 4]})
    assert result.levels == {"age": 4, "zip": 3}


def test_diversity_is_checked_beside_k() -> None:
    pairs = TABLE.iloc[[0, 1, 4, 5]]
    plain = an.anonymize(pairs, schema(), models=[an.KAnonymity(2)])
    diverse = an.anonymize(pairs, schema(), models=[an.KAnonymity(2), an.DistinctLDiversity("disease", 2)])
    assert an.measure(plain.frame, quasi=["age", "zip"], sensitive=["disease"]).l == {"disease": 1}
    assert an.measure(diverse.frame, quasi=["age", "zip"], sensitive=["disease"]).l["disease"] >= 2
    assert diverse.loss > plain.loss


def test_table_on_level_zero_keeps_types_and_missing_values() -> None:
    df = pd.DataFrame({"age": [1, 1, 2, 2], "zip": ["a", "a", None, None]})
    both = an.Schema(quasi={"age": an.Hierarchy.intervals([5]), "zip": an.Hierarchy.suppression()})
    result = an.anonymize(df, both, models=[an.KAnonymity(2)])
    pd.testing.assert_frame_equal(result.frame, df)
    assert result.loss == 0.0


def test_missing_values_are_a_class_of_their_own() -> None:
    df = pd.DataFrame({"age": [1, 2, np.nan, np.nan]})
    ages = an.Schema(quasi={"age": an.Hierarchy.intervals([5])})
    result = an.anonymize(df, ages, models=[an.KAnonymity(2)])
    assert result.frame["age"].tolist()[:2] == ["[0, 5)", "[0, 5)"]
    assert result.frame["age"].isna().tolist() == [False, False, True, True]


def test_changing_the_frame_does_not_change_the_result() -> None:
    result = an.anonymize(TABLE, schema(), models=[an.KAnonymity(2)], suppression_limit=0.3)
    frame = result.frame
    frame["age"] = 0
    assert (result.frame["age"] != 0).all()


def test_report_is_json_and_holds_no_value_of_the_table() -> None:
    result = an.anonymize(TABLE, schema(), models=[an.KAnonymity(2)], suppression_limit=0.3)
    text = json.dumps(result.report)
    assert "flu" not in text
    assert result.report["suppressed"] == result.suppressed
    assert result.report["levels"] == result.levels


def test_transformation_repeats_levels_and_checks_models_again() -> None:
    result = an.anonymize(TABLE[:8], schema(), models=[an.KAnonymity(4)])
    again = result.transformation.apply(TABLE[:4])
    assert again.levels == result.levels
    assert again.frame["age"].tolist() == result.frame["age"].tolist()[:4]
    with pytest.raises(an.NoSolutionError):
        result.transformation.apply(TABLE[2:6])


@pytest.mark.parametrize(
    ("models", "error"),
    [([], an.ModelError), ([an.DistinctLDiversity("visit", 2)], an.ModelError)],
)
def test_models_that_do_not_fit_the_schema_are_refused(
    models: Sequence[an.Model], error: type[an.AnonymizeError]
) -> None:
    with pytest.raises(error):
        an.anonymize(TABLE, schema(), models=models)


@pytest.mark.parametrize("k", [0, -1, True, 2.0])
def test_k_must_be_a_positive_whole_number(k: int) -> None:
    with pytest.raises(an.ModelError, match="k must be a whole number"):
        an.KAnonymity(k)


@pytest.mark.parametrize("limit", [-0.1, 1.5, float("nan"), True])
def test_suppression_limit_outside_its_range_is_refused(limit: float) -> None:
    with pytest.raises(an.SchemaError, match="between 0 and 1"):
        an.anonymize(TABLE, schema(), models=[an.KAnonymity(2)], suppression_limit=limit)


@pytest.mark.parametrize("levels", [{"age": 5}, {"age": -1}, {"age": []}, {"zap": 1}])
def test_levels_that_do_not_exist_are_refused(levels: Mapping[str, int]) -> None:
    with pytest.raises(an.SchemaError):
        an.anonymize(TABLE, schema(), models=[an.KAnonymity(2)], levels=levels)


@pytest.mark.parametrize(
    ("df", "says"),
    [
        (TABLE[:0], "no rows"),
        (TABLE.drop(columns="zip"), "no column 'zip'"),
        (pd.concat([TABLE, TABLE["age"]], axis=1), "more than one column 'age'"),
    ],
)
def test_table_that_does_not_fit_is_refused(df: pd.DataFrame, says: str) -> None:
    with pytest.raises(an.SchemaError, match=says):
        an.anonymize(df, schema(), models=[an.KAnonymity(2)])


@pytest.mark.parametrize("limit", [0.0, 1.0])
def test_fewer_rows_than_k_have_no_solution(limit: float) -> None:
    with pytest.raises(an.NoSolutionError):
        an.anonymize(TABLE, schema(), models=[an.KAnonymity(10)], suppression_limit=limit)


def test_column_with_two_roles_is_refused() -> None:
    with pytest.raises(an.SchemaError, match="'age' has two roles"):
        an.Schema(quasi={"age": an.Hierarchy.suppression()}, sensitive=["age"])


def test_schema_without_quasi_identifier_is_refused() -> None:
    with pytest.raises(an.SchemaError, match="no quasi-identifier"):
        an.Schema(quasi={})


def test_list_of_columns_given_as_text_is_refused() -> None:
    with pytest.raises(an.SchemaError, match="list of column names"):
        an.Schema(quasi={"age": an.Hierarchy.suppression()}, sensitive="disease")


def test_sixty_four_pinned_quasi_identifiers_fit_one_key() -> None:
    rng = np.random.default_rng(1)
    df = pd.DataFrame({f"q{n}": rng.integers(0, 9, 50) for n in range(64)})
    df = pd.concat([df, df], ignore_index=True)
    wide = an.Schema(quasi={str(column): an.Hierarchy.suppression() for column in df})
    result = an.anonymize(df, wide, models=[an.KAnonymity(2)], levels=dict.fromkeys(wide.quasi, 0))
    assert result.suppressed == 0
    free = an.anonymize(df, wide, models=[an.KAnonymity(2)])
    assert free.loss == pytest.approx(0, abs=1e-12)
    found: Any = free.report["search"]
    assert found["optimal"]


def test_measure_needs_no_schema() -> None:
    found = an.measure(TABLE, quasi=["disease"], sensitive=["zip"]).to_dict()
    told = found.pop("sensitive")
    assert found == {
        "rows": 9,
        "k": 1,
        "classes": 3,
        "prosecutor": {"highest": 1.0, "average": pytest.approx(1 / 3), "unique_rows": 1},
    }
    assert told == {
        "zip": {
            "distinct_l": 1,
            "entropy_l": 1.0,
            "recursive": {"l": 1, "c": 1.0},
            "t": pytest.approx(8 / 9),
            "t_ordered": pytest.approx(1 / 3),
            "beta": pytest.approx(8.0),
            "enhanced_beta": None,
            "delta": pytest.approx(math.log(9)),
            "complete": False,
        }
    }


def test_measure_of_an_order_needs_numbers() -> None:
    found = an.measure(TABLE, quasi=["zip"], sensitive=["disease", "age"])
    assert found.sensitive["disease"].t_ordered is None
    assert found.sensitive["age"].t_ordered is not None
    assert found.l == {"disease": 1, "age": 1}


def test_complete_classes_have_a_delta_and_an_enhanced_beta() -> None:
    even = pd.DataFrame({"q": [1, 1, 1, 2, 2, 2], "s": list("abbaab")})
    told = an.measure(even, quasi=["q"], sensitive=["s"]).sensitive["s"]
    assert told.complete
    assert told.enhanced_beta == pytest.approx(1 / 3)
    assert told.recursive == an.Recursive(l=2, c=2.0)


def test_measure_refuses_a_column_with_two_roles() -> None:
    with pytest.raises(an.SchemaError, match="two roles"):
        an.measure(TABLE, quasi=["age"], sensitive=["age"])
