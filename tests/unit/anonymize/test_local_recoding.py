"""Local recoding in company: with ledgers, other losses, too little time, and tables of unusual shape."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import anonymize as an
from anonymize.counting import AnyLoss

KEY = bytes(32)
K = [an.KAnonymity(2)]


def people(rows: int) -> pd.DataFrame:
    draw = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "age": draw.integers(20, 90, rows),
            "sex": draw.choice(["f", "m"], rows),
            "work": draw.choice(["office", "care", "farm"], rows, p=[0.6, 0.3, 0.1]),
            "disease": draw.choice(["flu", "ulcer", "gout", "asthma"], rows, p=[0.5, 0.3, 0.1, 0.1]),
        }
    )


SCHEMA = an.Schema(
    quasi={
        "age": an.Hierarchy.intervals([10, 40]),
        "sex": an.Hierarchy.suppression(),
        "work": an.Hierarchy.suppression(),
    },
    sensitive=["disease"],
)


@pytest.mark.parametrize(
    "loss",
    [
        an.Loss({"age": 5.0}),
        an.Precision(),
        an.NormalisedEntropy(),
        an.Discernibility(),
        an.AverageClassSize(),
    ],
    ids=lambda loss: type(loss).__name__,
)
def test_every_loss_is_no_worse_than_globally(loss: AnyLoss) -> None:
    table = people(300)
    models: list[an.Model] = [an.KAnonymity(5), an.TCloseness("disease", 0.4)]
    found = [
        an.anonymize(table, SCHEMA, models=models, loss=loss, suppression_limit=0.05, recoding=recoding)
        for recoding in ("global", "local")
    ]
    assert found[1].loss <= found[0].loss + 1e-12
    assert an.measure(found[1].frame, quasi=list(SCHEMA.quasi)).k >= 5


def test_table_that_is_stopped_at_once_is_anonymous_all_the_same() -> None:
    result = an.anonymize(people(200), SCHEMA, models=K, recoding="local", watch=lambda _: False)
    assert an.measure(result.frame, quasi=list(SCHEMA.quasi)).k >= 2


def test_more_columns_than_combinations_can_be_listed() -> None:
    draw = np.random.default_rng(1)
    wide = pd.DataFrame({f"q{at}": draw.choice(list("aaab"), 200) for at in range(64)})
    schema = an.Schema(quasi={column: an.Hierarchy.suppression() for column in wide.columns.tolist()})
    result = an.anonymize(wide, schema, models=K, recoding="local", time_limit=1)
    assert an.measure(result.frame, quasi=list(wide.columns)).k >= 2
    assert result.suppressed == 0


def test_released_through_a_ledger_it_is_judged_by_its_classes(tmp_path: Path) -> None:
    table = people(300)
    persons = [f"p{number}" for number in range(len(table))]
    ledger = an.ReleaseLedger(f"sqlite:///{tmp_path}/ledger.sqlite", key=KEY)
    local = an.anonymize(table, SCHEMA, models=K, recoding="local")
    assert ledger.release(local, recipient="univ-x", persons=persons).id == 1
    assert ledger.release(local, recipient="univ-x", persons=persons).id == 2
    other = an.anonymize(table, SCHEMA, models=K, levels={"age": 1})
    with pytest.raises(an.JointDisclosureError):
        ledger.release(other, recipient="univ-x", persons=persons)


def test_it_is_on_no_registered_levels(tmp_path: Path) -> None:
    table = people(300)
    persons = [f"p{number}" for number in range(len(table))]
    local = an.anonymize(table, SCHEMA, models=K, recoding="local")
    policy = an.LedgerPolicy(levels={"univ-x": [dict(local.levels)]})
    ledger = an.ReleaseLedger(f"sqlite:///{tmp_path}/ledger.sqlite", key=KEY, policy=policy)
    with pytest.raises(an.LedgerError, match="not among those registered"):
        ledger.release(local, recipient="univ-x", persons=persons)


def test_joint_search_and_local_recoding_do_not_go_together(tmp_path: Path) -> None:
    table = people(30)
    ledger = an.ReleaseLedger(f"sqlite:///{tmp_path}/ledger.sqlite", key=KEY)
    with pytest.raises(an.LedgerError, match="global recodings only"):
        an.anonymize(
            table,
            SCHEMA,
            models=K,
            recoding="local",
            ledger=ledger,
            recipient="univ-x",
            persons=list(range(30)),
        )


def test_only_allowed_levels_are_used() -> None:
    result = an.anonymize(people(300), SCHEMA, models=K, recoding="local", levels={"age": [1, 2], "sex": 0})
    assert set(result.frame["sex"]) == {"f", "m"}
    assert all(str(age).startswith("[") for age in result.frame["age"])


def test_too_few_rows_and_unknown_recodings_are_refused() -> None:
    with pytest.raises(an.NoSolutionError, match="k-anonymity, k 40"):
        an.anonymize(people(30), SCHEMA, models=[an.KAnonymity(40)], recoding="local")
    with pytest.raises(an.ModelError, match='"global" or "local"'):
        an.anonymize(people(30), SCHEMA, models=K, recoding="both")  # type: ignore[arg-type]  # what is refused


def test_missing_values_stay_missing_where_their_class_does() -> None:
    table = people(100).astype({"age": "float64"})
    table.loc[:9, "age"] = np.nan
    result = an.anonymize(table, SCHEMA, models=K, recoding="local")
    kept = result.frame.loc[:9, "age"]
    assert kept.isna().any()
    assert set(kept.dropna()) <= {"*"}
