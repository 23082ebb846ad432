"""The README's minute with a table: its commands and its program, as they stand there."""

import re
import shlex
from pathlib import Path

import pytest
from support.command_line import within

ROOT = Path(__file__).resolve().parents[2]


def section() -> str:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"## Anonymise a table in a minute\n(.*?)\n## ", readme, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(autouse=True)
def beside_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "examples").symlink_to(ROOT / "docs" / "examples")
    monkeypatch.chdir(tmp_path)


def test_commands_print_what_the_readme_shows() -> None:
    shown = re.findall(
        r"^\$ sekisho (.+)\n((?:(?!\$|```).+\n)*)", section().replace("\\\n", " "), re.MULTILINE
    )
    assert len(shown) == 4
    for command, output in shown:
        done = within(*shlex.split(command, comments=True))
        assert done.returncode == 0, done.stderr
        said = done.stdout.splitlines()
        assert [line for line in output.splitlines() if line != "…" and line not in said] == []


def test_program_runs() -> None:
    program = re.search(r"```python\n(.*?)```", section(), re.DOTALL)
    assert program is not None
    exec(compile(program[1], "README.md", "exec"), {})


def test_local_recoding_loses_what_the_readme_says() -> None:
    command = re.search(r"^\$ sekisho (anonymize .+)$", section().replace("\\\n", " "), re.MULTILINE)
    told = re.search(r"far less is lost \(here (0\.\d+)\)", section())
    assert command is not None
    assert told is not None
    done = within(*shlex.split(command[1]), "--recoding", "local")
    assert f"loss {told[1]}," in done.stdout
