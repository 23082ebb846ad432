"""What `sekisho anonymize` is asked for: models, levels and a ledger, as they are written on the command line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import click
import pandas as pd
from sqlalchemy.exc import SQLAlchemyError

import anonymize as an
from anonymize.counting import AnyLoss

P = ParamSpec("P")
R = TypeVar("R")


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


def number(option: str, text: str) -> float:
    """Raises: UsageError unless the text is a number."""
    try:
        return float(text)
    except ValueError as cause:
        raise click.UsageError(f"{option}: {text!r} is not a number.") from cause


@dataclass(frozen=True, slots=True)
class ModelOption:
    """An option that may be given again for each sensitive column; `build` makes the model of its parts."""

    flag: str
    form: str
    help: str
    build: Callable[[Sequence[str]], an.Model]

    @property
    def name(self) -> str:
        return self.flag.removeprefix("--").replace("-", "_")

    def model(self, text: str) -> an.Model:
        """Raises: UsageError, ModelError."""
        return self.build(of_column(self.flag, text, values=self.form.count(":")))


MODEL_OPTIONS: Final = (
    ModelOption(
        "--l",
        "COLUMN:L",
        "Every class shows at least L values of the column.",
        lambda parts: an.DistinctLDiversity(parts[0], whole("--l", parts[1])),
    ),
    ModelOption(
        "--entropy-l",
        "COLUMN:L",
        "Every class leaves as much doubt as L equally likely values.",
        lambda parts: an.EntropyLDiversity(parts[0], number("--entropy-l", parts[1])),
    ),
    ModelOption(
        "--recursive",
        "COLUMN:C:L",
        "In no class is the most frequent value C times as frequent as all from the L-th on.",
        lambda parts: an.RecursiveDiversity(
            parts[0], c=number("--recursive", parts[1]), l=whole("--recursive", parts[2])
        ),
    ),
    ModelOption(
        "--t",
        "COLUMN:T",
        "No class is farther than T from the whole table's distribution; any two values are equally far apart.",
        lambda parts: an.TCloseness(parts[0], number("--t", parts[1])),
    ),
    ModelOption(
        "--t-ordered",
        "COLUMN:T",
        "As --t, for numbers: values are as far apart as their ranks.",
        lambda parts: an.TCloseness(parts[0], number("--t-ordered", parts[1]), an.Ordered()),
    ),
)


def model_options(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command all of MODEL_OPTIONS."""
    for each in reversed(MODEL_OPTIONS):
        command = click.option(each.flag, each.name, multiple=True, metavar=each.form, help=each.help)(
            command
        )
    return command


def models_of(*, k: int | None, others: Mapping[str, Sequence[str]]) -> list[an.Model]:
    """Raises: UsageError without any model, ModelError for parameters that make no sense."""
    models: list[an.Model] = [] if k is None else [an.KAnonymity(k)]
    for option in MODEL_OPTIONS:
        models += [option.model(text) for text in others.get(option.name, ())]
    if not models:
        raise click.UsageError("Name at least one model, for example --k 5.")
    return models


WEIGHED: Final[Mapping[str, Callable[[Mapping[str, float]], AnyLoss]]] = {
    "granularity": an.Loss,
    "precision": an.Precision,
    "entropy": an.NormalisedEntropy,
}
OF_CLASSES: Final[Mapping[str, Callable[[], AnyLoss]]] = {
    "discernibility": an.Discernibility,
    "class-size": an.AverageClassSize,
}
LOSSES: Final = (*WEIGHED, *OF_CLASSES)


def loss_of(name: str, weights: Sequence[str]) -> AnyLoss:
    """Raises: UsageError for a weight that is no number or that the loss cannot use; SchemaError."""
    given = {
        column: number("--weight", text)
        for column, text in (of_column("--weight", each, sign="=") for each in weights)
    }
    if name in WEIGHED:
        return WEIGHED[name](given)
    if given:
        raise click.UsageError(f"--weight is for the losses {', '.join(WEIGHED)}; leave it out.")
    return OF_CLASSES[name]()


def levels_of(given: Sequence[str]) -> dict[str, list[int]]:
    """Raises: UsageError for a column named twice or a level that is no number."""
    chosen: dict[str, list[int]] = {}
    for column, levels in (of_column("--levels", each, sign="=") for each in given):
        if column in chosen:
            raise click.UsageError(
                f"--levels names {column!r} twice; give its levels once, separated by commas."
            )
        chosen[column] = [whole("--levels", level) for level in levels.split(",")]
    return chosen


@dataclass(frozen=True, slots=True)
class Lending:
    """Through which ledger a table leaves, to whom, and which column says whose row it is."""

    url: str
    recipient: str
    person: str
    key_file: Path | None
    anchor: Path | None

    @classmethod
    def of(
        cls,
        *,
        url: str | None,
        recipient: str | None,
        person: str | None,
        key_file: Path | None,
        anchor: Path | None,
    ) -> "Lending | None":
        """Raises: UsageError when some of the options are there and others are missing."""
        if all(each is None for each in (url, recipient, person, key_file, anchor)):
            return None
        if url is None or recipient is None or person is None:
            raise click.UsageError("A release needs all of --ledger, --recipient and --person.")
        return cls(url, recipient, person, key_file, anchor)

    def check(self, schema: an.Schema) -> None:
        """Raises: UsageError when the column that names the persons would leave with the table."""
        if self.person not in schema.identifying:
            raise click.UsageError(
                f"--person {self.person!r} is not among the schema's identifying columns; add it there, or it"
                " would leave with the table."
            )

    def release(self, result: an.Result, table: pd.DataFrame) -> pd.DataFrame:
        """Hand the table out through the ledger, rows in random order.

        Raises: JointDisclosureError, LedgerError.
        """
        try:
            ledger = an.ReleaseLedger(
                self.url,
                key=None if self.key_file is None else self.key_file.read_bytes(),
                anchor=None if self.anchor is None else an.FileAnchor(self.anchor),
            )
            release = ledger.release(result, recipient=self.recipient, persons=table[self.person].tolist())
        except (SQLAlchemyError, ModuleNotFoundError) as cause:
            raise an.LedgerError("The ledger's database cannot be used; check --ledger.") from cause
        return release.frame
