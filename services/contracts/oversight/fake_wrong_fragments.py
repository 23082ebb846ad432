"""An honest fake of the oversight body's reports of wrong capsule fragments, in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from services.contracts.oversight.register import Directory
from services.contracts.oversight.wrong_fragments import (
    ReportWrong,
    WrongReport,
    WrongReported,
    WrongReports,
)
from services.contracts.released import UnprovenError, verify_wrong
from services.kit.clock import Clock, epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.http import RemoteProblemError, Token


@dataclass
class FakeWrongFragments:
    """Serves `WrongFragments`; `callers` says who holds an access token, `knows` whether a token names a person."""

    callers: Callable[[Token], OperatorCaller]
    knows: Callable[[str, OperatorCaller], bool]
    directory: Callable[[], Directory]
    clock: Clock
    _kept: list[WrongReport] = field(default_factory=list)
    _used: set[str] = field(default_factory=set)

    def report_wrong(self, report: ReportWrong, *, token: Token) -> WrongReported:
        """See `WrongFragments`."""
        caller = self.callers(token)
        _require(caller, "reader", "anonymiser", "emergency-relay")
        if not self.knows(report.person, caller):
            raise _refusal(403, "subject_unknown")
        if report.person in self._used:
            raise _refusal(409, "replayed")
        try:
            proven = verify_wrong(report.shown, keys=self.directory().signing_key)
        except UnprovenError:
            raise _refusal(403, "accusation_unproven") from None
        self._used.add(report.person)
        name = sha256(proven.body.encode() + proven.statement).hexdigest()
        if any(each.report == name for each in self._kept):
            return WrongReported(report=name, body=proven.body)
        told = WrongReport(
            report=name,
            body=proven.body,
            organisation=caller.organisation,
            operator=caller.operator,
            reported=epoch_seconds(self.clock()),
            shown=report.shown,
        )
        self._kept.insert(0, told)
        return WrongReported(report=told.report, body=told.body)

    def wrong_reports(self, *, token: Token) -> WrongReports:
        """See `WrongFragments`."""
        _require(self.callers(token), "accreditor", "auditor")
        return WrongReports(reports=list(self._kept))


def _require(caller: OperatorCaller, *roles: str) -> None:
    if caller.roles.isdisjoint(roles):
        raise _refusal(403, "forbidden")


def _refusal(status: int, code: str) -> RemoteProblemError:
    return RemoteProblemError(status=status, code=code, title=code, detail="", members={"code": code})
