"""The only code that builds what leaves the anonymiser.

A table leaves as `anonymize.Release` only, which nothing but the release ledger makes, after its checks.
"""

import hashlib

import pandas as pd

import anonymize as an
from services.contracts.research.messages import JobAnswer, RefusalSummary, ReleaseSummary
from services.contracts.research.table import Cell, write_table
from services.kit.egress import egress
from services.research.model import Job, ReleaseId, StoredRelease


@egress(
    to="the recipient of the release",
    fields="the columns asked for, generalised, rows shuffled",
    purpose="research",
    ground="the ledger's `Release`, which exists only after all checks",
    answers=("GET /releases/{release}",),
)
def csv_of(release: an.Release) -> bytes:
    """Return a checked release as CSV, in the order in which the ledger shuffled it."""
    rows = release.frame.astype(object).itertuples(index=False, name=None)
    return write_table(
        [str(name) for name in release.frame.columns], ([_cell(each) for each in row] for row in rows)
    )


@egress(
    to="the recipient of the release",
    fields="counts, levels, digest",
    purpose="research",
    ground="the ledger's `Release`, which exists only after all checks",
)
def summary_of(release: an.Release, identifier: ReleaseId, content: bytes) -> ReleaseSummary:
    """Return what is told of a release besides its rows."""
    report = release.report
    loss, levels, suppressed = report["loss"], report["levels"], report["suppressed"]
    if not (isinstance(loss, dict) and isinstance(levels, dict) and isinstance(suppressed, int)):
        raise TypeError("the anonymisation's report has another form")
    return ReleaseSummary(
        id=identifier,
        rows=len(release.frame),
        columns=[str(name) for name in release.frame.columns],
        levels={str(name): int(level) for name, level in levels.items()},
        suppressed=suppressed,
        persons=len(release.frame),
        loss=float(loss["total"]),
        sha256=hashlib.sha256(content).hexdigest(),
    )


@egress(
    to="the organisation that asked for the job",
    fields="how the job ended: the release's summary, or codes of the refusal and the own releases involved",
    purpose="research",
    ground="the stored job of the caller's own organisation",
    answers=("POST /jobs", "GET /jobs/{job}"),
)
def answer(job: Job, release: StoredRelease | None) -> JobAnswer:
    """Return how a job ended."""
    return JobAnswer(
        job=job.id,
        status=job.status,
        release=ReleaseSummary.model_validate_json(release.summary) if release else None,
        refusal=RefusalSummary.model_validate_json(job.refusal) if job.refusal else None,
    )


def _cell(value: object) -> Cell:
    if isinstance(value, str):
        return value
    return None if pd.isna(value) else int(value)  # type: ignore[call-overload]  # columns are texts or integers
