"""Reasons for an emergency access: what says something about the patient, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.emergency_reason import ReasonFault, copied_fault, normal_form, substance_fault

GOOD = "意識不明で搬送、左上腹部の刺創から出血が続き、抗凝固薬の有無を知る必要がある"
ENGLISH = "Found unconscious after a fall at the station; bleeding, anticoagulants unknown"


@pytest.mark.parametrize("reason", ["", "   ", "。。。、、、", "\u3000\n\t", "!!!???---"])
def test_a_reason_without_a_letter_is_empty(reason: str) -> None:
    """OP2."""
    assert substance_fault(reason) is ReasonFault.EMPTY


@pytest.mark.parametrize("reason", ["bleeding", "意識なし", "fell down"])
def test_a_word_is_too_short(reason: str) -> None:
    """OP2."""
    assert substance_fault(reason) is ReasonFault.TOO_SHORT


@pytest.mark.parametrize(
    "reason",
    [
        "Emergency treatment is necessary",
        "EMERGENCY. Medical treatment required. Access needed for the patient.",
        "緊急のため患者の確認、治療のため業務上必要",
        "緊急　緊急　緊急　緊急　緊急　緊急　緊急",
        "\uff25\uff4d\uff45\uff52\uff47\uff45\uff4e\uff43\uff59 treatment, see chart",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabcabcabcabc",
        "同上。前回と同じ。患者の確認。",
    ],
)
def test_what_is_said_everywhere_is_no_reason(reason: str) -> None:
    """OP2."""
    assert substance_fault(reason) is ReasonFault.BOILERPLATE


@pytest.mark.parametrize("reason", [GOOD, ENGLISH])
def test_what_happened_is_a_reason(reason: str) -> None:
    assert substance_fault(reason) is None


@pytest.mark.parametrize(
    "copy",
    [GOOD, f" {GOOD}。", GOOD.replace("、", ""), GOOD + "緊急", GOOD.replace("左", "右"), "至急：" + GOOD],
)
def test_a_copied_reason_is_recognised_also_after_a_touch(copy: str) -> None:
    """OP2."""
    assert copied_fault(copy, [ENGLISH, GOOD]) is ReasonFault.COPIED


def test_another_reason_is_no_copy() -> None:
    other = "自宅の階段から転落、頭部を打って呼びかけに応じない。服用中の薬が分からない"
    assert copied_fault(other, [GOOD, ENGLISH]) is None


@given(st.text(max_size=60))
def test_every_reason_is_a_copy_of_itself_however_it_is_dressed(reason: str) -> None:
    dressed = "".join(f"{each} " for each in normal_form(reason)) + "。"
    assert copied_fault(dressed, [reason]) is ReasonFault.COPIED
