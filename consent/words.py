"""The closed lists in words, Japanese and English: what people read where texts are signed in codes."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, TypeVar

from consent.bilingual import Word as Word
from consent.compartments import FIRST_YEAR, LAST_YEAR, YearSpan
from consent.conditions import Conditions, FrequencyUnit, Onward
from consent.purposes import PURPOSES as PURPOSES
from consent.recipients import Recipient
from consent.terms import BasicScope, Effect, RecordScope, Scope, Terms
from consent.vocabulary import BasicItem, Category, ConfirmationReason

Code = TypeVar("Code", bound=str)

CATEGORIES: Final[Mapping[Category, Word]] = {
    Category.SUMMARY: Word("要約", "summary"),
    Category.MEDICATION: Word("薬", "medication"),
    Category.CHECKUP: Word("健診", "check-ups"),
    Category.LABORATORY: Word("検査結果", "laboratory results"),
    Category.IMAGING: Word("画像", "images"),
    Category.ENCOUNTER: Word("受診", "visits"),
    Category.MATERNAL: Word("母子健康", "maternity"),
    Category.SENSITIVE: Word("特に配慮を要する情報", "specially protected"),
}
ITEMS: Final[Mapping[BasicItem, Word]] = {
    BasicItem.NAME: Word("氏名", "name"),
    BasicItem.ADDRESS: Word("住所", "address"),
    BasicItem.SEX: Word("性別", "sex"),
    BasicItem.BIRTH_DATE: Word("生年月日", "date of birth"),
}
REASONS: Final[Mapping[ConfirmationReason, Word]] = {
    ConfirmationReason.OPENING: Word("契約の申込み", "the contract is opened"),
    ConfirmationReason.PERIODIC_CHECK: Word(
        "法令で定められた定期的な確認", "the check that the law asks for regularly"
    ),
    ConfirmationReason.MAIL_RETURNED: Word("郵便物が返送されたため", "a letter came back"),
    ConfirmationReason.PAYMENT_DUE: Word("支払いの時期が来たため", "something is to be paid out"),
    ConfirmationReason.CONTRACT_CHANGE: Word("契約の更新または変更", "the contract is renewed or changed"),
    ConfirmationReason.INHERITANCE: Word("相続", "an inheritance"),
}
ROLES: Final[Mapping[str, Word]] = {
    "registrar": Word("登録担当", "registrar"),
    "writer": Word("記録の作成", "writer of records"),
    "reader": Word("記録の閲覧", "reader of records"),
    "seller": Word("販売担当", "seller"),
    "recaller": Word("リコール担当", "who recalls products"),
    "confirmer": Word("現況確認担当", "who confirms basic items"),
    "anonymiser": Word("匿名加工担当", "anonymiser"),
    "researcher": Word("研究者", "researcher"),
    "accreditor": Word("認定担当", "accreditor"),
    "auditor": Word("監査担当", "auditor"),
    "inquirer": Word("照会担当", "who looks residents up"),
    "emergency-relay": Word("緊急時中継担当", "emergency relay"),
    "supervisor": Word("監督者", "supervisor"),
}
UNITS: Final[Mapping[FrequencyUnit, Word]] = {
    FrequencyUnit.HOUR: Word("1時間", "an hour"),
    FrequencyUnit.DAY: Word("1日", "a day"),
    FrequencyUnit.WEEK: Word("1週間", "a week"),
    FrequencyUnit.MONTH: Word("1か月", "a month"),
}


def listed(codes: Iterable[Code], words: Mapping[Code, Word]) -> Word:
    """Name several codes in the order of their list."""
    chosen = set(codes)
    named = [word for code, word in words.items() if code in chosen]
    return Word("・".join(each.ja for each in named), ", ".join(each.en for each in named))


def years(span: YearSpan) -> Word:
    """Name a span of years."""
    if (span.first, span.last) == (FIRST_YEAR, LAST_YEAR):
        return Word("すべての年", "any year")
    named = f"{span.first}" if span.first == span.last else f"{span.first}-{span.last}"
    return Word(f"{named}年", named)


def day(moment: datetime) -> str:
    """Name a day, the same in both languages. Units: UTC."""
    return f"{moment:%Y-%m-%d}"


def whom(recipient: Recipient) -> Word:
    """Name whom a directive speaks of; organisations and professionals by their ids."""
    organisation = Word("すべての組織", "everybody") if recipient.organisation is None else None
    named = organisation or Word(str(recipient.organisation), str(recipient.organisation))
    if recipient.professional is not None:
        return Word(f"{named.ja}の{recipient.professional}", f"{recipient.professional} of {named.en}")
    if recipient.role is not None:
        role = ROLES.get(recipient.role, Word(recipient.role, recipient.role))
        return Word(f"{named.ja}（{role.ja}）", f"{named.en} ({role.en})")
    return named


def what(scope: Scope) -> Word:
    """Name what a directive is about."""
    match scope:
        case RecordScope(categories=categories, years=span):
            kinds, when = listed(categories, CATEGORIES), years(span)
            return Word(f"{when.ja}の{kinds.ja}", f"{kinds.en} {when.en}")
        case BasicScope(items=items, contract=contract, reasons=reasons):
            kinds, why = listed(items, ITEMS), listed(reasons, REASONS)
            by = Word(contract or "どの契約でも", contract or "any contract")
            when = Word(why.ja or "どの事由でも", why.en or "any reason")
            return Word(f"{kinds.ja}（{by.ja}、{when.ja}）", f"{kinds.en}, by {by.en} ({when.en})")


def bound(conditions: Conditions) -> Word:
    """Name the conditions, each after a comma; nothing where there are none."""
    ja, en = "", ""
    if conditions.frequency is not None:
        unit, times = UNITS[conditions.frequency.unit], conditions.frequency.times
        ja, en = f"、{unit.ja}に{times}回まで", f", at most {times} times {unit.en}"
    if conditions.onward is Onward.ALLOWED:
        ja, en = f"{ja}、第三者への提供可", f"{en}, may be passed on"
    return Word(ja, en)


def terms_in_words(terms: Terms) -> Word:
    """Say a whole directive in one line."""
    person, scope, why, ties = (
        whom(terms.recipient),
        what(terms.scope),
        listed(terms.purposes, PURPOSES),
        bound(terms.conditions),
    )
    until = day(terms.valid_until)
    refused = Word("", "") if terms.effect is Effect.PERMIT else Word("拒否: ", "refused: ")
    return Word(
        f"{person.ja}: {refused.ja}{scope.ja}、{why.ja}のため{ties.ja}、{until}まで",
        f"{person.en}: {refused.en}{scope.en}, for {why.en}{ties.en}, until {until}",
    )
