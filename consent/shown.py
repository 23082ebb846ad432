"""What a person was shown before agreeing or refusing, and by which medium (R19)."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Self

from consent.canonical import JsonObject
from consent.errors import MalformedError
from consent.identifiers import OperatorId
from consent.wire import Identifier, Sha256Hex, Text, WireModel


class MediumKind(StrEnum):
    """How the person was asked."""

    PORTAL = "portal"
    COUNTER = "counter"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class Medium:
    """How the person was asked: alone at an own screen, at a counter by an operator, or on paper taken by one.

    Shape: `sha256_of_scan` 64 lower-case hexadecimal digits, of paper only.
    Raises: MalformedError unless exactly what belongs to the kind is there.
    """

    kind: MediumKind
    operator: OperatorId | None = None
    sha256_of_scan: str | None = None

    def __post_init__(self) -> None:
        if (self.operator is None) is not (self.kind is MediumKind.PORTAL):
            raise MalformedError("A counter and paper name the operator who asked; the portal has none.")
        if (self.sha256_of_scan is not None) is not (self.kind is MediumKind.PAPER):
            raise MalformedError("Paper, and nothing else, comes with the digest of its scan.")

    @classmethod
    def paper(cls, operator: OperatorId, scan: bytes) -> Self:
        """Describe signed paper by the digest of its scan."""
        return cls(MediumKind.PAPER, operator, sha256(scan).hexdigest())


PORTAL = Medium(MediumKind.PORTAL)
"""The person alone, at My Portal or at a command line of their own."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What the person was shown before agreeing, so that the agreement can be proved.

    Shape: `sha256_of_text` 64 lower-case hexadecimal digits; `language` an IETF tag such as `ja`.
    """

    text_id: str
    version: str
    language: str
    sha256_of_text: str
    refusal_meaning: str
    medium: Medium = PORTAL

    @classmethod
    def of_text(
        cls,
        text: str,
        *,
        text_id: str,
        version: str,
        language: str,
        refusal_meaning: str,
        medium: Medium = PORTAL,
    ) -> Self:
        """Describe a text by its hash over UTF-8."""
        return cls(
            text_id, version, language, sha256(text.encode()).hexdigest(), refusal_meaning, medium=medium
        )


def notice_payload(notice: Notice) -> JsonObject:
    """Write a notice; the portal is not named, being what an older text without a medium means."""
    medium: JsonObject = {} if notice.medium == PORTAL else {"medium": _medium_payload(notice.medium)}
    return {
        "text_id": notice.text_id,
        "version": notice.version,
        "language": notice.language,
        "sha256_of_text": notice.sha256_of_text,
        "refusal_meaning": notice.refusal_meaning,
        **medium,
    }


def _medium_payload(medium: Medium) -> JsonObject:
    scan: JsonObject = {} if medium.sha256_of_scan is None else {"sha256_of_scan": medium.sha256_of_scan}
    operator: JsonObject = {} if medium.operator is None else {"operator": medium.operator}
    return {"kind": medium.kind, **operator, **scan}


class MediumWire(WireModel):
    """Wire form of `Medium`."""

    kind: MediumKind
    operator: Identifier | None = None
    sha256_of_scan: Sha256Hex | None = None

    def to_medium(self) -> Medium:
        """Raises: MalformedError for what `Medium` refuses, and for the portal, which is not written."""
        if self.kind is MediumKind.PORTAL:
            raise MalformedError("The portal is what is meant where no medium is named.")
        operator = None if self.operator is None else OperatorId(self.operator)
        return Medium(self.kind, operator, self.sha256_of_scan)


class NoticeWire(WireModel):
    """Wire form of `Notice`."""

    text_id: Identifier
    version: Identifier
    language: Identifier
    sha256_of_text: Sha256Hex
    refusal_meaning: Text
    medium: MediumWire | None = None

    def to_notice(self) -> Notice:
        """Raises: MalformedError for what `Notice` refuses."""
        medium = PORTAL if self.medium is None else self.medium.to_medium()
        return Notice(
            text_id=self.text_id,
            version=self.version,
            language=self.language,
            sha256_of_text=self.sha256_of_text,
            refusal_meaning=self.refusal_meaning,
            medium=medium,
        )
