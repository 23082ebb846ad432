"""What a receipt is of, once it was verified: a directive and what became of it, or a request that was refused."""

from dataclasses import dataclass
from datetime import datetime

from consent.directives import Directive
from consent.jwk import PublicJwk
from consent.vocabulary import Body, Purpose
from consent.withdrawals import DeletionReceipt, Withdrawal


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where a log has an entry, under which co-signed checkpoint. Units: `at` RFC 3339, as the log has it."""

    origin: str
    index: int
    at: str
    size: int
    cosigned_at: datetime
    cosigned_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TakenBack:
    """That the person took a directive back, where the log has it, and the body's word that its fragments are gone."""

    withdrawal: Withdrawal
    place: LogPlace
    deletion: DeletionReceipt | None


@dataclass(frozen=True, slots=True)
class LaidDown:
    """A directive, verified, and what became of it; `text` is what was shown, its digest compared."""

    directive: Directive
    key: PublicJwk
    place: LogPlace
    text: str | None = None
    taken_back: TakenBack | None = None


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """That an organisation asked and was refused; `years` where it was for records."""

    body: Body
    kind: str
    organisation: str
    reason: str
    place: LogPlace
    purposes: tuple[Purpose, ...] = ()
    data: tuple[str, ...] = ()
    years: tuple[int, int] | None = None


Fact = LaidDown | RefusedRequest
