"""The person's inbox of use that stood out, out of the proved history of the medical centre, in both languages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from pydantic import JsonValue

from consent.vocabulary import Body
from consent.words import Word
from services.contracts.medical.uses import Rule
from services.gateway.history import HistoryEntry, history
from services.gateway.person import Person
from services.kit.clock import JAPAN
from services.kit.events import EventKind

TITLE: Final = Word(
    "【注意】あなたの記録への閲覧が、通常と異なると判定されました",
    "ATTENTION: an access to your records stood out",
)
RULES: Final[Mapping[Rule, Word]] = {
    Rule.UNEXPLAINED: Word(
        "予約・紹介・担当のいずれにも当たらない",
        "no appointment, referral or team explains it",
    ),
    Rule.OWN_WORD: Word(
        "閲覧者自身の登録しか根拠がない",
        "only the reader's own word explains it",
    ),
    Rule.AFTER_DISCHARGE: Word(
        "診療が終わっている",
        "your treatment there was over",
    ),
    Rule.SELF: Word(
        "閲覧者自身の記録",
        "it was the reader's own record",
    ),
    Rule.CO_WORKER: Word(
        "同じ職場の人の記録",
        "you work at the same place",
    ),
    Rule.SAME_SURNAME: Word(
        "閲覧者と同じ名字",
        "the reader has your surname",
    ),
    Rule.SAME_ADDRESS: Word(
        "閲覧者と同じ住所",
        "the reader lives at your address",
    ),
    Rule.WELL_KNOWN: Word(
        "特に注意して見守るよう本人が希望",
        "you asked to be watched over closely",
    ),
    Rule.NIGHT: Word(
        "日中に働く人による夜間の閲覧",
        "it was by night, by somebody who works by day",
    ),
    Rule.RATE: Word(
        "短時間に多くの人の記録を閲覧",
        "too many people's records were opened in a short time",
    ),
    Rule.SWEEP: Word(
        "名簿の順に次々と閲覧",
        "records were opened one after the other, down a list",
    ),
}
"""The same words as in My Portal."""
_FINDINGS: Final[Mapping[str, Word]] = {
    "justified": Word("監督機関は正当な閲覧と判断しました：", "The oversight body found it justified: "),
    "not_justified": Word(
        "監督機関は正当でない閲覧と判断しました：", "The oversight body found it not justified: "
    ),
}
_KINDS: Final = frozenset({EventKind.USE_FLAGGED, EventKind.USE_CASE_OPENED, EventKind.USE_REVIEWED})


@dataclass
class UseNotice:
    """What a person is told of one case; `due` is None until the oversight body took it."""

    organisation: str
    since: datetime
    rules: list[Rule] = field(default_factory=list)
    due: datetime | None = None
    finding: str | None = None
    comment: str = ""

    def text(self) -> Word:
        """Return it in words."""
        at = f"{self.since.astimezone(JAPAN):%Y-%m-%d %H:%M} JST"
        why = [RULES[each] for each in self.rules]
        ja, en = "、".join(each.ja for each in why), "; ".join(each.en for each in why)
        ending = self._ending()
        return Word(
            f"{self.organisation}（{at}）：{ja}。{ending.ja}", f"{self.organisation}, {at}: {en}. {ending.en}"
        )

    def _ending(self) -> Word:
        found = _FINDINGS.get(self.finding or "")
        if found is not None:
            return Word(found.ja + self.comment, found.en + self.comment)
        if self.due is None:
            return Word("監督機関に知らせています。", "The oversight body is being told.")
        day = f"{self.due.astimezone(JAPAN):%Y-%m-%d}"
        return Word(
            f"監督機関が{day}までに審査し、結果をお知らせします。",
            f"The oversight body reviews it by {day}, and you will see the outcome.",
        )


def use_notices(person: Person) -> list[UseNotice]:
    """Return what stood out in the use of the person's records, newest first. Raises: as `history`."""
    return gathered(history(person, bodies=[Body.MEDICAL]).entries)


def gathered(entries: Iterable[HistoryEntry]) -> list[UseNotice]:
    """Return one notice for each case of a history, newest first."""
    cases: dict[str, UseNotice] = {}
    for entry in entries:
        detail = entry.event.get("detail")
        if entry.kind not in _KINDS or not isinstance(detail, dict):
            continue
        notice = cases.setdefault(str(detail.get("case")), UseNotice(entry.organisation or "", entry.at))
        _add(notice, detail)
    return sorted(cases.values(), key=lambda each: each.since, reverse=True)


def _add(notice: UseNotice, detail: Mapping[str, JsonValue]) -> None:
    rules, due = detail.get("rules"), detail.get("review_due")
    if isinstance(rules, list):
        known = (Rule(str(each)) for each in rules if each in set(Rule))
        notice.rules += [each for each in known if each not in notice.rules]
    if isinstance(due, int):
        notice.due = datetime.fromtimestamp(due, UTC)
    if isinstance(detail.get("finding"), str):
        notice.finding, notice.comment = str(detail["finding"]), str(detail.get("comment", ""))
