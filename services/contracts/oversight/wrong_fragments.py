"""Reports of wrong capsule fragments, as the oversight body takes and shows them (F4).

Times are epoch seconds.
"""

from typing import Annotated, Protocol

from pydantic import Field

from services.contracts.directives import BodyName
from services.contracts.released import WrongRelease
from services.kit.encoding import Message
from services.kit.http import Http, Token

TokenText = Annotated[str, Field(min_length=1, max_length=8192)]


class ReportWrong(Message):
    """POST /wrong-fragments: what shows it, and the token that names the person whose records were read."""

    shown: WrongRelease
    person: TokenText


class WrongReported(Message):
    """The report's name, and the body that is shown to have been wrong."""

    report: str
    body: BodyName


class WrongReport(Message):
    """A report as officials see it; whose records were read is not said."""

    report: str
    body: BodyName
    organisation: str
    operator: str
    reported: int
    shown: WrongRelease


class WrongReports(Message):
    """GET /wrong-fragments: the newest first."""

    reports: list[WrongReport]


class WrongFragments(Protocol):
    """Raises: RemoteProblemError, PeerUnavailableError, from every method."""

    def report_wrong(self, report: ReportWrong, *, token: Token) -> WrongReported:
        """Report a body (who may read records)."""

    def wrong_reports(self, *, token: Token) -> WrongReports:
        """Return what was reported (officials)."""


class WrongFragmentsClient:
    """See `WrongFragments`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def report_wrong(self, report: ReportWrong, *, token: Token) -> WrongReported:
        """See `WrongFragments`."""
        content = report.model_dump_json().encode()
        answer = self._http.send("POST", "/wrong-fragments", token=token, content=content)
        return WrongReported.model_validate_json(answer.content)

    def wrong_reports(self, *, token: Token) -> WrongReports:
        """See `WrongFragments`."""
        answer = self._http.send("GET", "/wrong-fragments", token=token)
        return WrongReports.model_validate_json(answer.content)
