"""Options as they are written on the command line: several in one value, many parts in one text."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path

import click

from services.commands.failures import told

Command = Callable[..., None]
ID_WITH_HYPHEN = re.compile(r"-[A-Za-z0-9_-]{21}")
"""Ids are random base64url: one in sixty-four would pass for an option."""
Option = Callable[[Command], Command]
official_option = click.option(
    "--as",
    "folder",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Credentials of an accreditor or auditor of the oversight body.",
)


class Said(click.ParamType[str]):
    """What somebody says in words of their own; nothing at all is not taken."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """See `click.ParamType`."""
        text = str(value)
        if not text.strip():
            self.fail("it is empty; say it in a few words", param, ctx)
        return text


class BirthDate(click.DateTime):
    """A day that has come, wherever one is."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """See `click.ParamType`."""
        day: datetime = super().convert(value, param, ctx)
        if day.replace(tzinfo=UTC) > datetime.now(UTC) + timedelta(days=1):
            self.fail(f"{day:%Y-%m-%d} has not come yet; correct the day", param, ctx)
        return day


class IdCommand(click.Command):
    """A command whose argument is an id, also one that begins with a hyphen."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See `click.Command`."""
        ids = [each for each in args if ID_WITH_HYPHEN.fullmatch(each)]
        others = [each for each in args if each not in ids]
        return super().parse_args(ctx, [*others, "--", *ids] if ids and "--" not in args else args)


def gathered(name: str, options: Sequence[Option], build: Callable[..., object]) -> Option:
    """Give a command the options, and what `build` makes of them as its one argument `name`."""

    def decorate(command: Command) -> Command:
        def bare() -> None: ...

        for option in options:
            option(bare)
        own = [parameter.name for parameter in bare.__dict__["__click_params__"]]

        @wraps(command)
        def wrapped(**given: object) -> None:
            made = told(build)(**{option: given.pop(option) for option in own})
            command(**given, **{name: made})

        decorated: Command = wrapped
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


def of_column(option: str, text: str, *, sign: str = ":", values: int = 1) -> list[str]:
    """Split `disease:3`; the column may hold the sign itself. Raises: UsageError when a part is missing."""
    parts = text.rsplit(sign, values)
    if len(parts) <= values or not all(parts):
        raise click.UsageError(f"{option} {text!r}: write {sign.join(['COLUMN', *['VALUE'] * values])}.")
    return parts


def whole(option: str, text: str) -> int:
    """Raises: UsageError unless the text is a whole number."""
    try:
        return int(text)
    except ValueError as cause:
        raise click.UsageError(f"{option}: {text!r} is not a whole number.") from cause


def text_of(file: Path) -> str:
    """Return a file's text. Raises: UsageError when it is not UTF-8; OSError."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as cause:
        raise click.UsageError(f"{file} is not text in UTF-8; name a text file") from cause


def number(option: str, text: str) -> float:
    """Raises: UsageError unless the text is a number."""
    try:
        return float(text)
    except ValueError as cause:
        raise click.UsageError(f"{option}: {text!r} is not a number.") from cause
