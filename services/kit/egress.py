"""Declared egress: a function that builds or sends something for somebody outside says what, to whom, why, and on what
ground.

`docs/data-flow.md` is generated from the declarations. A route that answers another body, and a module that calls
one, must have a declaration (tests/architecture/test_data_leave_declared.py).
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])
_DECLARATION = "egress_declaration"


@dataclass(frozen=True, slots=True)
class Egress:
    """One declaration: recipient, fields, purpose, the verified ground, and the routes it answers, if any."""

    to: str
    fields: str
    purpose: str
    ground: str
    answers: tuple[str, ...] = ()


def egress(
    *, to: str, fields: str, purpose: str, ground: str, answers: tuple[str, ...] = ()
) -> Callable[[F], F]:
    """Declare what the decorated function lets out; the function itself is not changed."""

    def declare(function: F) -> F:
        setattr(function, _DECLARATION, Egress(to, fields, purpose, ground, answers))
        return function

    return declare


def declarations(module: ModuleType) -> dict[str, Egress]:
    """Return the declarations of a module's functions and methods, by qualified name, in the order of the source."""
    found: dict[str, Egress] = {}
    for value in vars(module).values():
        members = vars(value).values() if inspect.isclass(value) else (value,)
        for each in members:
            declared = getattr(each, _DECLARATION, None)
            if isinstance(declared, Egress) and each.__module__ == module.__name__:
                found[each.__qualname__] = declared
    return found
