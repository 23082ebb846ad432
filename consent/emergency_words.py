"""What a person is told of an emergency, in Japanese and English."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from consent.compartments import YearSpan
from consent.vocabulary import Category
from consent.words import CATEGORIES, Word, listed, years

JAPAN: Final = timezone(timedelta(hours=9), "JST")
TITLE: Final = Word(
    "【緊急】二人の担当者があなたの記録を閲覧できる状態になりました",
    "EMERGENCY: two professionals may read records of yours",
)
_FINDINGS: Final[Mapping[str, Word]] = {
    "justified": Word("監督機関は正当な閲覧と判断しました。", "The oversight body found it justified."),
    "not_justified": Word(
        "監督機関は正当ではない閲覧と判断しました。", "The oversight body found it not justified."
    ),
}


@dataclass(frozen=True, slots=True)
class EmergencyTold:
    """What of an emergency is told; `finding` is the review's, once there is one."""

    hospital: str
    categories: Iterable[Category]
    span: YearSpan
    why: str
    until: datetime
    due: datetime
    finding: str | None


def emergency_in_words(told: EmergencyTold) -> Word:
    """Say who may read what and why, until when, and what the review found or when it is due."""
    kinds, span = listed(told.categories, CATEGORIES), years(told.span)
    end, due = _moment(told.until), _moment(told.due)
    found = _FINDINGS.get(told.finding or "") or Word(
        f"監督機関が{due}までに審査し、結果をお知らせします。",
        f"The oversight body reviews it by {due}, and you will see the outcome.",
    )
    return Word(
        f"{told.hospital}が、{span.ja}の{kinds.ja}を{end}まで救急診療のために閲覧できます。"
        f"理由:「{told.why}」。{found.ja}",
        f"{told.hospital} may read {kinds.en} {span.en} for emergency treatment until {end}. "
        f'The reason given: "{told.why}". {found.en}',
    )


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(JAPAN):%Y-%m-%d %H:%M} JST"
