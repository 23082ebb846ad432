"""Released tables as CSV: written neutralised, read back as they were."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.research.table import neutralise, read_table, restore, write_table

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FIRST = st.sampled_from(["=", "+", "-", "@", "\t", "\r", " =", "'", "''", "＝", "plain", ""])


@given(FIRST, TEXT)
def test_neutralised_text_is_restored(first: str, rest: str) -> None:
    assert restore(neutralise(first + rest)) == first + rest


@given(st.lists(st.tuples(TEXT, st.integers()), max_size=4))
def test_table_is_read_as_it_was_written(rows: list[tuple[str, int]]) -> None:
    found = read_table(write_table(["text", "number"], rows))
    assert [(row["text"], int(row["number"])) for row in found] == rows


def test_missing_value_is_an_empty_cell() -> None:
    assert read_table(write_table(["a", "b"], [(None, 1)])) == [{"a": "", "b": "1"}]


@pytest.mark.parametrize("sign", [*list("=+-@\t\r＝＋－＠"), " =", "\n@"])
def test_no_cell_begins_like_a_formula(sign: str) -> None:
    written = write_table(["text"], [(sign + "1+1",)]).decode()
    cell = list(csv.reader(io.StringIO(written, newline="")))[1][0]
    assert cell == "'" + sign + "1+1"
