"""Errors of the anonymiser."""

from services.kit.problems import ForbiddenError, NotFoundError, Problem, ProblemError, UnavailableError
from services.research.model import JobId, Refusal


class ResearchError(ProblemError):
    """Base of the anonymiser's errors."""


class RefusedError(Exception):
    """A rule or a check says no; the workflow stores it as the end of the job."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__("; ".join(refusal.reasons))
        self.refusal = refusal


class RecordsRefusedError(RefusedError):
    """A check that looked at records says no: the ledger charges it to the recipient (attack RI5).

    `found` says more and may count; it is kept in the ledger, for the anonymiser's operator only.
    """

    def __init__(self, refusal: Refusal, *, found: str) -> None:
        super().__init__(refusal)
        self.found = found


class JobRefusedError(ResearchError, ForbiddenError):
    """A job ended without a release; `job` finds it again."""

    def __init__(self, job: JobId, refusal: Refusal) -> None:
        members: dict[str, object] = {"job": job, "reasons": list(refusal.reasons)}
        members |= {"releases": list(refusal.releases)} if refusal.releases else {}
        super().__init__("; ".join(refusal.reasons), extra=members)
        self.problem = Problem(
            403,
            refusal.code.value,
            "This table is not released",
            "Do what the detail says; the refusal is in the log.",
        )


class RoleMissingError(ResearchError, ForbiddenError):
    """The operator is no researcher at this moment."""

    problem = Problem(
        403,
        "role_missing",
        "This is for researchers",
        "Ask the oversight body for the role researcher.",
    )


class UnknownReleaseError(ResearchError, NotFoundError):
    """This organisation has no such job or release."""


class MedicalUnavailableError(ResearchError, UnavailableError):
    """The records cannot be read now: the medical centre or the anonymiser's own accreditation is missing."""


class StoredDataChangedError(ResearchError):
    """A stored release or the release ledger is not what was written; nothing leaves on it."""

    problem = Problem(
        500,
        "stored_data_changed",
        "What is stored here was changed",
        "Tell the anonymiser's operator; an audit names the rows.",
    )
