"""What a person is told about a decision, in Japanese and English, one text for each closed code."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class RefusalCode(StrEnum):
    """Why nothing is released; stable, and also written to the log."""

    NO_PERMISSION = "no_permission"
    OTHER_CATEGORY = "other_category"
    OTHER_PERIOD = "other_period"
    OTHER_PURPOSE = "other_purpose"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    DENIED_BY_PERSON = "denied_by_person"
    ROLE_MISSING = "role_missing"
    NOT_ACCREDITED = "not_accredited"
    WITHDRAWN_IN_FLIGHT = "withdrawn_in_flight"
    SUBJECT_UNKNOWN = "subject_unknown"
    OTHER_CONTRACT = "other_contract"
    REASON_NOT_COVERED = "reason_not_covered"
    NOT_SIGNED_BY_PERSON = "not_signed_by_person"
    ERASED = "erased"
    OTHER_PROFESSIONAL = "other_professional"
    FREQUENCY_USED_UP = "frequency_used_up"
    EMERGENCY_UNPROVEN = "emergency_unproven"
    READS_STOPPED = "reads_stopped"
    UNKNOWN_PURPOSE = "unknown_purpose"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One sentence or two for people, in both languages."""

    ja: str
    en: str


PERMITTED: Final = Explanation(
    ja="本人の許可の範囲内です。",
    en="The person has permitted this.",
)

_TEXTS: Final[Mapping[RefusalCode, Explanation]] = {
    RefusalCode.NO_PERMISSION: Explanation(
        ja="本人の許可がありません。本人に許可を依頼してください。",
        en="The person has given no permission for this. Ask the person for one.",
    ),
    RefusalCode.OTHER_CATEGORY: Explanation(
        ja="許可は別の種類の情報に対するものです。許可された種類だけを請求してください。",
        en="The permission is for other kinds of information. Ask only for the kinds that are permitted.",
    ),
    RefusalCode.OTHER_PERIOD: Explanation(
        ja="許可は別の期間の情報に対するものです。許可された年だけを請求してください。",
        en="The permission is for other years. Ask only for the years that are permitted.",
    ),
    RefusalCode.OTHER_PURPOSE: Explanation(
        ja="許可は別の利用目的に対するものです。この目的での許可を本人に依頼してください。",
        en="The permission is for another purpose. Ask the person to permit this purpose.",
    ),
    RefusalCode.NOT_YET_VALID: Explanation(
        ja="許可の開始日がまだ来ていません。開始日以降に請求してください。",
        en="The permission has not begun yet. Ask again after it begins.",
    ),
    RefusalCode.EXPIRED: Explanation(
        ja="許可の期限が切れています。必要であれば本人に新しい許可を依頼してください。",
        en="The permission has ended. Ask the person for a new one if it is needed.",
    ),
    RefusalCode.WITHDRAWN: Explanation(
        ja="本人が許可を取り消しました。必要であれば本人に新しい許可を依頼してください。",
        en="The person has withdrawn the permission. Ask the person for a new one if it is needed.",
    ),
    RefusalCode.DENIED_BY_PERSON: Explanation(
        ja="本人が提供を断っています。",
        en="The person has refused this.",
    ),
    RefusalCode.ROLE_MISSING: Explanation(
        ja="操作者にこの操作の役割がありません。所属組織の管理者に確認してください。",
        en="The operator does not have the role for this. Ask the organisation's administrator.",
    ),
    RefusalCode.NOT_ACCREDITED: Explanation(
        ja="組織、端末または操作者が認定されていないか、認定が停止または失効しています。監督機関に確認してください。",
        en="The organisation, terminal or operator is not accredited at present. Ask the oversight body.",
    ),
    RefusalCode.WITHDRAWN_IN_FLIGHT: Explanation(
        ja="請求の処理中に本人が許可を取り消しました。情報は提供されていません。",
        en="The person withdrew the permission while the request was being handled. Nothing was released.",
    ),
    RefusalCode.SUBJECT_UNKNOWN: Explanation(
        ja="対象の本人を確認できません。本人のカードを読み直してください。",
        en="The person could not be identified. Read the person's card again.",
    ),
    RefusalCode.OTHER_CONTRACT: Explanation(
        ja="許可は別の契約に対するものです。この契約についての許可を本人に依頼してください。",
        en="The permission is for another contract. Ask the person for a permission that names this contract.",
    ),
    RefusalCode.REASON_NOT_COVERED: Explanation(
        ja="契約で定めた事由に当たりません。許可された事由があるときだけ照会してください。",
        en="The contract does not provide for this reason. Ask only for a reason that the person has permitted.",
    ),
    RefusalCode.ERASED: Explanation(
        ja="本人がこの記録を消去しました。鍵が破棄されたため、誰にも開けません。",
        en="The person had these records erased. Their key is destroyed, and nobody can open them.",
    ),
    RefusalCode.NOT_SIGNED_BY_PERSON: Explanation(
        ja="本人がこの組織に対して署名したものではありません。本人に署名し直してもらってください。",
        en="This was not signed by the person for this organisation. Have the person sign anew.",
    ),
    RefusalCode.OTHER_PROFESSIONAL: Explanation(
        ja="許可はこの組織の別の担当者または職種に対するものです。許可された担当者が請求してください。",
        en="The permission is for another professional or role of this organisation. Have the permitted one ask.",
    ),
    RefusalCode.FREQUENCY_USED_UP: Explanation(
        ja="許可された回数を使い切りました。時間をおいて請求するか、本人に新しい許可を依頼してください。",
        en="The permission has been used as often as it allows. Ask again later, or ask the person for a new one.",
    ),
    RefusalCode.EMERGENCY_UNPROVEN: Explanation(
        ja="緊急時の閲覧には、二人の担当者がそれぞれのカードで署名した、この患者についての有効な請求が必要です。",
        en="In an emergency two professionals sign one request about this patient, each with their card. Sign anew.",
    ),
    RefusalCode.READS_STOPPED: Explanation(
        ja="短時間に多くの人の記録を閲覧したため、この担当者の閲覧は停止されています。時間をおくか、所属組織の管理者に確認してください。",
        en="This professional opened the records of too many people in a short time and is stopped for a while. "
        "Ask again later, or have a colleague ask.",
    ),
    RefusalCode.UNKNOWN_PURPOSE: Explanation(
        ja="この利用目的は一覧にありません。一覧にある目的を指定してください。",
        en="This purpose is not on the list of purposes. Name one that is.",
    ),
}


def explain(code: RefusalCode) -> Explanation:
    """The text for a refusal, whether `decide` or a centre made it."""
    return _TEXTS[code]
