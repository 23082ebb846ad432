"""The one table of purposes: every member, both codes, both languages, and nothing else."""

import json
from pathlib import Path

import pytest

from consent.errors import UnknownPurposeError
from consent.purposes import ACT_REASON, CODED, DPV, DPV_HEALTH, OURS, PURPOSES, TERMS, coding, named
from consent.vocabulary import Purpose

PURPOSE_OF_USE = {
    "BTG",
    "COVERAGE",
    "ELIGDTRM",
    "ELIGVER",
    "ETREAT",
    "FAMRQT",
    "HMARKT",
    "HRESCH",
    "PATRQT",
    "TREAT",
}
"""Some codes of v3-PurposeOfUse, from the published value set."""
DPV_PURPOSES = {
    f"{DPV}CommunicationManagement",
    f"{DPV}IdentityVerification",
    f"{DPV}LegalCompliance",
    f"{DPV}RepairImpairments",
    f"{DPV}RequestedServiceProvision",
    f"{DPV}ScientificResearch",
    f"{DPV}ServiceProvision",
    f"{DPV}Verification",
    f"{DPV_HEALTH}EligibilityAssessment",
    f"{DPV_HEALTH}EmergencyCareManagement",
    f"{DPV_HEALTH}ServiceProvision",
}
"""Some purposes of DPV 2.1 and of its extension for health care, from the published lists."""


def test_every_purpose_has_its_line_and_its_words() -> None:
    assert set(TERMS) == set(PURPOSES) == set(Purpose)
    for terms in TERMS.values():
        assert terms.word.ja
        assert terms.word.en
        assert terms.serves


@pytest.mark.parametrize("purpose", list(Purpose))
def test_codes_are_those_of_the_published_lists(purpose: Purpose) -> None:
    terms = TERMS[purpose]
    assert terms.hl7 is None or terms.hl7 in PURPOSE_OF_USE
    assert terms.dpv in DPV_PURPOSES
    system, code = coding(purpose)
    assert system in (ACT_REASON, DPV, OURS)
    assert (system == ACT_REASON) is (terms.hl7 is not None)
    assert system != DPV or f"{system}{code}" in DPV_PURPOSES
    assert CODED[system, code] is purpose
    assert named(purpose.value) is purpose


def test_no_two_purposes_share_a_coding() -> None:
    assert len({coding(each) for each in Purpose}) == len(Purpose)


@pytest.mark.parametrize("name", ["HMARKT", "treat", "", "TREAT ", "IDENTITY_VERIFICATION"])
def test_other_names_are_refused_with_an_error_of_their_own(name: str) -> None:
    with pytest.raises(UnknownPurposeError):
        named(name)


def test_my_portal_has_words_for_exactly_these() -> None:
    pages = Path(__file__).resolve().parents[3] / "services" / "portal" / "pages"
    for language in ("ja", "en"):
        told = json.loads((pages / f"{language}.json").read_text(encoding="utf-8"))["purposes"]
        assert set(told) == {each.value for each in Purpose}
