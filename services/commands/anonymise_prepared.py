"""What is done to columns before a table is anonymised: numbers bounded and rounded, dates cut."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, get_args

import click
import pandas as pd

import anonymize as an
from anonymize.transformations.truncation import Period
from services.commands.options import gathered, of_column
from services.commands.table_failures import told


@dataclass(frozen=True, slots=True)
class Prepared:
    """Transformations by column. For each column: rounding, then bounds, so that no number lies outside them."""

    steps: Mapping[str, Sequence[an.ColumnTransformation]]

    @classmethod
    def of(cls, **given: Sequence[str]) -> "Prepared":
        """Raises: UsageError for a column named twice in an option, or a value of no use; TransformationError."""
        steps: dict[str, list[an.ColumnTransformation]] = {}
        for name, build in BUILT.items():
            pairs = [of_column(f"--{name}", text, sign="=") for text in given[name]]
            columns = [column for column, _ in pairs]
            if twice := [column for column in columns if columns.count(column) > 1]:
                raise click.UsageError(f"--{name} names {twice[0]!r} twice; give it once.")
            for column, value in pairs:
                steps.setdefault(column, []).append(build(value))
        return cls(steps)

    def transformed(self, frame: pd.DataFrame) -> an.Transformed:
        """The table transformed, with a log. Raises: TransformationError saying where in the file; SchemaError."""
        if not self.steps:
            return an.Transformed(frame, ())
        try:
            return an.transform(frame, {column: list(steps) for column, steps in self.steps.items()})
        except an.TransformationError as error:
            if error.row is None:
                raise
            raise an.TransformationError(
                f"{error} It is in record {error.row + 1} below the header.", row=error.row
            ) from error


def _decimal(option: str, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as cause:
        raise click.UsageError(f"{option}: {text!r} is not a number.") from cause


def _period(text: str) -> an.DateTruncation:
    for period in get_args(Period):
        if text == period:
            return an.DateTruncation(period)
    raise click.UsageError(f"--truncate: {text!r} is none of {', '.join(get_args(Period))}.")


BUILT: Final[Mapping[str, Callable[[str], an.ColumnTransformation]]] = {
    "round": lambda text: an.Rounding(_decimal("--round", text)),
    "bottom": lambda text: an.BottomCoding(_decimal("--bottom", text)),
    "top": lambda text: an.TopCoding(_decimal("--top", text)),
    "truncate": _period,
}
"""What each option makes of its value, in the order in which it is done."""

prepared_options = gathered(
    "prepared",
    [
        click.option(
            "--round", multiple=True, metavar="COLUMN=BASE", help="Round numbers to multiples of BASE, first."
        ),
        click.option(
            "--bottom", multiple=True, metavar="COLUMN=LIMIT", help="Show numbers below LIMIT as LIMIT."
        ),
        click.option(
            "--top", multiple=True, metavar="COLUMN=LIMIT", help="Show numbers above LIMIT as LIMIT."
        ),
        click.option(
            "--truncate",
            multiple=True,
            metavar="COLUMN=PERIOD",
            help=f"Show dates as the first day of their {', '.join(get_args(Period))}.",
        ),
    ],
    told(Prepared.of),
)
