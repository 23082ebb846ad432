"""What the chapters of `tests/spec` are written with; `docs/chapters.py` makes the reference of them.

A chapter is a module, an example one of its tests: statements, then `shows`, `prints` or `refused` with what the
reader is to see. Only what passes is in the reference.
"""

import inspect
import math
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import pandas as pd
import pytest
from support.command_line import within

from anonymize import AnonymizeError


def shows(value: object, expected: str) -> None:
    """Check that a table, a mapping, a list of them or a plain value is what the reference says."""
    seen = markdown(value)
    assert seen == inspect.cleandoc(expected), seen


@contextmanager
def refused(expected: str) -> Iterator[None]:
    """Check that the block ends in the error that the reference tells, word by word."""
    with pytest.raises(AnonymizeError) as told:
        yield
    assert f"{type(told.value).__name__}: {told.value}" == " ".join(expected.split())


def prints(command: str, expected: str) -> None:
    """Check that a command of `sekisho` prints what the reference says, on whichever stream."""
    name, *words = shlex.split(unwrapped(command))
    assert name == "sekisho"
    done = within(*words)
    said = (done.stdout + done.stderr).rstrip()
    assert said == unwrapped(expected), said


def unwrapped(text: str) -> str:
    """Join lines that a backslash continues."""
    return inspect.cleandoc(text).replace("\\\n", "")


def markdown(value: object) -> str:
    """Write a value as the reference shows it."""
    if isinstance(value, list):
        return markdown(pd.DataFrame(value))
    if isinstance(value, pd.DataFrame):
        return _table([str(name) for name in value.columns], value.itertuples(index=False))
    if isinstance(value, Mapping):
        return _table(["", ""], value.items())
    return f"`{value:.4g}`" if isinstance(value, float) else f"`{value}`"


def _table(header: list[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [header, ["---"] * len(header), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "\\|").replace("*", "\\*")
