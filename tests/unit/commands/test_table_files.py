"""CSV files of the commands: read as text, written as they were, all together or not at all."""

import csv
import io
import random
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymize import FileFormatError
from services.commands.table_files import read_table, shuffled, write_table, written_together

CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6)
SIGNS = st.sampled_from(["=", "+", "-", "@", "\t", "'", "''", "-1", "-1.5", "+1", "plain", " ", "＝"])


def written(frame: pd.DataFrame, separator: str = ",") -> str:
    target = io.StringIO(newline="")
    write_table(frame, target, separator=separator)
    return target.getvalue()


@given(
    st.lists(
        st.tuples(SIGNS | CELL, st.none() | st.builds(str.__add__, SIGNS, CELL)), min_size=1, max_size=5
    ),
    st.sampled_from(",;\t|"),
)
def test_table_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str | None]], separator: str
) -> None:
    frame = pd.DataFrame(rows, columns=["=first", "second"], dtype=object)
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_text(written(frame, separator), encoding="utf-8", newline="")
    found = read_table(path, separator=separator).frame
    assert list(found.columns) == ["=first", "second"]
    assert found["=first"].tolist() == [first for first, _ in rows]
    assert found["second"].tolist() == [second for _, second in rows]


@pytest.mark.parametrize("sign", [*"=+-@\t\r", " =", "＝"])
def test_no_cell_begins_like_a_formula(sign: str) -> None:
    """OT5: also in the header; plain negative numbers stay numbers."""
    text = written(pd.DataFrame({f"{sign}h": [f"{sign}1+1", "-12.5"]}))
    cells = [row[0] for row in csv.reader(io.StringIO(text, newline=""))]
    assert cells == [f"'{sign}h", f"'{sign}1+1", "-12.5"]


def test_mark_of_other_writers_stays() -> None:
    frame = pd.DataFrame({"a": ["'tis", "'=1", "''"]})
    assert written(frame).splitlines() == ["a", "''tis", "''=1", "'''"]


def test_foreign_text_in_marks_is_not_unmarked(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n'tis\n", encoding="utf-8")
    assert read_table(tmp_path / "t.csv").frame["a"].tolist() == ["'tis"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_how_a_file_is_written_is_recognised(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.csv").write_bytes("年齢\t町\r\n007\t東京\r\n\t\r\n".encode(encoding))
    found = read_table(tmp_path / "t.csv")
    assert (found.separator, found.encoding) == ("\t", encoding)
    assert found.frame["年齢"].tolist() == ["007", None]
    assert found.frame["町"].tolist() == ["東京", None]


def test_large_table_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n" + "x,y\n" * 45_000, encoding="utf-8")
    assert read_table(tmp_path / "t.csv").frame.shape == (45_000, 2)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", r"t\.csv: The file is empty"),
        (b"a,b,a\n1,2,3\n", "More than one column is named 'a'"),
        (b"a,b\n1,2\n3\n", "Record 2 below the header has 1 cells for 2 columns"),
        (b'a,b\n1,"2\n', "line 2 on has broken quoting"),
        (b"a,b\n1,\xff\n", "name its encoding"),
    ],
)
def test_file_that_is_no_table_is_named_with_the_place(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(FileFormatError, match=says):
        read_table(tmp_path / "t.csv")


def test_shuffled_rows_stay_whole_under_a_new_index() -> None:
    """RI6: a chosen source gives an order that has nothing to do with the table's."""
    frame = pd.DataFrame({"a": range(200), "b": range(200)}, index=range(1000, 1200))
    mixed = shuffled(frame, random.Random(7))
    assert mixed["a"].tolist() == mixed["b"].tolist() != frame["a"].tolist()
    assert sorted(mixed["a"]) == list(range(200))
    assert list(mixed.index) == list(range(200))


def test_files_appear_together_or_not_at_all(tmp_path: Path) -> None:
    targets = [tmp_path / "one", tmp_path / "two"]
    targets[0].write_text("old", encoding="utf-8")

    def fill(*, fail: bool) -> None:
        with written_together(targets) as files:
            for file in files:
                file.write("new")
            if fail:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        fill(fail=True)
    assert [each.name for each in tmp_path.iterdir()] == ["one"]
    assert targets[0].read_text(encoding="utf-8") == "old"
    fill(fail=False)
    assert [each.read_text(encoding="utf-8") for each in sorted(tmp_path.iterdir())] == ["new", "new"]


def test_folder_that_is_none_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none"), written_together([tmp_path / "none" / "out"]):
        raise AssertionError("the block must not be entered")
