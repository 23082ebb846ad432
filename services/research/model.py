"""What the anonymiser works with. Stored rows have the columns' names as field names; times are epoch seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType

from consent.identifiers import OperatorId, OrganisationId, SubjectKeyId
from services.contracts.research.messages import JobStatus, RefusalReason, Source

JobId = NewType("JobId", str)
ReleaseId = NewType("ReleaseId", str)
Value = str | int | None


@dataclass(frozen=True, slots=True)
class Person:
    """One person inside one job: the wallet's thumbprint and what was taken out of the records. Never stored."""

    subject: SubjectKeyId = field(repr=False)
    values: Mapping[Source, Value] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Everybody whose records a job could read, and how many it could not, by reason."""

    persons: tuple[Person, ...]
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a job releases nothing, with the recipient's own earlier releases; it counts nothing that is in records."""

    code: RefusalReason
    reasons: tuple[str, ...]
    releases: tuple[ReleaseId, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One decided job. `request` is the researcher's as JSON, `refusal` is empty for a released one."""

    id: JobId
    recipient: OrganisationId
    operator: OperatorId
    request: str
    status: JobStatus
    refusal: str
    decided_at: int


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """One release to its recipient. `ledger` is its number in the release ledger, `summary` its counts as JSON.

    `content` is the sealed CSV; `summary` has the digest of the plain one.
    """

    id: ReleaseId
    ledger: int
    job: JobId
    recipient: OrganisationId
    summary: str
    content: bytes = field(repr=False)


Entity = Job | StoredRelease
