"""An honest fake of the oversight body's keeping of audit reports, in memory; it has no log that a witness saw."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.contracts.oversight.audit_reports import (
    AuditHandedIn,
    HandInAudit,
    HeadsUnprovenError,
    KeptAudit,
    KeptAudits,
    ReportReceipt,
    ReportUnprovenError,
    WalkReport,
    read_report,
    report_digest,
    require_heads,
    sign_receipt,
    summary,
)
from services.contracts.oversight.register import Directory, Jwk
from services.kit.clock import Clock, epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.http import RemoteProblemError, Token


@dataclass
class FakeAuditReports:
    """Serves `AuditReports`; `callers` says who holds an access token."""

    callers: Callable[[Token], OperatorCaller]
    directory: Callable[[], Directory]
    clock: Clock
    key: Ed25519PrivateKey
    max_age: int = 3600
    _kept: list[tuple[WalkReport, KeptAudit]] = field(default_factory=list)

    def hand_in_audit(self, message: HandInAudit, *, token: Token) -> AuditHandedIn:
        """See `AuditReports`."""
        caller = self.callers(token)
        _require(caller, "auditor")
        operator = self.directory().operator(caller.organisation, caller.operator)
        if operator is None:
            raise _refusal(403, "audit_report_unproven")
        report = self._checked(message.report, operator.card_key, caller)
        number = len(self._kept)
        receipt = sign_receipt(
            ReportReceipt(
                report=f"report-{number}",
                digest=report_digest(message.report),
                organisation=caller.organisation,
                operator=caller.operator,
                card=operator.card_key,
                taken=epoch_seconds(self.clock()),
                index=number,
                found=report.found,
            ),
            self.key,
        )
        self._kept.append((report, KeptAudit(report=message.report, receipt=receipt, evidence=None)))
        return AuditHandedIn(report=f"report-{number}", index=number, receipt=receipt)

    def audit_report(self, report: str, *, token: Token) -> KeptAudit:
        """See `AuditReports`."""
        _require(self.callers(token), "accreditor", "auditor")
        for number, (_, kept) in enumerate(self._kept):
            if report == f"report-{number}":
                return kept
        raise _refusal(404, "not_found")

    def audit_reports(self, *, token: Token) -> KeptAudits:
        """See `AuditReports`."""
        _require(self.callers(token), "accreditor", "auditor")
        told = [summary(said, name=f"report-{at}", index=at) for at, (said, _) in enumerate(self._kept)]
        return KeptAudits(reports=told[::-1])

    def _checked(self, text: str, card: Jwk, caller: OperatorCaller) -> WalkReport:
        try:
            report = read_report(text, card)
            require_heads(report.bodies, self.directory())
        except ReportUnprovenError:
            raise _refusal(403, "audit_report_unproven") from None
        except HeadsUnprovenError:
            raise _refusal(403, "audit_report_heads") from None
        if (report.organisation, report.operator) != (caller.organisation, caller.operator):
            raise _refusal(403, "audit_report_unproven")
        now = epoch_seconds(self.clock())
        if not now - self.max_age <= report.at <= now + 60:
            raise _refusal(403, "audit_report_old")
        if any(text == kept.report for _, kept in self._kept):
            raise _refusal(403, "audit_report_repeated")
        if self._kept and _behind(report, self._kept[-1][0]):
            raise _refusal(403, "audit_report_behind")
        return report


def _behind(report: WalkReport, before: WalkReport) -> bool:
    sizes = {each.body: each.head.size for each in before.bodies if each.head is not None}
    return any(each.head.size < sizes.get(each.body, 0) for each in report.bodies if each.head is not None)


def _require(caller: OperatorCaller, *roles: str) -> None:
    if caller.roles.isdisjoint(roles):
        raise _refusal(403, "forbidden")


def _refusal(status: int, code: str) -> RemoteProblemError:
    return RemoteProblemError(status=status, code=code, title=code, detail="", members={"code": code})
