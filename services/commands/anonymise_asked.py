"""What `sekisho anonymize` is asked for: models, levels, suppression, loss."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, get_args

import click
import pandas as pd

import anonymize as an
from anonymize.asked import RecodingRule
from anonymize.counting import AnyLoss
from services.commands.anonymise_lending import Leaving
from services.commands.anonymise_risks import NAMES, RISK_OPTIONS, risks_of
from services.commands.options import gathered, number, of_column, whole
from services.commands.table_failures import told


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
    ModelOption(
        "--beta",
        "COLUMN:BETA",
        "No class makes a value likelier by more than BETA times its share of the table (enhanced for frequent ones).",
        lambda parts: an.EnhancedBetaLikeness(parts[0], number("--beta", parts[1])),
    ),
    ModelOption(
        "--delta",
        "COLUMN:DELTA",
        "Every class shows every value, within a factor exp(DELTA) of its share of the table.",
        lambda parts: an.DeltaDisclosure(parts[0], number("--delta", parts[1])),
    ),
)


def models_of(
    *, k: int | None, risks: Sequence[an.Model], others: Mapping[str, Sequence[str]]
) -> list[an.Model]:
    """Raises: UsageError without any model, ModelError for parameters that make no sense."""
    models: list[an.Model] = [] if k is None else [an.KAnonymity(k)]
    for option in MODEL_OPTIONS:
        models += [option.model(text) for text in others.get(option.name, ())]
    models += risks
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
class Asked:
    """What is asked of an anonymisation. Units: `time_limit` in seconds."""

    models: Sequence[an.Model]
    suppression: float
    levels: Mapping[str, Sequence[int]]
    loss: AnyLoss
    time_limit: float | None
    recoding: RecodingRule

    @classmethod
    def of(
        cls,
        *,
        k: int | None,
        suppression: float,
        levels: Sequence[str],
        loss: str,
        weight: Sequence[str],
        time_limit: float | None,
        recoding: RecodingRule,
        **others: Any,
    ) -> "Asked":
        """Raises: UsageError, ModelError, SchemaError, FileFormatError."""
        risks = risks_of({name: others.pop(name) for name in NAMES})
        models = models_of(k=k, risks=risks, others=others)
        return cls(models, suppression, levels_of(levels), loss_of(loss, weight), time_limit, recoding)

    def anonymized(
        self,
        table: pd.DataFrame,
        schema: an.Schema,
        *,
        watch: Callable[[an.Progress], bool],
        leaving: Leaving | None,
    ) -> an.Result:
        """Raises: as `anonymize`; of an unsuitable value it is said where it stands in the file."""
        search = partial(
            an.anonymize,
            table,
            schema,
            models=self.models,
            suppression_limit=self.suppression,
            levels=self.levels,
            loss=self.loss,
            time_limit=self.time_limit,
            recoding=self.recoding,
            watch=watch,
        )
        try:
            return search() if leaving is None else leaving.anonymized(search)
        except an.HierarchyError as error:
            if error.row is None:
                raise
            raise an.HierarchyError(f"{error} It is in record {error.row + 1} below the header.") from error


asked_options = gathered(
    "asked",
    [
        click.option("--k", type=int, help="Every class has at least k rows."),
        *(
            click.option(each.flag, each.name, multiple=True, metavar=each.form, help=each.help)
            for each in MODEL_OPTIONS
        ),
        *RISK_OPTIONS,
        click.option(
            "--suppression",
            default=0.0,
            show_default=True,
            help="Greatest share of rows that may be suppressed.",
        ),
        click.option(
            "--recoding",
            type=click.Choice(get_args(RecodingRule)),
            default="global",
            show_default=True,
            help="local: every class on levels of its own, which loses far less.",
        ),
        click.option(
            "--levels",
            multiple=True,
            metavar="COLUMN=LEVEL,...",
            help="Allow these levels of a column only.",
        ),
        click.option(
            "--loss",
            type=click.Choice(LOSSES),
            default=LOSSES[0],
            show_default=True,
            help="What to lose least of.",
        ),
        click.option(
            "--weight", multiple=True, metavar="COLUMN=W", help="Count the loss of a column W times."
        ),
        click.option(
            "--time-limit",
            type=click.FloatRange(0, min_open=True),
            metavar="SECONDS",
            help="Take the best table found so far.",
        ),
    ],
    told(Asked.of),
)
