"""Y2 to Y5: the oversight body takes auditors' signed reports, and keeps and logs them (IT7)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, insert, select

from consent import base64url
from services.contracts.oversight.audit_reports import (
    AuditHandedIn,
    HandInAudit,
    HeadsUnprovenError,
    KeptAudit,
    KeptAudits,
    KeptSummary,
    ReportReceipt,
    ReportUnprovenError,
    SignedText,
    WalkReport,
    read_report,
    report_digest,
    require_heads,
    sign_receipt,
    summary,
)
from services.contracts.oversight.register import Jwk
from services.contracts.oversight.register_view import DirectorySource
from services.kit.clock import epoch_seconds
from services.kit.columns import ColumnError
from services.kit.context import BodyContext
from services.kit.credentials.callers import OperatorCaller
from services.kit.egress import egress
from services.kit.encoding import Message
from services.kit.events import Event, EventKind, Outcome
from services.kit.log.audit import Finding
from services.kit.operator_events import by_operator
from services.kit.problems import ForbiddenError, NotFoundError, Problem
from services.oversight.errors import RegisterChangedError
from services.oversight.tables import AUDIT_REPORT

ID_BYTES: Final = 16
SHOWN_AT_ONCE: Final = 100
CLOCKS_APART: Final = 60
"""Units: seconds that the auditor's clock may be ahead."""


class AuditFault(StrEnum):
    """Why a report is not taken."""

    UNPROVEN = "audit_report_unproven"
    OLD = "audit_report_old"
    BEHIND = "audit_report_behind"
    HEADS = "audit_report_heads"
    REPEATED = "audit_report_repeated"


_TEXTS: Final = {
    AuditFault.UNPROVEN: "Only the auditor's own card, under the auditor's own name, signs a report that they hand in.",
    AuditFault.OLD: "The report was made too long ago, or in the future.",
    AuditFault.BEHIND: "The report shows an earlier state of a log than the report before it.",
    AuditFault.HEADS: "The report leaves a log out, or names a head of it that is not known here.",
    AuditFault.REPEATED: "This report was handed in before.",
}


class AuditRefusedError(ForbiddenError):
    """A report was not taken; `fault` is in the log, too."""

    def __init__(self, fault: AuditFault) -> None:
        super().__init__(_TEXTS[fault])
        self.problem = Problem(
            403, fault.value, "This report is not taken", "Walk all bodies again, and sign that."
        )


class _Kept(Message):
    report: str
    signed: SignedText
    receipt: SignedText
    card: Jwk
    taken: int
    index: int

    def said(self) -> WalkReport:
        return read_report(self.signed, self.card)


@dataclass(frozen=True, slots=True)
class AuditOffice:
    """The oversight body's keeping of reports; `max_age` in seconds."""

    context: BodyContext
    directory: DirectorySource
    max_age: int

    def scan(self, conn: Connection) -> tuple[int, list[Finding]]:
        """Return how many reports were looked at, and every one that was edited outside the program."""
        rows, found = conn.execute(select(AUDIT_REPORT)).all(), []
        for row in rows:
            try:
                _open(self, row.id, row.number, row.content)
            except RegisterChangedError:
                found.append(Finding(AUDIT_REPORT.name, f"id={row.id}", "was edited outside the program"))
        return len(rows), found


@egress(
    to="the auditor who hands a report in",
    fields="the report's name, its place in the log, a receipt",
    purpose="audit",
    ground="the role auditor, and the signature of the auditor's own card",
    answers=("POST /audit-reports",),
)
def hand_in(office: AuditOffice, caller: OperatorCaller, asked: HandInAudit) -> AuditHandedIn:
    """Take a report. Raises: AuditRefusedError."""
    context = office.context
    try:
        card = _card(office, caller)
        report = _checked(office, caller, asked.report, card=card)
        with context.database.write() as conn:
            kept = _keep(office, conn, caller, report=report, asked=asked, card=card)
    except _RefusalError as refusal:
        event = _event(caller, Outcome.REFUSED, reason=refusal.fault)
        with context.database.write() as conn:
            context.journal.record(conn, person=None, event=event)
        raise AuditRefusedError(refusal.fault) from None
    return AuditHandedIn(report=kept.report, index=kept.index, receipt=kept.receipt)


@egress(
    to="officials of the oversight body",
    fields="who made which report when, and how much was found at each body in which state of its log",
    purpose="audit",
    ground="the role accreditor or auditor at the oversight body",
    answers=("GET /audit-reports",),
)
def listed(office: AuditOffice) -> KeptAudits:
    """Return the newest reports. Raises: RegisterChangedError."""
    newest = select(AUDIT_REPORT).order_by(AUDIT_REPORT.c.number.desc()).limit(SHOWN_AT_ONCE)
    with office.context.database.read() as conn:
        rows = conn.execute(newest).all()
    return KeptAudits(reports=[_summary(_open(office, row.id, row.number, row.content)) for row in rows])


@egress(
    to="officials of the oversight body",
    fields="the report as it was signed (tables, row keys, problems; never a stored value), its receipt and log entry",
    purpose="audit",
    ground="the role accreditor or auditor at the oversight body",
    answers=("GET /audit-reports/{report}",),
)
def show(office: AuditOffice, name: str) -> KeptAudit:
    """Return a report, with its entry's proof where a witness has seen it.

    Raises: NotFoundError, RegisterChangedError.
    """
    context = office.context
    with context.database.read() as conn:
        row = conn.execute(select(AUDIT_REPORT).where(AUDIT_REPORT.c.id == name)).one_or_none()
        if row is None:
            raise NotFoundError("there is no such report")
        kept = _open(office, row.id, row.number, row.content)
        evidence = context.journal.entry_evidence(conn, kept.index)
    return KeptAudit(report=kept.signed, receipt=kept.receipt, evidence=evidence)


