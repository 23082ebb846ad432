"""First drafts of schemas: what names and values of columns tell."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import anonymize as an
from anonymize.hierarchy_dates import Dates
from anonymize.hierarchy_groups import Priority, Tabulated
from anonymize.hierarchy_intervals import Intervals
from anonymize.hierarchy_kinds import Redaction, Suppression

ROWS = 60
TABLE = pd.DataFrame(
    {
        "patientId": [f"P{n // 2:04}" for n in range(ROWS)],
        "氏名": [f"山田{n}" for n in range(ROWS)],
        "contact": [f"p{n}@mail.example" for n in range(ROWS)],
        "row": range(1000, 1000 + ROWS),
        "remarks": ["came with a cough, accompanied by a neighbour of the family"] * 59 + [None],
        "story": [f"came with a cough, accompanied by neighbour {n}, and left" for n in range(ROWS)],
        "age": [20 + n % 50 for n in range(ROWS)],
        "weight": [50.5 + n * 1.37 for n in range(ROWS)],
        "zip": [str(81667 + n % 7) for n in range(ROWS)],
        "area": [f"0{n % 7}0" for n in range(ROWS)],
        "born": [str(date(1980, 1, 1) + timedelta(days=40 * n)) for n in range(ROWS)],
        "sex": ["f", "m"] * 30,
        "job": [["clerk", "nurse", "smith", "baker", "judge"][min(n % 7, 4)] for n in range(ROWS)],
        "diagnosis": ["flu", "ulcer", "asthma"] * 20,
    }
)


def test_roles_are_guessed_from_names_and_values() -> None:
    draft = an.Schema.suggest(TABLE)
    assert list(draft.identifying) == ["patientId", "氏名", "contact", "row", "story"]
    assert list(draft.sensitive) == ["diagnosis"]
    kinds = {column: type(hierarchy.kind) for column, hierarchy in draft.quasi.items()}
    assert kinds == {
        "age": Intervals,
        "weight": Intervals,
        "zip": Redaction,
        "area": Redaction,
        "born": Dates,
        "sex": Suppression,
        "job": Tabulated,
    }
    assert list(draft.notes) == list(TABLE.columns)
    assert draft.notes["remarks"] == "has one value only and is kept as it is."


def test_levels_fit_the_values() -> None:
    quasi = an.Schema.suggest(TABLE).quasi
    assert quasi["age"].kind == an.Hierarchy.intervals([5, 10, 20, 40]).kind
    assert quasi["weight"].kind == an.Hierarchy.intervals([5, 10, 20, 40, 80]).kind
    assert quasi["zip"].kind == Redaction(5, "right")
    job = quasi["job"].kind
    assert isinstance(job, Tabulated)
    assert job.recipe == Priority(("judge", "baker", "clerk", "nurse", "smith"), (2, 1))


def test_draft_can_be_used_and_written(tmp_path: Path) -> None:
    draft = an.Schema.suggest(TABLE)
    result = an.anonymize(
        TABLE, draft, models=[an.KAnonymity(5)], suppression_limit=0.1, levels={"born": [2, 3, 4, 5]}
    )
    assert result.report["rows"] == ROWS
    path = tmp_path / "draft.toml"
    path.write_text(draft.to_toml(), encoding="utf-8")
    assert an.Schema.from_toml(path) == draft
    written = path.read_text(encoding="utf-8")
    assert written.startswith("# Read the notes on each column and correct what they guess")
    for column, note in draft.notes.items():
        assert (f"# {note}" if column in draft.quasi else f"# {column}: {note}") in written


def test_infinite_and_missing_numbers_are_bounded() -> None:
    df = pd.DataFrame({"x": [1.5, 2.5, 9.5, np.inf, None, 30.0]})
    kind = an.Schema.suggest(df).quasi["x"].kind
    assert isinstance(kind, Intervals)
    assert (kind.bottom, kind.top) == (Decimal("1.5"), Decimal(30))
    an.anonymize(df, an.Schema.suggest(df), models=[an.KAnonymity(2)], levels={"x": 5})


def test_numbers_that_differ_in_writing_only_are_categories() -> None:
    df = pd.DataFrame({"x": ["1", "1.0", "01", "1.00"]})
    assert isinstance(an.Schema.suggest(df).quasi["x"].kind, Tabulated)


def test_many_values_are_suggested_without_a_list() -> None:
    words = [f"{'abcdefghij'[n % 10]}{'x' * (n % 17)}{n}y" for n in range(3000)]
    df = pd.DataFrame({"word": words * 2})
    assert an.Schema.suggest(df).quasi["word"].kind == Redaction(None, "right")


@pytest.mark.parametrize(
    ("df", "says"),
    [
        (TABLE[:0], "no rows"),
        (TABLE[["contact", "diagnosis"]], "write the schema by hand"),
        (pd.DataFrame({7: [1, 2]}), "Column 7 is not named by a text"),
        (pd.DataFrame({"a": [[1], [2]]}), "lists or mappings"),
        (pd.concat([TABLE, TABLE], axis=1), "more than one column"),
    ],
)
def test_table_without_a_draft_is_refused(df: pd.DataFrame, says: str) -> None:
    with pytest.raises(an.SchemaError, match=says):
        an.Schema.suggest(df)
