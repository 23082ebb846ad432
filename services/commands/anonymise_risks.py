"""Options that bound risks, also beside a file of everybody who could be in the table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
import pandas as pd

import anonymize as an
from services.commands.options import Option
from services.commands.options import number as as_number
from services.commands.table_files import read_table

RISK_OPTIONS: Final[tuple[Option, ...]] = (
    click.option("--max-risk", type=float, help="No row is linked with its person more probably than this."),
    click.option(
        "--average-risk", type=float, help="Rows are linked rightly no more often than this, on average."
    ),
    click.option(
        "--population",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Everybody who could be in the table (CSV): risks are counted among them.",
    ),
    click.option("--k-map", type=int, help="Every class is written like at least so many of the population."),
    click.option(
        "--presence",
        metavar="LOW:HIGH",
        help="Nobody is surer than HIGH, or less sure than LOW, that one of the population is in the table.",
    ),
)
"""In the order of the arguments of `risks_of`."""

NAMES: Final = ("max_risk", "average_risk", "population", "k_map", "presence")


def risks_of(given: Mapping[str, object]) -> list[an.Model]:
    """The models that the options ask for. Raises: UsageError, ModelError, FileFormatError."""
    max_risk, average_risk, file, k_map, presence = (given[name] for name in NAMES)
    if file is None and (k_map is not None or presence is not None):
        raise click.UsageError(
            "--k-map and --presence compare with a population; name its file with --population."
        )
    everybody = read_table(file).frame if isinstance(file, Path) else None
    models: list[an.Model] = []
    if isinstance(max_risk, float):
        models.append(an.MaximalRisk(max_risk, everybody))
    if isinstance(average_risk, float):
        models.append(an.AverageRisk(average_risk, everybody))
    if everybody is not None:
        models += _beside(everybody, k_map, presence)
        if not models:
            raise click.UsageError("--population alone asks for nothing; add for example --k-map 5.")
    return models


def _beside(everybody: pd.DataFrame, k_map: object, presence: object) -> list[an.Model]:
    models: list[an.Model] = []
    if isinstance(k_map, int):
        models.append(an.KMap(k_map, everybody))
    if isinstance(presence, str):
        low, colon, high = presence.partition(":")
        if not colon:
            raise click.UsageError(f"--presence {presence!r}: write LOW:HIGH, for example 0:0.5.")
        models.append(
            an.DeltaPresence(as_number("--presence", low), as_number("--presence", high), everybody)
        )
    return models
