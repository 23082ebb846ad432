"""What data are used for: every purpose with its codes elsewhere, its words, and the use cases that it serves.

The only table of it: FHIR Consent and AuditEvent, AuthZEN, receipts, the command line's words and
`docs/purposes.md` are made of it; My Portal's words are held to it by a test.
Source: HL7 v3 ActReason, value set PurposeOfUse; W3C Data Privacy Vocabulary 2 and its extension for health care.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from consent.bilingual import Word
from consent.errors import UnknownPurposeError
from consent.vocabulary import Purpose

ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
OURS: Final = "urn:sekisho:purpose"
DPV: Final = "https://w3id.org/dpv#"
DPV_HEALTH: Final = "https://w3id.org/dpv/sector/health#"


@dataclass(frozen=True, slots=True)
class PurposeTerms:
    """How a purpose is called: `hl7` where PurposeOfUse has it, `dpv` the nearest term there, which may be wider."""

    hl7: str | None
    dpv: str
    word: Word
    serves: str


TERMS: Final[Mapping[Purpose, PurposeTerms]] = {
    Purpose.TREAT: PurposeTerms(
        "TREAT", f"{DPV_HEALTH}ServiceProvision", Word("診療", "treatment"), "UC1, UC10"
    ),
    Purpose.ETREAT: PurposeTerms(
        "ETREAT",
        f"{DPV_HEALTH}EmergencyCareManagement",
        Word("救急診療", "emergency treatment"),
        "emergencies (R18)",
    ),
    Purpose.HRESCH: PurposeTerms(
        "HRESCH", f"{DPV}ScientificResearch", Word("医学研究", "health research"), "UC3"
    ),
    Purpose.PATRQT: PurposeTerms(
        "PATRQT",
        f"{DPV}RequestedServiceProvision",
        Word("本人の求め", "the person's own request"),
        "UC2",
    ),
    Purpose.ELIGIBILITY: PurposeTerms(
        "ELIGVER", f"{DPV_HEALTH}EligibilityAssessment", Word("資格確認", "checking eligibility"), "UC10"
    ),
    Purpose.IDENTITY_VERIFICATION: PurposeTerms(
        None, f"{DPV}IdentityVerification", Word("本人確認", "checking who the person is"), "UC8, UC9"
    ),
    Purpose.RESEARCH_FEEDBACK: PurposeTerms(
        None,
        f"{DPV}CommunicationManagement",
        Word("研究結果の還元", "telling the person what research found"),
        "UC3",
    ),
    Purpose.PRODUCT_RECALL: PurposeTerms(
        None, f"{DPV}LegalCompliance", Word("製品のリコール", "product recalls"), "UC4"
    ),
    Purpose.ACCIDENT_PREVENTION: PurposeTerms(
        None, f"{DPV}ServiceProvision", Word("事故の予防", "preventing accidents"), "UC5"
    ),
    Purpose.MAINTENANCE: PurposeTerms(
        None, f"{DPV}RepairImpairments", Word("製品の保守", "maintenance of products"), "UC6"
    ),
    Purpose.REUSE_QUALITY: PurposeTerms(
        None, f"{DPV}Verification", Word("中古品の品質確認", "checking the quality of used products"), "UC7"
    ),
}
"""Every purpose that is known; what is not here is refused."""

PURPOSES: Final[Mapping[Purpose, Word]] = {purpose: terms.word for purpose, terms in TERMS.items()}


def coding(purpose: Purpose) -> tuple[str, str]:
    """Return code system and code: HL7's where it has one, DPV's where that says the same, else ours."""
    terms = TERMS[purpose]
    if terms.hl7 is not None:
        return ACT_REASON, terms.hl7
    return (DPV if terms.dpv == f"{DPV}{purpose.value}" else OURS), purpose.value


CODED: Final[Mapping[tuple[str, str], Purpose]] = {coding(purpose): purpose for purpose in TERMS}
"""The way back from `coding`."""

_NAMED: Final[Mapping[str, Purpose]] = {purpose.value: purpose for purpose in TERMS}


def named(name: str) -> Purpose:
    """Return the purpose that directives, statements and the log name so. Raises: UnknownPurposeError."""
    try:
        return _NAMED[name]
    except KeyError:
        raise UnknownPurposeError from None
