"""Words for synthetic people: nobody real is meant. Weights say how often each is drawn."""

from dataclasses import dataclass
from typing import Final

_SURNAMES: Final = (
    "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 斎藤 清水 "
    "山崎 森 池田 橋本 阿部 石川 山下 中島 石井 小川 前田 岡田 長谷川 藤田 後藤 近藤 村上 遠藤 青木 坂本"
)
SURNAMES: Final = _SURNAMES.split()

_WOMEN: Final = (
    "陽子 美咲 さくら 葵 由美 恵子 幸子 結衣 真理 直美 久美子 千尋 文子 楓 明日香 芳江 菜々子 百合 静香 琴音"
)
_MEN: Final = "太郎 健 翔 大輔 誠 浩 隆 蓮 拓也 修 和夫 直樹 勝 悠斗 剛 茂 亮 哲也 進 颯太"
GIVEN: Final = {"female": _WOMEN.split(), "male": _MEN.split()}

AREAS: Final[tuple[tuple[str, tuple[str, ...], int], ...]] = (
    ("東京都", ("架空区桜台", "架空区若葉町", "みらい市本町"), 34),
    ("大阪府", ("なにわ市中町", "みずほ市緑町"), 22),
    ("愛知県", ("あけぼの市栄町", "ひなた市東町"), 15),
    ("北海道", ("雪野市北一条", "大空町南二条"), 11),
    ("福岡県", ("はかた野市港町", "青葉町西"), 10),
    ("宮城県", ("杜の宮市一番町", "松島野町浜"), 8),
)

CITIES: Final = {name: places for name, places, _ in AREAS}


@dataclass(frozen=True, slots=True)
class Illness:
    """A condition (SNOMED CT), what is prescribed for it, what is measured for it (LOINC, unit, range)."""

    code: str
    display: str
    medication: str
    test: tuple[str, str, str, float, float]
    from_age: int
    weight: int


ILLNESSES: Final = (
    Illness(
        "38341003",
        "Hypertensive disorder",
        "アムロジピン錠 5mg",
        ("8480-6", "Systolic blood pressure", "mm[Hg]", 118, 168),
        35,
        34,
    ),
    Illness(
        "44054006",
        "Diabetes mellitus type 2",
        "メトホルミン錠 250mg",
        ("4548-4", "Hemoglobin A1c", "%", 5.8, 9.4),
        35,
        20,
    ),
    Illness(
        "13644009",
        "Hypercholesterolemia",
        "ロスバスタチン錠 2.5mg",
        ("2089-1", "LDL cholesterol", "mg/dL", 96, 188),
        30,
        20,
    ),
    Illness(
        "195967001",
        "Asthma",
        "フルチカゾン吸入用 100µg",
        ("19935-6", "Peak expiratory flow", "L/min", 240, 520),
        0,
        14,
    ),
    Illness(
        "61582004",
        "Allergic rhinitis",
        "フェキソフェナジン錠 60mg",
        ("19113-0", "IgE", "[IU]/mL", 40, 900),
        0,
        22,
    ),
    Illness(
        "35489007",
        "Depressive disorder",
        "セルトラリン錠 25mg",
        ("44261-6", "PHQ-9 score", "{score}", 2, 22),
        16,
        8,
    ),
)

VACCINES: Final = (("140", "インフルエンザ"), ("213", "新型コロナ"), ("33", "肺炎球菌"), ("115", "Tdap"))

REASONS: Final = ("定期受診", "発熱", "健診結果の相談", "頭痛", "処方の更新")
