"""Whether the reason for an emergency access has substance: it has to say what happened to this patient.

A reason is compared in a normal form (compatibility characters, case and punctuation do not count), so that a copied
one is not made new by a full stop.
"""

import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import reduce
from typing import Final

SHORTEST: Final = 15
"""Characters of the normal form, what is said everywhere not counted."""
FEWEST_DIFFERENT: Final = 8
"""Different characters; fewer are keys held down."""
COPIED: Final = 0.7
"""Share of common three-character pieces from which on two reasons are one."""
_PIECE: Final = 3

_SAID_EVERYWHERE: Final = (
    "emergency",
    "emergencies",
    "urgent",
    "treatment",
    "medical",
    "necessary",
    "required",
    "needed",
    "patient",
    "reason",
    "access",
    "records",
    "see chart",
    "as above",
    "same as before",
    "lorem ipsum dolor sit amet",
    "test",
    "n/a",
    "緊急のため",
    "緊急対応",
    "緊急",
    "救急対応",
    "救急のため",
    "治療のため",
    "診療のため",
    "診療上必要",
    "治療上必要",
    "必要なため",
    "業務上必要",
    "閲覧のため",
    "患者",
    "確認",
    "同上",
    "前回と同じ",
    "テスト",
)


class ReasonFault(StrEnum):
    """Why a reason is none; stable, and also written to the log."""

    EMPTY = "emergency_reason_empty"
    TOO_SHORT = "emergency_reason_too_short"
    BOILERPLATE = "emergency_reason_boilerplate"
    COPIED = "emergency_reason_copied"


def normal_form(reason: str) -> str:
    """Return the letters and digits of a reason, folded. Source: Unicode NFKC, case folding."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", reason).casefold())
    return "".join(each for each in folded if each.isalnum())


def substance_fault(reason: str) -> ReasonFault | None:
    """Tell why a reason says nothing, looking at it alone."""
    said = normal_form(reason)
    if not said:
        return ReasonFault.EMPTY
    own = reduce(lambda rest, phrase: rest.replace(phrase, ""), _PHRASES, said)
    if len(own) < SHORTEST and own != said:
        return ReasonFault.BOILERPLATE
    if len(own) < SHORTEST:
        return ReasonFault.TOO_SHORT
    return ReasonFault.BOILERPLATE if len(set(own)) < FEWEST_DIFFERENT else None


def copied_fault(reason: str, earlier: Iterable[str]) -> ReasonFault | None:
    """Tell whether a reason is an earlier one again, word for word or nearly."""
    said = _pieces(reason)
    return ReasonFault.COPIED if any(_alike(said, _pieces(each)) for each in earlier) else None


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= COPIED * len(one | other)


def _pieces(reason: str) -> frozenset[str]:
    said = normal_form(reason)
    return frozenset(said[at : at + _PIECE] for at in range(max(1, len(said) - _PIECE + 1)))


_PHRASES: Final = sorted(map(normal_form, _SAID_EVERYWHERE), key=len, reverse=True)
