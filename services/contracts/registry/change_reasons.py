"""Why an entry of the resident register was made or changed (異動事由): the resident register network's closed list."""

from enum import StrEnum
from typing import Final


class ChangeReason(StrEnum):
    """The ten reasons of the network, and the one that it keeps longer than the others."""

    MOVED_IN = "moved_in"  # 転入
    BORN = "born"  # 出生
    ENTERED_EX_OFFICIO = "entered_ex_officio"  # 職権記載等
    MOVED_OUT = "moved_out"  # 転出
    DIED = "died"  # 死亡
    REMOVED_EX_OFFICIO = "removed_ex_officio"  # 職権消除等
    MOVED_WITHIN = "moved_within"  # 転居
    CORRECTED_EX_OFFICIO = "corrected_ex_officio"  # 職権修正等
    NUMBER_CHANGED_ON_REQUEST = "number_changed_on_request"  # 住民票コードの記載の変更請求
    NUMBER_ENTERED_EX_OFFICIO = "number_entered_ex_officio"  # 住民票コードの職権記載等
    MOVED_ABROAD = "moved_abroad"  # 国外転出


ON_ENTRY: Final = frozenset({ChangeReason.MOVED_IN, ChangeReason.BORN, ChangeReason.ENTERED_EX_OFFICIO})
ON_CHANGE: Final = frozenset({ChangeReason.MOVED_WITHIN, ChangeReason.CORRECTED_EX_OFFICIO})
ON_DEPARTURE: Final = frozenset(
    {
        ChangeReason.MOVED_OUT,
        ChangeReason.DIED,
        ChangeReason.REMOVED_EX_OFFICIO,
        ChangeReason.MOVED_ABROAD,
    }
)
"""Numbers are the ID centre's: it logs their changes, and no items change with them."""
