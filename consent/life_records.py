"""What a lifelong record is made of, from the maternal handbook to the death certificate (UC2): a closed list.

A kind says in words of people what a document is, and in which category it is sealed, so in which permission it falls.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from consent.vocabulary import Category


class LifeRecord(StrEnum):
    """Kind of document of a person's life, in the order in which they are met."""

    MATERNAL_HANDBOOK = "maternal_handbook"
    PRENATAL_CHECKUP = "prenatal_checkup"
    BIRTH = "birth"
    NEWBORN_SCREENING = "newborn_screening"
    INFANT_CHECKUP = "infant_checkup"
    IMMUNISATION = "immunisation"
    SCHOOL_CHECKUP = "school_checkup"
    WORKPLACE_CHECKUP = "workplace_checkup"
    SPECIFIC_CHECKUP = "specific_checkup"
    CANCER_SCREENING = "cancer_screening"
    OWN_MEASUREMENT = "own_measurement"
    ALLERGY = "allergy"
    DIAGNOSIS = "diagnosis"
    PRESCRIPTION = "prescription"
    DISPENSING = "dispensing"
    LABORATORY_RESULT = "laboratory_result"
    IMAGING_STUDY = "imaging_study"
    VISIT = "visit"
    DENTAL_VISIT = "dental_visit"
    REFERRAL_LETTER = "referral_letter"
    DISCHARGE_SUMMARY = "discharge_summary"
    OPERATION = "operation"
    MENTAL_HEALTH = "mental_health"
    GENETIC_TEST = "genetic_test"
    CARE = "care"
    ADVANCE_DIRECTIVE = "advance_directive"
    DEATH_CERTIFICATE = "death_certificate"


@dataclass(frozen=True, slots=True)
class Meaning:
    """The category a kind is sealed in, and its words."""

    category: Category
    ja: str
    en: str


MEANINGS: Final[dict[LifeRecord, Meaning]] = {
    LifeRecord.MATERNAL_HANDBOOK: Meaning(Category.MATERNAL, "母子健康手帳", "maternal and child handbook"),
    LifeRecord.PRENATAL_CHECKUP: Meaning(Category.MATERNAL, "妊婦健康診査", "prenatal check-up"),
    LifeRecord.BIRTH: Meaning(Category.MATERNAL, "出生の記録", "record of birth"),
    LifeRecord.NEWBORN_SCREENING: Meaning(Category.MATERNAL, "新生児マススクリーニング", "newborn screening"),
    LifeRecord.INFANT_CHECKUP: Meaning(Category.CHECKUP, "乳幼児健康診査", "infant check-up"),
    LifeRecord.IMMUNISATION: Meaning(Category.CHECKUP, "予防接種", "immunisation"),
    LifeRecord.SCHOOL_CHECKUP: Meaning(Category.CHECKUP, "学校健康診断", "school check-up"),
    LifeRecord.WORKPLACE_CHECKUP: Meaning(Category.CHECKUP, "職場の健康診断", "workplace check-up"),
    LifeRecord.SPECIFIC_CHECKUP: Meaning(Category.CHECKUP, "特定健康診査", "specific health check-up"),
    LifeRecord.CANCER_SCREENING: Meaning(Category.CHECKUP, "がん検診", "cancer screening"),
    LifeRecord.OWN_MEASUREMENT: Meaning(Category.CHECKUP, "自分で測った値", "own measurement"),
    LifeRecord.ALLERGY: Meaning(Category.SUMMARY, "アレルギー", "allergy"),
    LifeRecord.DIAGNOSIS: Meaning(Category.SUMMARY, "傷病名", "diagnosis"),
    LifeRecord.PRESCRIPTION: Meaning(Category.MEDICATION, "処方", "prescription"),
    LifeRecord.DISPENSING: Meaning(Category.MEDICATION, "調剤", "dispensing"),
    LifeRecord.LABORATORY_RESULT: Meaning(Category.LABORATORY, "検体検査の結果", "laboratory result"),
    LifeRecord.IMAGING_STUDY: Meaning(Category.IMAGING, "画像検査", "imaging study"),
    LifeRecord.VISIT: Meaning(Category.ENCOUNTER, "診療", "visit"),
    LifeRecord.DENTAL_VISIT: Meaning(Category.ENCOUNTER, "歯科診療", "dental visit"),
    LifeRecord.REFERRAL_LETTER: Meaning(Category.ENCOUNTER, "診療情報提供書", "letter of referral"),
    LifeRecord.DISCHARGE_SUMMARY: Meaning(Category.ENCOUNTER, "退院時サマリー", "discharge summary"),
    LifeRecord.OPERATION: Meaning(Category.ENCOUNTER, "手術の記録", "record of an operation"),
    LifeRecord.MENTAL_HEALTH: Meaning(Category.SENSITIVE, "精神科の診療", "mental health care"),
    LifeRecord.GENETIC_TEST: Meaning(Category.SENSITIVE, "遺伝学的検査", "genetic test"),
    LifeRecord.CARE: Meaning(Category.ENCOUNTER, "介護の記録", "record of care"),
    LifeRecord.ADVANCE_DIRECTIVE: Meaning(Category.SUMMARY, "事前の意思表示", "advance directive"),
    LifeRecord.DEATH_CERTIFICATE: Meaning(Category.ENCOUNTER, "死亡診断書", "death certificate"),
}
