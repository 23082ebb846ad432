"""The rules themselves: what each names, by which signs it is looked for, and what to do about a finding."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Text:
    """The same in English and in Japanese."""

    en: str
    ja: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `visible` says that what it names has a form that would be seen if it were there."""

    name: str
    title: Text
    advice: Text
    signs: tuple[str, ...] = ()
    visible: bool = False
    unique: bool = False
    rare: bool = False


_REMOVE: Final = Text(
    "Name the column as identifying, so that it does not leave.",
    "列を識別子として指定し、出力から除いてください。",
)
_READ: Final = Text(
    "Read free text for it; software recognises the column only by its name.",
    "列名以外からは判断できません。自由記述欄などを人が確認してください。",
)


def _rule(
    letter: str, en: str, ja: str, *signs: str, visible: bool = False, advice: Text | None = None
) -> Rule:
    return Rule(
        f"164.514(b)(2)(i)({letter})", Text(en, ja), advice or (_REMOVE if visible else _BOTH), signs, visible
    )


_BOTH: Final = Text(f"{_REMOVE.en} {_READ.en}", f"{_REMOVE.ja}{_READ.ja}")

SAFE_HARBOR: Final = (
    _rule("A", "Names", "氏名", "person"),
    _rule(
        "B",
        "Geographic units smaller than a state, but for the first three digits of a ZIP code of more than"
        " 20,000 people",
        "州より小さい地理的区分（人口2万人超の郵便番号上3桁を除く）",
        "address",
        "zip",
        "japanese postal code",
        advice=Text(
            "Generalise to a state; cut ZIP codes to three digits, and write 000 where 20,000 people or fewer live"
            " (17 areas by the census of 2000; check for a newer one). Places by name are not recognised.",
            "州（都道府県）まで一般化してください。郵便番号は上3桁とし、人口2万人以下の区域は000としてください"
            "（2000年国勢調査では17区域。新しい調査も確認してください）。地名の値そのものは認識できません。",
        ),
    ),
    Rule(
        "164.514(b)(2)(i)(C)",
        Text("Dates finer than a year, and ages over 89", "年より細かい日付、および89歳を超える年齢"),
        Text(
            "Keep the year only; write 90 or more for ages over 89. A year of birth that tells such an age goes too.",
            "日付は年のみとし、89歳を超える年齢は「90以上」としてください。そのような年齢が分かる生年も除いてください。",
        ),
        ("date", "birth", "old"),
        visible=True,
    ),
    _rule("D", "Telephone numbers", "電話番号", "telephone", visible=True),
    _rule("E", "Fax numbers", "ファックス番号", "fax"),
    _rule("F", "E-mail addresses", "電子メールアドレス", "mail", visible=True),
    _rule("G", "Social security numbers", "社会保障番号", "social security", visible=True),
    _rule("H", "Medical record numbers", "診療録番号", "medical record"),
    _rule("I", "Health plan beneficiary numbers", "健康保険の被保険者番号", "health plan"),
    _rule("J", "Account numbers", "口座番号", "account"),
    _rule("K", "Certificate and licence numbers", "証明書・免許番号", "licence"),
    _rule("L", "Vehicle identifiers and licence plates", "車両識別番号・登録番号", "vehicle"),
    _rule("M", "Device identifiers and serial numbers", "機器の識別番号・製造番号", "device"),
    _rule("N", "Web addresses (URLs)", "ウェブアドレス（URL）", "web", visible=True),
    _rule("O", "IP addresses", "IPアドレス", "network", visible=True),
    _rule("P", "Biometric identifiers", "生体識別子", "biometric"),
    _rule("Q", "Full-face photographs and comparable images", "顔写真およびこれに類する画像", "photograph"),
    Rule(
        "164.514(b)(2)(i)(R)",
        Text(
            "Any other unique identifying number, characteristic or code",
            "その他の固有の識別番号・特徴・符号",
        ),
        Text(
            "Remove columns that tell every row apart; a code for re-identification must not be derived from the"
            " person's data (164.514(c)).",
            "行ごとに異なる値を持つ列を除いてください。再識別用の符号は本人の情報から導いてはなりません（164.514(c)）。",
        ),
        ("linking", "personal number"),
        unique=True,
    ),
    Rule(
        "164.514(b)(2)(ii)",
        Text(
            "No actual knowledge that what is left could identify somebody",
            "残る情報から個人を識別できることを知らないこと",
        ),
        Text(
            "Whoever answers for the table states this in writing.",
            "データの責任者が書面で確認してください。",
        ),
    ),
)

