"""What commands write (opened records, residents' items, receipts) no other user of the machine reads."""

import ast
from collections.abc import Iterator
from pathlib import Path

import services.commands
import services.gateway
from services.commands.table_files import written_together

OPEN_TO_OTHERS = {"write_text", "write_bytes", "touch"}


def calls(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield file and name of every method that is called in a package."""
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield file.name, node.func.attr


def test_no_command_writes_a_file_that_others_may_read() -> None:
    """C10: a file made without a mode of its own is everybody's, as the machine's usual mode is."""
    found = [
        each for module in (services.commands, services.gateway) for each in calls(Path(module.__path__[0]))
    ]
    assert len(found) > 1000
    assert [each for each in found if each[1] in OPEN_TO_OTHERS] == []


def test_table_that_is_written_is_its_owners_only(tmp_path: Path) -> None:
    with written_together([tmp_path / "found.csv"]) as (target,):
        target.write("name,address\n")
        modes = [each.stat().st_mode & 0o777 for each in tmp_path.iterdir()]
    assert [*modes, (tmp_path / "found.csv").stat().st_mode & 0o777] == [0o600, 0o600]
