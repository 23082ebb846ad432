"""Looking people up by file: read strictly before anybody is asked for, answered in parts, safe to open."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.gateway_world import ITEMS, World

from consent.errors import MalformedError
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.look_ups import MOST_QUERIES, BatchResult
from services.contracts.registry.messages import BasicItems, Sex
from services.gateway.errors import RefusedError, RowFileError
from services.gateway.inquirer import Errand, Known, look_up, look_up_all
from services.gateway.look_up_files import read_rows, write_results
from services.gateway.organisation import Organisation
from services.gateway.row_files import LONGEST_LINE

ERRAND = Errand("resident_record", "case 7")
TEXT = "name,birth_date\r\n佐*,1980-02-29\r\n髙木,1980-02-29\r\n"
CELLS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=6).map(str.strip)
SIGNS = st.sampled_from(["=1+1", "+81", "-", "@SUM", "'", "''=", "＝", "1-2-3", "佐藤"])
UNUSED = "123456789018"


@pytest.fixture
def official(tmp_path: Path) -> tuple[World, Organisation]:
    world = World(tmp_path)
    return world, world.organisation("city", Kind.MUNICIPALITY, Role.REGISTRAR, Role.INQUIRER)


def written(folder: Path, content: bytes) -> Path:
    file = folder / "rows.csv"
    file.write_bytes(content)
    return file


def table_of(rows: list[tuple[Known, BatchResult]]) -> list[dict[str, str]]:
    target = io.StringIO(newline="")
    assert write_results(target, rows) == len(rows)
    return list(csv.DictReader(io.StringIO(target.getvalue(), newline="")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_file_is_read_in_each_of_its_encodings(tmp_path: Path, encoding: str) -> None:
    rows = list(read_rows(written(tmp_path, TEXT.encode(encoding))))
    assert [(each.name, each.birth_date) for each in rows] == [("佐*", "1980-02-29"), ("髙木", "1980-02-29")]


MIXED = "name\n佐藤\n".encode() + "鈴木\n".encode("cp932")
MARKED = "name\n".encode("utf-8-sig") + "鈴木\n".encode("cp932")


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (MIXED, 3, "this line is CP932 .* but line 2 is UTF-8"),
        (MARKED, 2, "this line is CP932 .* but line 1 is UTF-8"),
        ("name\n鈴木\n".encode("cp932") + "佐藤\n".encode(), 3, "this line is UTF-8, but line 2 is CP932"),
        (b"name\n\xff\xfe\xfd\n", 2, "neither UTF-8 nor CP932"),
        (b"name\n\x82 A\n", 2, "neither UTF-8 nor CP932"),
        ("name\n佐藤\n".encode("utf-16"), 1, "NUL|neither"),
        (b"name\nA\0B\n", 2, "NUL"),
        (b"name\n" + b"A" * (LONGEST_LINE + 1), 2, "longer than"),
        (b"", 1, "the header must name"),
        (b"name,name\nA,B\n", 1, "the header must name"),
        (b"name,sex\nA,B\n", 1, "it has 'sex'"),
        (b"name,birth_date\nA\n", 2, "1 cells, another number"),
        (b'name\nA\n"B\n', 3, "broken quoting"),
    ],
)
def test_file_that_is_not_in_order_is_named_with_its_line(
    tmp_path: Path, content: bytes, line: int, problem: str
) -> None:
    with pytest.raises(RowFileError, match=f"rows.csv, line {line}: .*({problem})") as error:
        read_rows(written(tmp_path, content))
    assert error.value.line == line


def test_nobody_is_asked_for_when_a_later_line_is_wrong(
    tmp_path: Path, official: tuple[World, Organisation]
) -> None:
    world, city = official
    with pytest.raises(RowFileError):
        list(look_up_all(city, read_rows(written(tmp_path, b"name,birth_date\nA,1980-02-29\nB\n")), ERRAND))
    assert not world.registry.look_ups.asked


@given(st.lists(st.tuples(SIGNS | CELLS, SIGNS | CELLS).filter(any), max_size=5))
def test_answered_file_is_run_by_no_spreadsheet_and_gives_every_cell_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    """OT5: also what the registry holds; a row that was answered can be asked again."""
    found = BasicItems(name="=cmd()", address="\t+1", sex=Sex.OTHER, birth_date="1980-02-29")
    asked = [(Known(name=name, address=address), BatchResult(residents=[found])) for name, address in rows]
    told = table_of(asked)
    for row in told:
        assert all(cell[:1] not in "=+-@\t\r＝＋－＠" for cell in row.values() if cell)
        assert (row["found_name"], row["found_address"]) == ("'=cmd()", "'\t+1")
    again = io.StringIO(newline="")
    writer = csv.writer(again)
    writer.writerows([("name", "address"), *((row["name"], row["address"]) for row in told)])
    file = written(tmp_path_factory.mktemp("rows"), again.getvalue().encode())
    assert [(each.name, each.address) for each in read_rows(file)] == rows


def test_somebody_is_looked_up_by_what_is_known(official: tuple[World, Organisation]) -> None:
    world, city = official
    number = world.person(city).personal_number
    for known in (
        Known(number=number),
        Known(name="佐*", birth_date=ITEMS.birth_date),
        Known(name="佐藤花子", address="東京都架空市1＊"),
        Known(name="佐＊", address=ITEMS.address),
    ):
        assert [each.name for each in look_up(city, known, ERRAND)] == [ITEMS.name]
    assert look_up(city, Known(number=UNUSED), ERRAND) == []
    with pytest.raises(RefusedError, match="look_up_name_alone"):
        look_up(city, Known(name="佐藤花子"), ERRAND)
    with pytest.raises(MalformedError):
        look_up(city, Known(number="123456789012"), ERRAND)
    assert number not in repr(Known(number=number))


def test_rows_come_back_in_order_with_what_became_of_each(official: tuple[World, Organisation]) -> None:
    world, city = official
    number = world.person(city).personal_number
    rows = [
        Known(name="佐*", birth_date=ITEMS.birth_date),
        Known(number="123456789012"),
        Known(name="佐藤 花子"),
        Known(number=number),
        Known(name="鈴*", birth_date="1980-02"),
        Known(name="鈴*", birth_date="yesterday"),
        Known(number=UNUSED),
        Known(number=number),
        Known(number=number, name="佐藤 花子"),
        Known(),
    ]
    told = table_of(list(look_up_all(city, rows, ERRAND)))
    assert [each["result"] for each in told] == [
        "found",
        "malformed_row",
        "look_up_name_alone",
        "found",
        "look_up_birth_date_incomplete",
        "malformed_row",
        "nobody",
        "found",
        "look_up_number_alone",
        "look_up_name_missing",
    ]
    assert [each["row"] for each in told] == [str(number) for number in range(1, 11)]
    assert {each["found_name"] for each in told} == {ITEMS.name, ""}


def test_long_files_are_asked_in_parts(official: tuple[World, Organisation]) -> None:
    """Constant memory: the next part is read when the one before was answered."""
    _, city = official
    read = 0

    def rows() -> "list[Known]":
        nonlocal read
        read += 1
        return [Known(name="鈴*", birth_date="1980-02-29")]

    endless = (row for _ in range(3 * MOST_QUERIES) for row in rows())
    results = look_up_all(city, endless, ERRAND)
    for _ in range(MOST_QUERIES):
        next(results)
    assert read == MOST_QUERIES
    assert sum(1 for _ in results) == 2 * MOST_QUERIES


def test_part_without_a_row_that_can_be_asked_asks_nothing(official: tuple[World, Organisation]) -> None:
    world, city = official
    told = [result.refused for _, result in look_up_all(city, [Known(number="1")] * 3, ERRAND)]
    assert told == ["malformed_row"] * 3
    assert not world.registry.look_ups.asked
