"""Attacks on files that `sekisho anonymize` writes: OT5, RI6."""

import csv
from pathlib import Path

import numpy as np
import pytest
from support.command_line import within

from services.commands.table_files import read_table

ROWS = 2000
SCHEMA = """\
sensitive = ["note"]
identifying = ["number"]

[quasi.age]
hierarchy = "intervals"
widths = [10]

[quasi."=cmd|town"]
hierarchy = "table"
rows = [["a", "@group", "*"], ["b", "@group", "*"], ["+c", "-other", "*"]]
"""
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", " =1", "'=1", "＝1+1", "plain"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("s.toml").write_text(SCHEMA, encoding="utf-8")
    with Path("in.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "age", "=cmd|town", "note", "day"])
        for at in range(ROWS):
            town = ["a", "b", "+c"][at % 3]
            writer.writerow([at, 20 + at % 50, town, FORMULAS[at % len(FORMULAS)], at // 2])
    return tmp_path


def anonymized(out: str) -> Path:
    done = within(
        "anonymize", "in.csv", "--schema", "s.toml", "--k", "5", "--levels", "=cmd|town=1", "--out", out
    )
    assert done.returncode == 0, done.stderr
    return Path(out)


def test_no_cell_of_a_released_file_runs_in_a_spreadsheet(folder: Path) -> None:
    """OT5: names, labels and texts that are formulas leave marked; our reader gives them back."""
    out = anonymized("out.csv")
    with out.open(encoding="utf-8", newline="") as file:
        cells = {cell for row in csv.reader(file) for cell in row}
    assert [cell for cell in cells if cell.strip()[:1] in set("=+-@＝＋－＠")] == []
    found = read_table(out).frame
    assert list(found.columns) == ["age", "=cmd|town", "note", "day"]
    assert set(found["=cmd|town"]) == {"@group", "-other"}
    known = read_table(Path("in.csv")).frame
    assert sorted(found["note"]) == sorted(known["note"])


def test_order_of_rows_links_nothing(folder: Path) -> None:
    """RI6: rank correlation with the input's order near 0, no number of the row, another order every time."""
    one, two = (read_table(anonymized(name)).frame for name in ("one.csv", "two.csv"))
    assert "number" not in one.columns
    place = one["day"].astype(int).to_numpy()
    other = two["day"].astype(int).to_numpy()
    ordered = np.arange(ROWS) // 2
    # The standard deviation of chance is 1/sqrt(2000) = 0.022.
    for first, second in ((place, ordered), (other, ordered), (place, other)):
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.12
    assert sorted(place) == sorted(other)
