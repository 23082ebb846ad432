"""Check 9: an anonymous release, and a second one refused because the two together would single people out."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
SUPPRESSION: Final = 0.4
CATEGORIES: Final = (Category.SUMMARY, Category.MEDICATION)
WIDTHS: Final = (5, 10, 20, 40)
REFUSES: Final = 5
"""Every fifth person permits no research."""


@dataclass(frozen=True, slots=True)
class Generalisation:
    """One way to coarsen the table: intervals of birth years from an origin, at a level; sex shown or not."""

    origin: int
    birth_level: int
    sex_level: int


def releases(scene: Scene, steps: Steps) -> str:
    """Most people permit research; one table is released, a differently coarsened one is refused."""
    permitting = [each for number, each in enumerate(scene.people) if number % REFUSES != REFUSES - 1]
    others = [each for each in scene.people if each not in permitting]
    years = sorted({record.year for record in scene.data.records})
    span = YearSpan(years[0], years[-1])

    def permit(inhabitant: Inhabitant) -> None:
        terms = medical_terms(ANONYMISER, categories=CATEGORIES, years=span, purpose=Purpose.HRESCH)
        lay_down(inhabitant.person, terms)

    steps.begin("permitting research", len(permitting))
    at_once(permit, permitting, steps)
    steps.begin("making a table inside the anonymiser", None)
    university = scene.organisation("university")
    answer = request_table(university, _request(span, None))
    release = answer.release
    if release is None:
        raise CheckFailedError("the anonymiser released nothing")
    expect(
        release.persons == len(permitting),
        f"{release.persons} people in the table, {len(permitting)} permitted",
    )
    smallest = _smallest_class(fetch_release(university, release.id))
    expect(smallest >= K, f"a class of the released table has {smallest} people")
    first = Generalisation(0, release.levels["birth_year"], release.levels["sex"])
    second = _breaking(permitting, first)
    try:
        request_table(university, _request(span, second))
    except RefusedError as refusal:
        expect(refusal.code == "joint_disclosure", f"the second table was refused as {refusal.code}")
        told = f"{refusal.code}, {refusal.members.get('persons_at_risk')} people at risk"
    else:
        raise CheckFailedError("a second table was released that singles people out together with the first")
    seen = [entry for entry in history(others[0].person).entries if entry.organisation == ANONYMISER]
    expect(not seen, "somebody who permitted nothing was read by the anonymiser")
    return (
        f"table of {release.persons} people released (smallest class {smallest}, {release.suppressed} suppressed, "
        f"loss {release.loss:.2f}); another coarsening, {K}-anonymous by itself, refused: {told}; "
        f"{len(others)} people who permitted nothing are in neither"
    )


def _request(span: YearSpan, pinned: Generalisation | None) -> JobRequest:
    intervals = Intervals(origin=pinned.origin if pinned else 0, widths=list(WIDTHS))
    birth = {"generalisation": intervals, "level": pinned.birth_level if pinned else None}
    columns = [
        _column(Source.BIRTH_YEAR, ColumnRole.QUASI, **birth),
        _column(Source.SEX, ColumnRole.QUASI, level=pinned.sex_level if pinned else None),
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


def _breaking(permitting: Sequence[Inhabitant], first: Generalisation) -> Generalisation:
    """Find a coarsening that is k-anonymous by itself and singles people out together with the first.

    The demo knows everybody's data and can look for it; the anonymiser has to recognise it by itself.
    """
    frame = pd.DataFrame(
        {
            "birth_year": [int(each.patient.items.birth_date[:4]) for each in permitting],
            "sex": [each.patient.items.sex for each in permitting],
        }
    )
    known = _classes(frame, first)
    for candidate in _candidates():
        classes = _classes(frame, candidate)
        if classes is None or known is None:
            continue
        joint = Counter(zip(known, classes, strict=True))
        if min(joint.values()) < K:
            return candidate
    raise CheckFailedError("no second table was found that would single anybody out; try other people")


def _candidates() -> Iterator[Generalisation]:
    for sex_level in (0, 1):
        for birth_level in range(1, len(WIDTHS) + 1):
            for origin in range(2, WIDTHS[birth_level - 1], 3):
                yield Generalisation(origin, birth_level, sex_level)


def _classes(frame: pd.DataFrame, chosen: Generalisation) -> list[tuple[object, ...]] | None:
    schema = an.Schema(
        quasi={
            "birth_year": an.Hierarchy.intervals(list(WIDTHS), origin=chosen.origin),
            "sex": an.Hierarchy.suppression(),
        }
    )
    levels = {"birth_year": chosen.birth_level, "sex": chosen.sex_level}
    try:
        result = an.anonymize(
            frame, schema, models=[an.KAnonymity(K)], suppression_limit=SUPPRESSION, levels=levels
        )
    except an.NoSolutionError:
        return None
    return list(result.frame[["birth_year", "sex"]].itertuples(index=False, name=None))
