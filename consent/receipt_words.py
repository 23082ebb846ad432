"""Receipts for people: the same facts, line by line, in Japanese or English."""

from collections.abc import Mapping
from typing import Final

from consent.bilingual import Word
from consent.explanations import RefusalCode, explain
from consent.guardians import CAPACITIES
from consent.instants import write
from consent.jwk import thumbprint
from consent.purposes import PURPOSES
from consent.receipt_context import BODIES, RIGHTS, WITHDRAWING
from consent.receipt_facts import Fact, LaidDown, LogPlace, RefusedRequest
from consent.shown import Medium, MediumKind
from consent.terms import Effect
from consent.words import CATEGORIES, ITEMS, bound, listed, what, whom

Line = tuple[Word, Word]

TITLES: Final[Mapping[Effect, Word]] = {
    Effect.PERMIT: Word("許可の受領証", "Receipt of a permission"),
    Effect.DENY: Word("拒否の受領証", "Receipt of a refusal"),
}
REFUSED_TITLE: Final = Word("照会が拒否されたことの受領証", "Receipt of a request that was refused")
MEDIA: Final[Mapping[MediumKind, Word]] = {
    MediumKind.PORTAL: Word("本人の画面", "at the person's own screen"),
    MediumKind.COUNTER: Word("窓口（担当者: {0}）", "at a counter (asked by {0})"),
    MediumKind.PAPER: Word(
        "書面（担当者: {0}、スキャンのSHA-256: {1}）", "on paper (taken by {0}, SHA-256 of the scan: {1})"
    ),
}
TAKEN_BACK: Final = Word("取消し", "taken back")
SHOWN: Final = Word("示された文書", "the text shown")


def title(fact: Fact) -> Word:
    """Name what a receipt is of."""
    if isinstance(fact, RefusedRequest):
        return REFUSED_TITLE
    taken = fact.taken_back
    named = TITLES[fact.directive.terms.effect]
    return named if taken is None else Word(f"{named.ja}（{TAKEN_BACK.ja}）", f"{named.en} ({TAKEN_BACK.en})")


def lines(fact: Fact) -> list[Line]:
    """Return label and value of every line."""
    return _refused(fact) if isinstance(fact, RefusedRequest) else _laid_down(fact)


def _laid_down(fact: LaidDown) -> list[Line]:
    directive, terms = fact.directive, fact.directive.terms
    notice = terms.notice
    told: list[Line] = [
        (Word("相手", "to whom"), whom(terms.recipient)),
        (Word("情報", "which data"), what(terms.scope)),
        (Word("目的", "for what"), listed(terms.purposes, PURPOSES)),
        (Word("条件", "conditions"), _conditions(terms.effect, bound(terms.conditions))),
        (Word("期間", "valid"), _same(f"{write(terms.valid_from)} - {write(terms.valid_until)}")),
        (Word("署名した時刻", "signed at"), _same(write(directive.issued_at))),
        (Word("署名した鍵", "signed with the key"), _same(thumbprint(fact.key))),
        (Word("方法", "how it was asked"), _medium(notice.medium)),
        (
            SHOWN,
            _same(f"{notice.text_id} {notice.version} ({notice.language}), SHA-256 {notice.sha256_of_text}"),
        ),
        (Word("断った場合", "what refusing means"), _same(notice.refusal_meaning)),
        (Word("受け付けた機関", "taken in by"), BODIES[directive.body]),
        (Word("記録", "in the log"), _logged(fact.place)),
    ]
    if directive.guardian is not None:
        told.insert(7, (Word("決めた人", "decided by"), CAPACITIES[directive.guardian.capacity]))
    if fact.text is not None:
        notice_at = next(at for at, (label, _) in enumerate(told) if label == SHOWN)
        told.insert(notice_at + 1, (Word("その内容", "it said"), _same(fact.text)))
    if fact.taken_back is not None:
        told += [
            (TAKEN_BACK, _same(write(fact.taken_back.withdrawal.at))),
            (Word("その記録", "that in the log"), _logged(fact.taken_back.place)),
        ]
    if fact.taken_back is not None and fact.taken_back.deletion is not None:
        count = fact.taken_back.deletion.fragments_deleted
        told.append((Word("消された鍵の断片", "key fragments deleted"), _same(str(count))))
    told.append((Word("取消しの方法", "how to take it back"), WITHDRAWING))
    told += [(Word("権利", "rights"), each) for each in RIGHTS]
    return told


def _refused(fact: RefusedRequest) -> list[Line]:
    told: list[Line] = [
        (Word("請求した組織", "who asked"), _same(fact.organisation)),
        (Word("情報", "which data"), _data(fact)),
        (Word("目的", "for what"), listed(fact.purposes, PURPOSES)),
        (Word("時刻", "when"), _same(fact.place.at)),
        (Word("結果", "outcome"), Word("拒否", "refused")),
        (Word("理由", "why"), _why(fact.reason)),
        (Word("拒否した機関", "refused by"), BODIES[fact.body]),
        (Word("記録", "in the log"), _logged(fact.place)),
    ]
    return [(label, value) for label, value in told if value.en]


def _data(fact: RefusedRequest) -> Word:
    known = {str(code): word for table in (CATEGORIES, ITEMS) for code, word in table.items()}
    named = listed(fact.data, known)
    if fact.years is None or not named.en:
        return named
    span = f"{fact.years[0]}-{fact.years[1]}"
    return Word(f"{span}年の{named.ja}", f"{named.en} {span}")


def _why(reason: str) -> Word:
    try:
        told = explain(RefusalCode(reason))
    except ValueError:
        return _same(reason)
    return Word(f"{told.ja}（{reason}）", f"{told.en} ({reason})")


def _conditions(effect: Effect, ties: Word) -> Word:
    if effect is Effect.DENY:
        return Word("提供しない", "nothing is given")
    none = Word("第三者への提供は不可", "may not be passed on")
    return Word(ties.ja.removeprefix("、"), ties.en.removeprefix(", ")) if ties.en else none


def _medium(medium: Medium) -> Word:
    word, named = MEDIA[medium.kind], (medium.operator, medium.sha256_of_scan)
    return Word(word.ja.format(*named), word.en.format(*named))


def _logged(place: LogPlace) -> Word:
    seen, where = ", ".join(sorted(place.cosigned_by)), f"{place.origin} {place.index}/{place.size}"
    at = write(place.cosigned_at)
    return Word(
        f"{where}、{place.at}（連署: {seen}、{at}）", f"{where}, {place.at} (co-signed by {seen} at {at})"
    )


def _same(text: str) -> Word:
    return Word(text, text)
