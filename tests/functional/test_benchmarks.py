"""`python -m benchmarks` measures everything it says it does; how fast that is, is nowhere tested."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.anonymize.reference import REFERENCE

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    "deposit 100 documents",
    "deposit one document",
    "read one document",
    "read 100 documents",
    "deposit 200 documents",
    "read 200 documents",
    "token request",
    "32 tokens at once",
    "name 200 people",
    "decide on 1,000 directives in memory",
    "decide on 1,000 directives in rows",
    "append one log entry",
    "prove one log entry",
    "append 100 log entries",
    "prove 100 log entries",
    "record 100 entries",
    "record 1000 parts",
]
FIGURES = ["median_ms", "p90_ms", "part_ms", "bare_ms", "ratio"]


@pytest.mark.long
def test_quick_run_shows_every_row_with_positive_finite_figures(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(file)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert shown.returncode == 0, shown.stderr
    rows = json.loads(file.read_text())
    assert [row["name"] for row in rows] == ROWS
    for row in rows:
        assert row["name"] in shown.stdout
        assert row["runs"] >= 1
        assert all(math.isfinite(row[figure]) and row[figure] > 0 for figure in FIGURES)
        assert row["p90_ms"] >= row["median_ms"]
        assert row["ratio"] == pytest.approx(row["median_ms"] / row["bare_ms"])


def test_quick_run_of_the_library_shows_what_came_out(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    command = [sys.executable, "-m", "benchmarks.anonymize", "--quick", "--json", str(file)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert shown.returncode == 0, shown.stderr
    rows = json.loads(file.read_text(encoding="utf-8"))
    names = " ".join(row["name"] for row in rows)
    for part in ("rows x 9", "classes of", "joint classes", "first small job"):
        assert part in names
    for row in rows:
        assert row["well"], row
        assert math.isfinite(row["ratio"])
        assert row["ratio"] > 0
    if REFERENCE.exists():
        assert {"all 2 global cases", "local adult9_k2"} <= {row["name"] for row in rows}


@pytest.mark.long
def test_quick_run_of_streams_shows_rates_share_and_memory(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks.streams", "--quick", "--json", str(file)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert shown.returncode == 0, shown.stderr
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert len(figures) == 9
    assert all(math.isfinite(figure["value"]) for figure in figures)
    rates = [figure["value"] for figure in figures if figure["unit"] == "MB/s"]
    assert (len(rates), min(rates) > 0) == (5, True)


def test_quick_run_of_look_ups_shows_every_way_of_asking(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks.look_ups", "--quick", "--json", str(file)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert shown.returncode == 0, shown.stderr
    figures = json.loads(file.read_text(encoding="utf-8"))
    names = " ".join(figure["name"] for figure in figures)
    for part in (
        "callers at once",
        "500 in a request",
        "bare",
        "birth date: p95",
        "address: p95",
        "batch of",
    ):
        assert part in names
    answered = [figure["value"] for figure in figures if "with an answer" in figure["name"]]
    assert min(answered) > 50
    assert all(math.isfinite(figure["value"]) and figure["value"] >= 0 for figure in figures)
