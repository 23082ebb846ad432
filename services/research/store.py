"""Every query of the anonymiser, within the caller's transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection, Row, select

from consent.identifiers import OperatorId, OrganisationId
from services.contracts.research.messages import JobStatus
from services.research.model import Job, JobId, ReleaseId, StoredRelease
from services.research.tables import job, release


def find_job(conn: Connection, identifier: JobId, *, recipient: OrganisationId) -> Job | None:
    """Return one of an organisation's own jobs."""
    row = conn.execute(select(job).where(job.c.id == identifier, job.c.recipient == recipient)).one_or_none()
    if row is None:
        return None
    return Job(
        id=JobId(row.id),
        recipient=OrganisationId(row.recipient),
        operator=OperatorId(row.operator),
        request=row.request,
        status=JobStatus(row.status),
        refusal=row.refusal,
        decided_at=row.decided_at,
    )


def release_of_job(conn: Connection, made_by: JobId) -> StoredRelease | None:
    """Return what a job released."""
    return _release(conn.execute(select(release).where(release.c.job == made_by)).one_or_none())


def find_release(conn: Connection, identifier: ReleaseId) -> StoredRelease | None:
    """Return a release, whoever its recipient is, for the audit."""
    return _release(conn.execute(select(release).where(release.c.id == identifier)).one_or_none())


def own_release(
    conn: Connection, identifier: ReleaseId, *, recipient: OrganisationId
) -> StoredRelease | None:
    """Return a recipient's release; another's is as one that does not exist."""
    own = select(release).where(release.c.id == identifier, release.c.recipient == recipient)
    return _release(conn.execute(own).one_or_none())


def released_as(conn: Connection, numbers: Sequence[int], *, recipient: OrganisationId) -> list[ReleaseId]:
    """Return how a recipient knows the releases that the ledger numbers so, oldest first."""
    rows = conn.execute(
        select(release.c.id)
        .where(release.c.ledger.in_(numbers), release.c.recipient == recipient)
        .order_by(release.c.ledger)
    )
    return [ReleaseId(each) for each in rows.scalars()]


def _release(row: "Row[tuple[str, int, str, str, str, bytes, int]] | None") -> StoredRelease | None:
    if row is None:
        return None
    return StoredRelease(
        id=ReleaseId(row.id),
        ledger=row.ledger,
        job=JobId(row.job),
        recipient=OrganisationId(row.recipient),
        summary=row.summary,
        content=row.content,
    )
