"""Check 9: an anonymous release, and a second one refused because the two together would single people out."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import pandas as pd

import anonymize as an
from consent.compartments import YearSpan
from consent.vocabulary import Category, Purpose
from services.contracts.research.messages import (
    Column,
    ColumnRole,
    Intervals,
    JobRequest,
    Source,
    TableRequest,
    Years,
)
from services.demo.checks import CheckFailedError, Steps, expect
from services.demo.scene import Inhabitant, Scene, at_once, medical_terms
from services.deployment.organisations import ANONYMISER
from services.gateway.errors import RefusedError
from services.gateway.history import history
from services.gateway.researcher import fetch_release, request_table
from services.gateway.wallet_actions import lay_down

K: Final = 5
DIVERSITY: Final = 2
SUPPRESSION: Final = 0.6
CATEGORIES: Final = (Category.SUMMARY, Category.MEDICATION)
WIDTHS: Final = (5, 10, 20, 40, 80)
FEW: Final = 25
REFUSES: Final = 5
"""Every fifth adult permits no research."""


@dataclass(frozen=True, slots=True)
class Generalisation:
    """One way to coarsen the table: intervals of birth years from an origin, at a level; sex shown or not."""

    origin: int
    birth_level: int
    sex_level: int


def releases(scene: Scene, steps: Steps) -> str:
    """Most people permit research; one table is released, a differently coarsened one is refused."""
    permitting = [each for number, each in enumerate(scene.adults) if number % REFUSES != REFUSES - 1]
    others = [each for each in scene.people if each not in permitting]
    span = _recent_years(scene)

    def permit(inhabitant: Inhabitant) -> None:
        terms = medical_terms(ANONYMISER, categories=CATEGORIES, years=span, purpose=Purpose.HRESCH)
        lay_down(inhabitant.person, terms)

    steps.begin("permitting research", len(permitting))
    at_once(permit, permitting, steps)
    steps.begin("making a table inside the anonymiser", None)
    university = scene.organisation("university")
    first, second = _conflicting(_known_to_the_demo(scene, permitting, span))
    answer = request_table(university, _request(span, first))
    release = answer.release
    if release is None:
        raise CheckFailedError("the anonymiser released nothing")
    expect(
        release.persons == len(permitting),
        f"{release.persons} people in the table, {len(permitting)} permitted",
    )
    smallest = _smallest_class(fetch_release(university, release.id))
    expect(smallest >= K, f"a class of the released table has {smallest} people")
    try:
        request_table(university, _request(span, second))
    except RefusedError as refusal:
        expect(refusal.code == "joint_disclosure", f"the second table was refused as {refusal.code}")
        told = refusal.code
    else:
        raise CheckFailedError("a second table was released that singles people out together with the first")
    seen = [entry for entry in history(others[0].person).entries if entry.organisation == ANONYMISER]
    expect(not seen, "somebody who permitted nothing was read by the anonymiser")
    return (
        f"table of {release.persons} people released (smallest class {smallest}, {release.suppressed} suppressed, "
        f"loss {release.loss:.2f}); another coarsening, {K}-anonymous by itself, refused: {told}; "
        f"{len(others)} people who permitted nothing are in neither"
    )


def _request(span: YearSpan, pinned: Generalisation) -> JobRequest:
    intervals = Intervals(origin=pinned.origin, widths=list(WIDTHS))
    columns = [
        _column(Source.BIRTH_YEAR, ColumnRole.QUASI, generalisation=intervals, level=pinned.birth_level),
        _column(Source.SEX, ColumnRole.QUASI, level=pinned.sex_level),
        _column(Source.MEDICATIONS, ColumnRole.SENSITIVE),
    ]
    table = TableRequest(
        columns=columns,
        k=K,
        suppression_limit=SUPPRESSION,
        categories=list(CATEGORIES),
        years=Years(first=span.first, last=span.last),
    )
    return JobRequest(purpose=Purpose.HRESCH, table=table)


def _column(source: Source, role: ColumnRole, **rest: object) -> Column:
    return Column.model_validate({"name": source.value, "from": source, "role": role, **rest})


def _smallest_class(table: bytes) -> int:
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    return min(Counter((row["birth_year"], row["sex"]) for row in rows).values())


def _recent_years(scene: Scene) -> YearSpan:
    """Return the years from the last but one with prescriptions up to the one of the newest record."""
    prescribed = sorted({each.year for each in scene.data.records if each.category is Category.MEDICATION})
    return YearSpan(prescribed[-2:][0], max(each.year for each in scene.data.records))


def _known_to_the_demo(scene: Scene, people: Sequence[Inhabitant], span: YearSpan) -> pd.DataFrame:
    """Return what the anonymiser will find in the people's records, one row for each person."""

    def prescriptions(inhabitant: Inhabitant) -> int:
        return sum(each.year in span for each in scene.of_category(inhabitant, Category.MEDICATION))

    return pd.DataFrame(
        {
            "birth_year": [int(each.patient.items.birth_date[:4]) for each in people],
            "sex": [each.patient.items.sex for each in people],
            "medications": [prescriptions(each) for each in people],
        }
    )


def _conflicting(frame: pd.DataFrame) -> tuple[Generalisation, Generalisation]:
    """Find two coarsenings, each anonymous by itself, that single people out together; the less lossy ones first.

    The demo knows everybody's data and can look for them; the anonymiser has to recognise it by itself.
    """
    step = 1 if len(frame) < FEW else 5
    possible = [(each, found) for each in _candidates(step) if (found := _result(frame, each)) is not None]
    possible.sort(key=lambda pair: pair[1].loss)
    classes = [(each, _classes(result)) for each, result in possible]
    for (first, known), (second, seen) in combinations(classes, 2):
        if min(Counter(zip(known, seen, strict=True)).values()) < K:
            return first, second
    raise CheckFailedError("no two tables were found that single anybody out together; try other people")


def _candidates(step: int) -> Iterator[Generalisation]:
    for sex_level in (0, 1):
        for birth_level, width in enumerate(WIDTHS, 1):
            for origin in range(0, width, step):
                yield Generalisation(origin, birth_level, sex_level)


def _result(frame: pd.DataFrame, chosen: Generalisation) -> an.Result | None:
    intervals = an.Hierarchy.intervals(list(WIDTHS), origin=chosen.origin)
    quasi = {"birth_year": intervals, "sex": an.Hierarchy.suppression()}
    schema = an.Schema(quasi=quasi, sensitive=["medications"])
    models: list[an.Model] = [an.KAnonymity(K), an.DistinctLDiversity("medications", DIVERSITY)]
    levels = {"birth_year": chosen.birth_level, "sex": chosen.sex_level}
    try:
        return an.anonymize(frame, schema, models=models, suppression_limit=SUPPRESSION, levels=levels)
    except an.NoSolutionError:
        return None


def _classes(result: an.Result) -> list[tuple[object, ...]]:
    return list(result.frame[["birth_year", "sex"]].itertuples(index=False, name=None))