JAPAN: Final = (
    Rule(
        "34-1",
        Text(
            "Descriptions by which a particular person can be identified are removed, in whole or in part",
            "特定の個人を識別することができる記述等の全部又は一部を削除すること",
        ),
        Text(
            "Remove names and contact details; generalise addresses to prefecture or municipality and dates of birth"
            " to year or age. Software recognises names only by the column's name.",
            "氏名・連絡先は削除し、住所は都道府県や市区町村まで、生年月日は生年や年齢までに置き換えてください。"
            "氏名は列名からのみ判断しています。",
        ),
        (
            "person",
            "address",
            "japanese postal code",
            "telephone",
            "fax",
            "mail",
            "web",
            "birth",
            "photograph",
        ),
    ),
    Rule(
        "34-2",
        Text("Individual identification codes are removed entirely", "個人識別符号の全部を削除すること"),
        Text(
            "Remove My Number, passport, licence, pension and insurance numbers, resident record codes, genomes and"
            " biometric features; replacing them by a regular procedure that leads back is not enough.",
            "個人番号、旅券・運転免許証・基礎年金・被保険者の番号、住民票コード、ゲノム、生体特徴を削除してください。"
            "復元できる規則性を有する置換えでは足りません。",
        ),
        ("personal number", "passport", "driver", "pension", "resident record", "health plan", "biometric"),
    ),
    Rule(
        "34-3",
        Text(
            "Codes that link pieces of information with one another are removed",
            "個人情報と当該個人情報に措置を講じて得られる情報とを連結する符号を削除すること",
        ),
        Text(
            "Remove identifiers, or replace them by new random ones that nobody keeps a table of.",
            "識別子を削除するか、対応表を残さない無作為な符号に置き換えてください。",
        ),
        ("linking", "medical record", "account"),
        visible=True,
        unique=True,
    ),
    Rule(
        "34-4",
        Text("Idiosyncratic descriptions are removed", "特異な記述等を削除すること"),
        Text(
            "Join rare categories, top- and bottom-code extreme numbers (ages of 90 and more in one group), or"
            " suppress the rows. What is widely known of somebody must be judged by people.",
            "まれな区分は統合し、極端な数値はトップ・ボトムコーディング（90歳以上など）するか、行を削除してください。"
            "社会的に知られた事例かどうかは人が判断してください。",
        ),
        ("old",),
        visible=True,
        rare=True,
    ),
    Rule(
        "34-5",
        Text(
            "Further measures that the nature of the database demands",
            "個人情報データベース等の性質を踏まえ、その他の適切な措置を講ずること",
        ),
        Text(
            "Compare with the original database and decide: are classes large enough (class sizes in this report);"
            " do sensitive values differ within classes (models); does the table, with earlier releases, tell more"
            " (release ledger); are histories of places or purchases in it; is noise or sampling needed?",
            "元のデータベースとの差異を踏まえて判断してください：クラスは十分に大きいか（本報告のクラスの大きさ）、"
            "クラス内で機微な値が十分に異なるか（モデル）、過去の提供と合わせて識別されないか（提供台帳）、"
            "位置や購買の履歴を含まないか、ノイズ付加や抽出が必要か。",
        ),
    ),
)
