"""What every body answers: discovery, audit findings, log leaves."""

from services.kit.encoding import Base64Url, Message


class Discovery(Message):
    """GET /.well-known/sekisho: who this is and how to check what it says."""

    body: str
    issuer: str
    log_origin: str
    log_key: str
    signing_key: dict[str, str]
    sealing_key: Base64Url


class AuditFinding(Message):
    """One contradiction found: the table, the row by its key, what is wrong; never a stored value."""

    table: str
    row: str
    problem: str


class AuditReport(Message):
    """GET /audit: everything that does not fit, and how much was looked at."""

    body: str
    entries: int
    rows: int
    findings: list[AuditFinding]


class Leaves(Message):
    """GET /log/leaves: a run of leaves from `start`; each is 64 bytes."""

    start: int
    leaves: list[Base64Url]
