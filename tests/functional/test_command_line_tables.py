"""What `sekisho anonymize` says of tables and hierarchies that cannot be used; nothing is written then."""

from pathlib import Path

import pytest
from support.anonymise_folder import ANONYMIZE, SCHEMA, TABLE, fill
from support.command_line import assert_one_line, within


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return fill(tmp_path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "in.csv: The file is empty"),
        ("name,age,zip,disease\n", "The table has no rows"),
        (TABLE.replace("visit", "age"), "More than one column is named 'age'"),
        (TABLE.replace("E,35,", "E,35,x,"), "Record 5 below the header has 6 cells for 5 columns"),
        (TABLE.replace("E,35,", 'E,"35,'), "line 6 on has broken quoting"),
        (TABLE.replace("E,35", "E,inf"), "value 'inf' is infinite"),
        ("\n".join(TABLE.splitlines()[:2]), "1 rows are in classes that fail (model k-anonymity, k 2)"),
        (TABLE.replace("E,35", "E,"), "k-anonymity"),
    ],
)
def test_unsuitable_table_is_told_and_nothing_is_written(folder: Path, content: str, expected: str) -> None:
    (folder / "in.csv").write_text(content, encoding="utf-8")
    assert_one_line(within(*ANONYMIZE, "--k", "2", "--levels", "age=0,1"), expected)
    assert sorted(each.name for each in folder.iterdir()) == ["in.csv", "key", "s.toml"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("20;young;*\n", "'age', row 1: value '21' is not in the hierarchy"),
        ("20;young;*\n21;*\n", "ages.csv: Row 1 ('21') has 2 columns"),
        ("20;young;*\n20;old;*\n", "'20' stands in rows 0 and 1"),
        ('20;"young;*\n', "ages.csv cannot be read: The record from line 1 on has broken quoting"),
    ],
)
def test_unsuitable_hierarchy_is_told(folder: Path, content: str, expected: str) -> None:
    (folder / "ages.csv").write_text(content, encoding="utf-8")
    schema = SCHEMA.replace('"intervals"\nwidths = [5, 10, 20]', '"csv"\nfile = "ages.csv"')
    (folder / "s.toml").write_text(schema, encoding="utf-8")
    assert_one_line(within(*ANONYMIZE, "--k", "2"), expected)


def test_unsuitable_value_is_placed_in_the_file(folder: Path) -> None:
    (folder / "in.csv").write_text(TABLE.replace("22,125", "old,125"), encoding="utf-8")
    assert_one_line(
        within(*ANONYMIZE, "--k", "2"), "value 'old' is not a number", "record 3 below the header"
    )
