"""Columns transformed by command before a table is anonymised."""

import json
from pathlib import Path

import pytest
from support.anonymise_folder import Words, gives
from support.command_line import assert_one_line, within

from services.commands.table_files import read_table

TABLE = """\
name,age,income,visited,note
A,17,12499,2024-05-03,=1+1
B,18,12500,2024-05-28,
C,91,13500,2024-06-01,x
D,99,31000,2024-06-30,y
"""
SCHEMA = """\
identifying = ["name"]

[quasi.age]
hierarchy = "intervals"
widths = [50]

[quasi.visited]
hierarchy = "dates"
periods = ["month", "year"]
"""
COMMAND: Words = ["anonymize", "in.csv", "--schema", "s.toml", "--out", "out.csv", "--k", "2"]
ALL: Words = [
    "--top",
    "age=90",
    "--bottom",
    "age=18",
    "--round",
    "income=1000",
    "--truncate",
    "visited=month",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "s.toml").write_text(SCHEMA, encoding="utf-8")
    return tmp_path


def test_columns_are_transformed_before_the_search(folder: Path) -> None:
    said = gives(*COMMAND, *ALL, "--levels", "age=0", "--levels", "visited=0", "--report", "r.json")
    assert "age: top coding, 2 cells changed\n" in said
    assert "levels: age=0, visited=0" in said
    found = read_table(folder / "out.csv").frame.sort_values("income", kind="stable")
    assert sorted(found["age"]) == ["18", "18", "90", "90"]
    assert found["income"].tolist() == ["12000", "12000", "14000", "31000"]
    assert sorted(found["visited"]) == ["2024-05-01", "2024-05-01", "2024-06-01", "2024-06-01"]
    assert set(found["note"]) == {"=1+1", None, "x", "y"}
    report = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    assert [(step["columns"], step["transformation"]) for step in report["transformed"]] == [
        (["income"], "rounding"),
        (["age"], "bottom coding"),
        (["age"], "top coding"),
        (["visited"], "date truncation"),
    ]


def test_page_tells_what_was_done_and_a_plain_run_has_nothing_to_tell(folder: Path) -> None:
    gives(*COMMAND, "--round", "income=0.5", "--top", "income=12500.0", "--report", "r.html")
    page = (folder / "r.html").read_text(encoding="utf-8")
    assert "丸め" in page
    assert "base 0.5" in page
    assert set(read_table(folder / "out.csv").frame["income"]) == {"12499.0", "12500.0"}
    gives(*COMMAND, "--force", "--report", "r.json")
    assert "transformed" not in json.loads((folder / "r.json").read_text(encoding="utf-8"))


def test_numbers_are_rounded_before_they_are_bounded(folder: Path) -> None:
    gives(*COMMAND, "--top", "income=12500", "--round", "income=1000")
    assert sorted(read_table(folder / "out.csv").frame["income"]) == ["12000", "12000", "12500", "12500"]


@pytest.mark.parametrize(
    ("words", "expected", "status"),
    [
        (["--top", "age"], "--top 'age': write COLUMN=VALUE", 2),
        (["--top", "age=old"], "--top: 'old' is not a number", 2),
        (["--top", "age=nan"], "limit must be a finite number", 1),
        (["--top", "age=1", "--top", "age=2"], "--top names 'age' twice", 2),
        (["--round", "age=0"], "base must be above 0", 1),
        (["--round", "visited=1"], "'visited', row 0: the value is not a number", 1),
        (["--bottom", "note=1"], "It is in record 1 below the header", 1),
        (["--top", "town=1"], "no column 'town'", 1),
        (["--truncate", "visited=decade"], "'decade' is none of year, quarter, month, week, day", 2),
        (["--truncate", "age=year"], "the value is no date; write dates as 2024-12-31", 1),
    ],
)
def test_words_that_cannot_be_followed_are_told_and_nothing_is_written(
    folder: Path, words: Words, expected: str, status: int
) -> None:
    assert_one_line(within(*COMMAND, *words), expected, status=status)
    assert not (folder / "out.csv").exists()


def test_persons_of_a_ledger_are_those_of_the_file(folder: Path) -> None:
    """Cutting the column that says whose row it is does not make one person of four."""
    (folder / "in.csv").write_text(TABLE.replace("A,", "1,").replace("B,", "2,").replace("C,", "3,"), "utf-8")
    numbered = (folder / "in.csv").read_text("utf-8").replace("D,", "4,")
    (folder / "in.csv").write_text(numbered, encoding="utf-8")
    ledger: Words = ["--ledger", "sqlite:///l.sqlite", "--recipient", "univ-x", "--person", "name"]
    assert "rows in random order" in gives(*COMMAND, *ALL, "--round", "name=10", *ledger)
