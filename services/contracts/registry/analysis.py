"""What the log of look-ups says about those who look up (J13): pure rules over what was asked."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import median
from typing import Annotated

from pydantic import Field, Strict

from services.kit.clock import JAPAN
from services.kit.encoding import Message


class FindingKind(StrEnum):
    """What stands out."""

    AT_NIGHT = "asked_at_night"
    REPEATEDLY = "asked_repeatedly_for_one_person"
    FAR_MORE = "asked_far_more_than_others"
    REFUSED = "refused_often"
    STOPPED = "card_stopped"


class LookUpFinding(Message):
    """One thing that stands out about one operator; `count` is of look-ups, people, refusals or stops by its kind."""

    kind: Annotated[FindingKind, Strict(False)]
    organisation: str
    operator: str
    count: int


class LookUpReport(Message):
    """What was looked at, and what stands out. Units: epoch seconds."""

    since: int
    until: int
    look_ups: int
    operators: int
    findings: list[LookUpFinding]


class AskReport(Message):
    """POST /look-up-reports or /look-up-reports/own: about the last days."""

    days: Annotated[int, Field(ge=1, le=366)] = 30


@dataclass(frozen=True, slots=True)
class LookUpRecord:
    """One entry of the log about a look-up, or about a stop; `person` is any name that tells people apart."""

    at: datetime
    organisation: str
    operator: str
    person: str | None = None
    refused: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on something stands out. Units: hours of Japan's day; `far_more` times the median of all operators."""

    night_from: int = 22
    night_until: int = 6
    repeatedly: int = 3
    far_more: float = 5.0
    far_more_least: int = 50
    refused: int = 5


def report(
    records: Sequence[LookUpRecord], *, since: datetime, until: datetime, thresholds: Thresholds
) -> LookUpReport:
    """Return the report of what was recorded; findings come in a fixed order."""
    asked = [each for each in records if not each.stopped]
    found = [
        *_counted(FindingKind.STOPPED, (_who(each) for each in records if each.stopped), least=1),
        *_counted(
            FindingKind.AT_NIGHT, (_who(each) for each in asked if _at_night(each, thresholds)), least=1
        ),
        *_repeatedly(asked, thresholds),
        *_far_more(asked, thresholds),
        *_counted(
            FindingKind.REFUSED, (_who(each) for each in asked if each.refused), least=thresholds.refused
        ),
    ]
    return LookUpReport(
        since=int(since.timestamp()),
        until=int(until.timestamp()),
        look_ups=len(asked),
        operators=len({_who(each) for each in asked}),
        findings=found,
    )


def _repeatedly(asked: Iterable[LookUpRecord], thresholds: Thresholds) -> list[LookUpFinding]:
    times = Counter((_who(each), each.person) for each in asked if each.person is not None)
    people = (who for (who, _), number in times.items() if number >= thresholds.repeatedly)
    return _counted(FindingKind.REPEATEDLY, people, least=1)


def _far_more(asked: Iterable[LookUpRecord], thresholds: Thresholds) -> list[LookUpFinding]:
    numbers = Counter(map(_who, asked))
    if len(numbers) < 2:
        return []
    least = max(thresholds.far_more * median(numbers.values()), thresholds.far_more_least)
    return [
        _finding(FindingKind.FAR_MORE, who, number)
        for who, number in sorted(numbers.items())
        if number >= least
    ]


def _counted(kind: FindingKind, who: Iterable[tuple[str, str]], *, least: int) -> list[LookUpFinding]:
    return [_finding(kind, each, number) for each, number in sorted(Counter(who).items()) if number >= least]


def _finding(kind: FindingKind, who: tuple[str, str], count: int) -> LookUpFinding:
    return LookUpFinding(kind=kind, organisation=who[0], operator=who[1], count=count)


def _at_night(record: LookUpRecord, thresholds: Thresholds) -> bool:
    hour = record.at.astimezone(JAPAN).hour
    return hour >= thresholds.night_from or hour < thresholds.night_until


def _who(record: LookUpRecord) -> tuple[str, str]:
    return record.organisation, record.operator
