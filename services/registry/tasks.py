"""The closed list of tasks for which officials may look people up, read from `tasks.toml` (J4)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from services.contracts.oversight.register import Kind


@dataclass(frozen=True, slots=True)
class Task:
    """One task: what it is, on what ground, and which kinds of organisation have it."""

    ja: str
    en: str
    ground: str
    recipients: frozenset[Kind]


@cache
def listed_tasks() -> Mapping[str, Task]:
    """Return the list by id."""
    table = tomllib.loads((files("services.registry") / "tasks.toml").read_text(encoding="utf-8"))
    return {
        name: Task(told["ja"], told["en"], told["ground"], frozenset(map(Kind, told["recipients"])))
        for name, told in table.items()
    }
