"""The optimum that the field's reference obtains on public tables; read from beside the repository."""

import json
from functools import cache
from pathlib import Path
from typing import TypedDict

import pandas as pd
import pytest

import anonymize as an

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
REFERENCE = DATA / "arx-reference.json"

pytestmark = pytest.mark.skipif(
    not REFERENCE.exists(), reason="reference tables are not beside the repository"
)


class Case(TypedDict):
    id: str
    data: str
    qi: list[str]
    models: str
    suppression_limit: float
    levels: dict[str, int]
    score: float
    suppressed_rows: int


def cases() -> list[Case]:
    if not REFERENCE.exists():
        return []
    known: list[Case] = json.loads(REFERENCE.read_text(encoding="utf-8"))["global"]
    # The nine columns of mach2019 take seconds each; one of them stands for all.
    chosen = [case for case in known if not case["id"].startswith("mach9") or case["id"] == "mach9_k5_s0"]
    return [case for case in chosen if all(m[:2] in ("k:", "dl") for m in case["models"].split("+"))]


@cache
def table(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / name, sep=";")


def models(text: str) -> list[an.Model]:
    found: list[an.Model] = []
    for part in text.split("+"):
        match part.split(":"):
            case ["k", k]:
                found.append(an.KAnonymity(int(k)))
            case ["dl", column, least]:
                found.append(an.DistinctLDiversity(column, int(least)))
            case _:
                raise ValueError(part)
    return found


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_optimum_is_the_references(case: Case) -> None:
    stem = DATA / case["data"].removesuffix(".csv")
    asked = models(case["models"])
    schema = an.Schema(
        quasi={
            column: an.Hierarchy.from_csv(stem.with_name(f"{stem.name}_hierarchy_{column}.csv"))
            for column in case["qi"]
        },
        sensitive=[column for model in asked for column in model.sensitive],
    )
    result = an.anonymize(
        table(case["data"]), schema, models=asked, suppression_limit=case["suppression_limit"]
    )
    assert result.loss == pytest.approx(case["score"], abs=1e-9)
    assert result.suppressed == case["suppressed_rows"]
    assert result.levels == case["levels"]
