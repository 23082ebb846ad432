"""The progress of a search on a terminal."""

import io
import math

import pandas as pd
import pytest
from rich.console import Console

import anonymize as an
from services.commands.anonymise_progress import how_good, said, watching


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (an.Progress(3, math.inf, 0.1), "3 combinations tried, none passes yet, none below 0.1000"),
        (an.Progress(70, 0.31249, 0.2), "70 combinations tried, best loss 0.3125, none below 0.2000"),
    ],
)
def test_progress_is_one_line(progress: an.Progress, line: str) -> None:
    assert said(progress) == line


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_terminals_only(*, terminal: bool) -> None:
    shown = io.StringIO()
    with watching(Console(file=shown, force_terminal=terminal, width=100)) as watch:
        assert watch(an.Progress(3, 0.5, 0.1))
    assert ("3 combinations tried" in shown.getvalue()) == terminal


def test_stopped_search_tells_how_good_its_table_is() -> None:
    df = pd.DataFrame(
        {"age": [n * n % 97 for n in range(200)], "town": [str(n * 7 % 31) for n in range(200)]}
    )
    schema = an.Schema({"age": an.Hierarchy.intervals([5, 10, 20, 40]), "town": an.Hierarchy.redaction()})
    asked = [an.KAnonymity(5)]
    assert how_good(an.anonymize(df, schema, models=asked)) == ""
    stopped = an.anonymize(df, schema, models=asked, watch=lambda progress: math.isinf(progress.best))
    assert how_good(stopped).startswith(" (stopped; the least possible is at least 0.")
