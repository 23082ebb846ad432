"""Where the name of the municipality ends in an address (都道府県, then 市区町村).

By rule and not by a list of all municipalities, which changes every year: prefecture, district (郡), then up to the
first 市, 区, 町 or 村. The names that hold such a character before their end are the closed list below. A ward of a
designated city (札幌市中央区) is behind the municipality, as the resident register has it; Tokyo's wards are
municipalities.
"""

import re
from functools import cache
from typing import Final

from services.contracts.registry.spelling import fold_name

_PREFECTURES: Final = (
    "青森 岩手 宮城 秋田 山形 福島 茨城 栃木 群馬 埼玉 千葉 神奈川 新潟 富山 石川 福井 "
    "山梨 長野 岐阜 静岡 愛知 三重 滋賀 兵庫 奈良 和歌山 鳥取 島根 岡山 広島 山口 徳島 "
    "香川 愛媛 高知 福岡 佐賀 長崎 熊本 大分 宮崎 鹿児島 沖縄"
)
_NOT_KEN: Final = "北海道 東京都 京都府 大阪府"
_MISLEADING: Final = (
    "市川市 市原市 四日市市 廿日市市 野々市市 町田市 十日町市 大町市 東村山市 武蔵村山市 "
    "村山市 羽村市 村上市 田村市 大村市 郡山市 大和郡山市 郡上市 蒲郡市 小郡市 玉村町 "
    "大町町 余市町 市貝町 下市町 上市町 村田町 市川町 市川三郷町 上郡町"
)
_DISTRICT: Final = "(?:高市郡|余市郡|[^市]{1,5}?郡)"


def split_address(folded: str) -> tuple[str, str] | None:
    """Split a folded address behind its municipality; None where no municipality can be told."""
    found = _pattern().match(folded)
    return (found[0], folded[found.end() :]) if found is not None else None


@cache
def _pattern() -> re.Pattern[str]:
    prefectures = "|".join(
        map(fold_name, [*(f"{each}県" for each in _PREFECTURES.split()), *_NOT_KEN.split()])
    )
    misleading = "|".join(map(fold_name, _MISLEADING.split()))
    return re.compile(
        f"(?:{prefectures})(?:(?:{_DISTRICT})?(?:{misleading})|{_DISTRICT}.+?[町村]|.+?[市区町村])"
    )
