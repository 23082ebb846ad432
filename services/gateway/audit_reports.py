"""The auditor's signed report: made and handed in, listed, and verified offline by anybody (Y1, Y5)."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import combinations
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, JsonValue, ValidationError

from consent import base64url
from consent.receipts import differences
from consent.vocabulary import Body
from services.contracts.oversight.audit_reports import (
    MOST_FINDINGS,
    AuditReportsClient,
    HandInAudit,
    KeptSummary,
    ReportReceipt,
    ReportUnprovenError,
    WalkedBody,
    WalkedHead,
    WalkReport,
    read_receipt,
    read_report,
    report_digest,
    sign_report,
    unverified_report,
)
from services.contracts.released import Keys
from services.gateway.auditor import BodyAudit
from services.gateway.errors import NotVerifiedError
from services.gateway.organisation import Organisation
from services.kit.clock import epoch_seconds
from services.kit.encoding import Message
from services.kit.events import EventKind
from services.kit.keys import replace_private
from services.kit.log.errors import LogError
from services.kit.log.evidence import Evidence, Trust, VerifiedEntry, verify_evidence
from services.kit.log.seen_notes import SeenNote

FORMAT: Final = "sekisho-audit-report/1"
TEXT: Final = 2000
"""Characters of a problem that a report takes over."""


class ReportFile(Message):
    """The file: the report to be read, the same as it was signed, and what the oversight body gave for it."""

    format: Literal["sekisho-audit-report/1"]
    report: dict[str, JsonValue]
    signed: str
    receipt: str
    index: int = Field(ge=0)
    evidence: Evidence | None


def hand_in(auditor: Organisation, audits: Sequence[BodyAudit]) -> ReportFile:
    """Y1, Y2: sign what was seen and hand it to the oversight body. Raises: RefusedError, NotVerifiedError."""
    report = WalkReport(
        organisation=auditor.id,
        operator=auditor.credentials.operator,
        at=epoch_seconds(auditor.clock()),
        bodies=[_walked(each) for each in audits],
    )
    signed = sign_report(report, auditor.credentials.card_key)
    message = HandInAudit(report=signed)
    taken = auditor.ask(
        Body.OVERSIGHT, lambda http, token: AuditReportsClient(http).hand_in_audit(message, token=token)
    )
    kept = auditor.ask(
        Body.OVERSIGHT, lambda http, token: AuditReportsClient(http).audit_report(taken.report, token=token)
    )
    file = ReportFile(
        format=FORMAT,
        report=report.model_dump(mode="json"),
        signed=signed,
        receipt=taken.receipt,
        index=taken.index,
        evidence=kept.evidence,
    )
    _verified(file, keys=auditor.directory().signing_key)
    return file


def kept(official: Organisation) -> list[KeptSummary]:
    """Return what was handed in, newest first. Raises: RefusedError."""
    return official.ask(
        Body.OVERSIGHT, lambda http, token: AuditReportsClient(http).audit_reports(token=token)
    ).reports


def differing(reports: Sequence[KeptSummary]) -> Iterator[tuple[KeptSummary, KeptSummary, Body]]:
    """Yield pairs of reports that found different things at one body in one state of its log.

    One of them left something out, or a row was edited, or restored, without the log in between.
    """
    for one, other in combinations(reports, 2):
        theirs = {(each.body, each.root): each for each in other.bodies if each.root is not None}
        for each in one.bodies:
            same = each if each.root is None else theirs.get((each.body, each.root), each)
            if (each.found, each.clean) != (same.found, same.clean):
                yield one, other, each.body


def save(file: ReportFile, path: Path) -> None:
    """Write the file, for `sekisho verify`; an existing file is replaced."""
    replace_private(path, file.model_dump_json(indent=1).encode())


def read_file(raw: bytes) -> ReportFile | None:
    """Read a report's file; None where the file is of another format."""
    with suppress(ValidationError):
        return ReportFile.model_validate_json(raw)
    return None


def verify_file(file: ReportFile, trust: Trust, *, keys: Keys) -> list[str]:
    """Verify a report with nothing but trusted keys, and say what it shows. Raises: NotVerifiedError."""
    report, receipt = _verified(file, keys=keys)
    lines = [
        f"{'✓' if each.clean else '✗'} {each.body.value:15} {each.entries} log entries, {each.rows} rows, "
        f"{each.found} findings{'' if each.problem is None else f'; {each.problem}'}"
        for each in report.bodies
    ]
    lines += [
        f"    {each.body.value} {found.table} {found.row}: {found.problem}"
        for each in report.bodies
        for found in each.findings
    ]
    lines.append(
        f"✓ signed by {report.operator} ({report.organisation}); the oversight body took this very text"
    )
    if file.evidence is None:
        return [*lines, "! it is not shown that it is in the oversight body's log"]
    _require_logged(file.evidence, receipt, trust=trust)
    return [*lines, f"✓ entry {receipt.index} of the oversight body's log"]


def _walked(audit: BodyAudit) -> WalkedBody:
    return WalkedBody(
        body=audit.body,
        entries=audit.entries,
        rows=audit.rows,
        found=len(audit.findings),
        findings=list(audit.findings[:MOST_FINDINGS]),
        head=None if audit.head is None else _head(audit.head),
        problem=None if audit.problem is None else audit.problem[:TEXT],
    )


def _head(seen: SeenNote) -> WalkedHead:
    head = seen.checkpoint
    return WalkedHead(origin=head.origin, size=head.size, root=base64url.encode(head.root), note=seen.note)


def _verified(file: ReportFile, *, keys: Keys) -> tuple[WalkReport, ReportReceipt]:
    try:
        receipt = read_receipt(file.receipt, keys(Body.OVERSIGHT))
        changed = differences(file.model_dump(mode="json")["report"], unverified_report(file.signed))
    except ReportUnprovenError as error:
        raise NotVerifiedError(f"the report does not verify: {error}") from error
    if changed:
        raise NotVerifiedError(f"the report is not what was signed, at: {', '.join(changed)}")
    if report_digest(file.signed) != receipt.digest:
        raise NotVerifiedError("the signed text is another than the oversight body took")
    try:
        report = read_report(file.signed, receipt.card)
    except ReportUnprovenError as error:
        raise NotVerifiedError(f"the report does not verify: {error}") from error
    told = (report.organisation, report.operator, report.found, file.index)
    if told != (receipt.organisation, receipt.operator, receipt.found, receipt.index):
        raise NotVerifiedError("the receipt is not for this report")
    return report, receipt


def _require_logged(evidence: Evidence, receipt: ReportReceipt, *, trust: Trust) -> None:
    try:
        entries = verify_evidence(evidence, trust)
    except LogError as error:
        raise NotVerifiedError(f"the log entry does not verify: {error}") from error
    if len(entries) != 1 or not _is_of(entries[0], receipt):
        raise NotVerifiedError("the log entry is of something else than this report")


def _is_of(entry: VerifiedEntry, receipt: ReportReceipt) -> bool:
    detail = {"report": receipt.report, "digest": receipt.digest, "found": receipt.found}
    event = entry.event
    told = (event.get("body"), event.get("kind"), event.get("organisation"), event.get("operator"))
    named = (Body.OVERSIGHT.value, EventKind.AUDIT_REPORTED.value, receipt.organisation, receipt.operator)
    is_ours = entry.origin.rpartition("/")[2] == Body.OVERSIGHT.value
    return is_ours and told == named and (entry.index, event.get("detail")) == (receipt.index, detail)