class _RefusalError(Exception):
    def __init__(self, fault: AuditFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def _card(office: AuditOffice, caller: OperatorCaller) -> Jwk:
    operator = office.directory.directory().operator(caller.organisation, caller.operator)
    if operator is None:
        raise _RefusalError(AuditFault.UNPROVEN)
    return operator.card_key


def _checked(office: AuditOffice, caller: OperatorCaller, text: str, *, card: Jwk) -> WalkReport:
    try:
        report = read_report(text, card)  # Y1
    except ReportUnprovenError:
        raise _RefusalError(AuditFault.UNPROVEN) from None
    if (report.organisation, report.operator) != (caller.organisation, caller.operator):
        raise _RefusalError(AuditFault.UNPROVEN)
    now = epoch_seconds(office.context.clock())
    if not now - office.max_age <= report.at <= now + CLOCKS_APART:  # Y2
        raise _RefusalError(AuditFault.OLD)
    try:
        require_heads(report.bodies, office.directory.directory())  # Y3
    except HeadsUnprovenError:
        raise _RefusalError(AuditFault.HEADS) from None
    return report


def _keep(
    office: AuditOffice,
    conn: Connection,
    caller: OperatorCaller,
    *,
    report: WalkReport,
    asked: HandInAudit,
    card: Jwk,
) -> _Kept:
    """Y4: everything in one transaction; the newest report is read under the log's lock."""
    context, now = office.context, epoch_seconds(office.context.clock())
    context.journal.tree.queue(conn)
    digest = report_digest(asked.report)
    expires = report.at + office.max_age + 1
    if not context.replays.first(conn, kind="audit report", value=digest, expires=expires, now=now):
        raise _RefusalError(AuditFault.REPEATED)
    _require_seen(office, conn, report)
    number = _require_not_behind(office, conn, report) + 1
    name = base64url.encode(context.randomness(ID_BYTES))
    event = _event(
        caller,
        Outcome.DONE,
        detail={"report": name, "digest": digest, "found": report.found},
    )
    index = context.journal.record(conn, person=None, event=event).index
    receipt = ReportReceipt(
        report=name,
        digest=digest,
        organisation=caller.organisation,
        operator=caller.operator,
        card=card,
        taken=now,
        index=index,
        found=report.found,
    )
    signed = sign_receipt(receipt, context.signing_key)
    kept = _Kept(report=name, signed=asked.report, receipt=signed, card=card, taken=now, index=index)
    content = context.cipher.seal(kept.model_dump_json().encode(), cell=_cell(name, number))
    conn.execute(insert(AUDIT_REPORT).values(id=name, number=number, content=content))
    return kept


def _require_seen(office: AuditOffice, conn: Connection, report: WalkReport) -> None:
    """Y3: refuse a head that is not this body's own, or not the one that it co-signed at that size."""
    journal, witnessed = office.context.journal, office.context.tables.journal.log.witnessed.c
    for each in report.bodies:
        if each.head is None:
            continue
        root, size = base64url.decode(each.head.root), each.head.size
        if each.body is office.context.body:
            if size > journal.tree.size(conn) or journal.tree.roots(conn, [size]) != [root]:
                raise _RefusalError(AuditFault.HEADS)
            continue
        seen = select(witnessed.root).where(witnessed.origin == each.head.origin, witnessed.size == size)
        if conn.execute(seen).scalar_one_or_none() not in (None, root):
            raise _RefusalError(AuditFault.HEADS)


def _require_not_behind(office: AuditOffice, conn: Connection, report: WalkReport) -> int:
    """Y2: refuse what shows less of a log than the newest report; return that one's number, 0 without one."""
    newest = select(AUDIT_REPORT).order_by(AUDIT_REPORT.c.number.desc()).limit(1)
    row = conn.execute(newest).one_or_none()
    if row is None:
        return 0
    before = _open(office, row.id, row.number, row.content).said()
    sizes = {each.body: each.head.size for each in before.bodies if each.head is not None}
    for each in report.bodies:
        if each.head is not None and each.head.size < sizes.get(each.body, 0):
            raise _RefusalError(AuditFault.BEHIND)
    return int(row.number)


def _open(office: AuditOffice, name: str, number: int, content: bytes) -> _Kept:
    try:
        kept = _Kept.model_validate_json(office.context.cipher.open(content, cell=_cell(name, number)))
        kept.said()
    except (ColumnError, ValueError, ReportUnprovenError) as error:
        raise RegisterChangedError(f"audit_report id={name} does not open") from error
    return kept


def _summary(kept: _Kept) -> KeptSummary:
    return summary(kept.said(), name=kept.report, index=kept.index)


def _event(
    caller: OperatorCaller,
    outcome: Outcome,
    *,
    reason: AuditFault | None = None,
    detail: dict[str, str | int] | None = None,
) -> Event:
    return by_operator(
        caller,
        EventKind.AUDIT_REPORTED,
        outcome=outcome,
        reason=None if reason is None else reason.value,
        detail=None if detail is None else dict(detail),
    )


def _cell(name: str, number: int) -> str:
    return f"audit_report.content/{name}/{number}"
