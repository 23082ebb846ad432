"""What the reception's screen says, in Japanese and English; yes and no are asked for in words of equal weight."""

from dataclasses import dataclass
from typing import Final

from consent.vocabulary import Category


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words; `yes` and `no` are what is typed."""

    language: str
    yes: str
    no: str
    choose: str
    photo: str
    questions: dict[Category, str]
    yes_means: str
    no_means: str
    insured: str
    not_insured: str
    linked: str
    agreed: str
    refused: str
    not_asked: str


JAPANESE: Final = Words(
    language="ja",
    yes="はい",
    no="いいえ",
    choose="「はい」か「いいえ」を入力してください",
    photo="カードの写真と来院者の顔を目視で照合しましたか",
    questions={
        Category.MEDICATION: "この医療機関に、過去のお薬の情報を提供しますか。",
        Category.CHECKUP: "この医療機関に、過去の健診の情報を提供しますか。",
    },
    yes_means="はい:    この受診のため、今から24時間だけ提供されます。",
    no_means="いいえ:  提供されません。資格確認と受診には影響しません。",
    insured="保険資格: 有効",
    not_insured="保険資格: 確認できません",
    linked="患者番号を紐付けました",
    agreed="提供する",
    refused="提供しない",
    not_asked="カードの暗証番号がないため、情報提供の質問はしていません",
)
ENGLISH: Final = Words(
    language="en",
    yes="yes",
    no="no",
    choose="Type yes or no",
    photo="Did you compare the card's photo with the person's face",
    questions={
        Category.MEDICATION: "Shall this clinic get information about your past medication?",
        Category.CHECKUP: "Shall this clinic get information about your past check-ups?",
    },
    yes_means="yes:  it is given for this visit, for the next 24 hours only.",
    no_means="no:   it is not given; eligibility and treatment stay the same.",
    insured="insurance: valid",
    not_insured="insurance: not confirmed",
    linked="patient number linked",
    agreed="given",
    refused="not given",
    not_asked="without the card's PIN nothing was asked about information",
)
WORDS: Final = {each.language: each for each in (JAPANESE, ENGLISH)}
