"""Public tables beside the repository, and what ARX 3.9.2 made of them: `arx-reference.json`."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd

import anonymize as an

DATA: Final = Path(__file__).resolve().parents[3] / "shared" / "data"
REFERENCE: Final = DATA / "arx-reference.json"


@dataclass(frozen=True, slots=True)
class Case:
    """One table with what was asked of it. Units: `seconds` of ARX's search alone, warm."""

    name: str
    data: str
    quasi: tuple[str, ...]
    models: str
    limit: float
    seconds: float
    found: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """The table itself."""
        return _table(self.data)

    def hierarchy(self, column: str) -> an.Hierarchy:
        """The hierarchy of one column, as it lies beside the table."""
        stem = DATA / self.data.removesuffix(".csv")
        return an.Hierarchy.from_csv(stem.with_name(f"{stem.name}_hierarchy_{column}.csv"))

    @property
    def schema(self) -> an.Schema:
        """The columns by role."""
        return an.Schema(
            quasi={column: self.hierarchy(column) for column in self.quasi},
            sensitive=list(dict.fromkeys(column for model in self.asked for column in model.sensitive)),
        )

    @property
    def asked(self) -> list[an.Model]:
        """The models that the reference names."""
        return [self._model(part.split(":")) for part in self.models.split("+")]

    def _model(self, parts: list[str]) -> an.Model:
        match parts:
            case ["k", k]:
                return an.KAnonymity(int(k))
            case ["dl", column, least]:
                return an.DistinctLDiversity(column, int(least))
            case ["el", column, least]:
                return an.EntropyLDiversity(column, float(least))
            case ["rl", column, least, c]:
                return an.RecursiveDiversity(column, int(least), float(c))
            case ["te", column, t]:
                return an.TCloseness(column, float(t))
            case ["th", column, t]:
                return an.TCloseness(column, float(t), an.Hierarchical(self.hierarchy(column)))
        raise ValueError(parts)


def global_cases() -> list[Case]:
    """The cases of global recoding; none where the tables are not beside the repository."""
    return [_case(one, limit=one["suppression_limit"], ms=one["search_ms"]) for one in _read("global")]


def local_cases() -> list[Case]:
    """The cases of local recoding that ARX spent most time on; in all but one everything may be suppressed."""
    return [
        _case(one, limit=0.05 if "_s5_" in one["id"] else 1.0, ms=one["ms"])
        for one in _read("local")
        if one["id"].endswith("fast001")
    ]


def _case(one: dict[str, Any], *, limit: float, ms: float) -> Case:
    return Case(one["id"], one["data"], tuple(one["qi"]), one["models"], limit, ms / 1000, one)


def granularity(result: an.Result) -> float:
    """What ARX calls so: 1 less the mean loss of the columns."""
    loss = result.report["loss"]
    assert isinstance(loss, dict)
    columns: dict[str, float] = loss["columns"]
    return 1 - sum(columns.values()) / len(columns)


def _read(kind: str) -> list[dict[str, Any]]:
    if not REFERENCE.exists():
        return []
    found: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))[kind]
    return found


@cache
def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / name, sep=";")
