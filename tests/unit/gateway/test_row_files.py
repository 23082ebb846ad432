"""Files of rows: encodings recognised or refused by line, headers checked, cells that no spreadsheet runs."""

import csv
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.gateway.errors import RowFileError
from services.gateway.row_files import Row, encoding_of, open_rows, written_rows

HEADER = "reference,name\r\n"
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)


def rows_of(file: Path) -> list[Row]:
    with open_rows(file, required=("reference",), optional=("name", "address")) as rows:
        return list(rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_file_is_read_alike_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes((HEADER + 'r1,"髙橋 ①, ﾊﾅｺ"\r\n\r\nr2,鈴木\r\n').encode(encoding))
    assert [row.cells for row in rows_of(file)] == [
        {"reference": "r1", "name": "髙橋 ①, ﾊﾅｺ"},
        {"reference": "r2", "name": "鈴木"},
    ]
    assert encoding_of(file) == encoding


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (HEADER.encode() + "r1,山田\n".encode() + "r2,山田\n".encode("cp932"), "line 3: this line is CP932"),
        (
            HEADER.encode("cp932") + "r1,山田\n".encode("cp932") + "r2,山田\n".encode(),
            "3: this line is UTF-8",
        ),
        (HEADER.encode() + "r1,山田\n".encode("cp932") + "r2,Á,\n".encode(), "not CP932 .* from here on"),
        (HEADER.encode() + b"r1,\xff\xfd\n", r"in\.csv, line 2: neither"),
        (HEADER.encode() + b"r1,\x81\x20\n", r"in\.csv, line 2: neither"),
        (HEADER.encode("utf-16"), "UTF-16|neither"),
        (HEADER.encode() + b"r1,a\0b\n", "line 2: NUL"),
        (b"", "the header must name"),
        (b"reference,adress\n", "some of the columns reference, name, address, .*it has 'adress'"),
        (b"name\n", "it lacks 'reference'"),
        (b"reference,reference\n", "it has 'reference'"),
        (b'reference,name\nr1,"open\n', "broken quoting"),
        (b'reference,"na"me\n', "broken quoting"),
    ],
)
def test_file_that_cannot_be_meant_is_refused_by_name_and_line(
    tmp_path: Path, content: bytes, says: str
) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes(content)
    with pytest.raises(RowFileError, match=says):
        rows_of(file)


def test_row_of_another_width_is_told_and_the_others_read(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text(HEADER + "r1\nr2,b\nr3,c,d\n")
    assert [row.cells is None for row in rows_of(file)] == [True, False, True]
    assert [row.number for row in rows_of(file)] == [1, 2, 3]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(texts, texts), max_size=5))
def test_what_is_written_reads_back_and_begins_no_formula(
    tmp_path: Path, table: list[tuple[str, str]]
) -> None:
    """OT5: whatever a cell holds."""
    file = tmp_path / "out.csv"
    file.unlink(missing_ok=True)
    meant = [pair for pair in table if any(pair)]
    with written_rows(file, ("reference", "name")) as written:
        for reference, name in meant:
            written.write({"reference": reference, "name": name})
    assert [row.cells for row in rows_of(file)] == [
        {"reference": reference, "name": name} for reference, name in meant
    ]
    with file.open(encoding="utf-8", newline="") as opened:
        cells = [cell for line in csv.reader(opened) for cell in line]
    assert not {cell for cell in cells if cell.lstrip()[:1] in set("=+-@＝＋－＠")}


def test_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    with written_rows(file, ("name",)) as written:
        written.write({"name": "=cmd|' /C calc'!A0"})
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().splitlines()[1] == "'=cmd|' /C calc'!A0"
    with pytest.raises(RowFileError, match="exists"), written_rows(file, ("name",)):
        pass


def test_rows_are_read_in_constant_memory(tmp_path: Path) -> None:
    """J11: 100,000 rows take no more room than few."""
    peaks = []
    for count in (1_000, 100_000):
        file = tmp_path / f"{count}.csv"
        with file.open("w", encoding="cp932") as opened:
            opened.write(HEADER)
            opened.writelines(f"reference-{number},山田 花子\n" for number in range(count))
        tracemalloc.start()
        with open_rows(file, required=("reference",), optional=("name",)) as rows:
            assert sum(1 for _ in rows) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]


def test_half_width_kana_are_not_taken_for_accented_letters(tmp_path: Path) -> None:
    """In CP932 two of them are two bytes that UTF-8 reads as one letter."""
    file = tmp_path / "in.csv"
    file.write_bytes((HEADER + "r1,ﾃｽ\nr2,山田\n").encode("cp932"))
    assert [row.cells for row in rows_of(file)] == [
        {"reference": "r1", "name": "ﾃｽ"},
        {"reference": "r2", "name": "山田"},
    ]
