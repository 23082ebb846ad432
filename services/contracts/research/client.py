"""What the anonymiser offers to researchers, and the client that asks it over HTTP."""

from typing import Protocol

from services.contracts.research.messages import JobAnswer, JobRequest
from services.kit.http import Http, Token


class Research(Protocol):
    """The anonymiser as a researcher (operator with role researcher) sees it.

    Raises: RemoteProblemError with the code of the problem document, from every method.
    """

    def submit(self, message: JobRequest, *, token: Token) -> JobAnswer:
        """Have a table made; a refusal (403) has members `job`, `reasons`, `releases` and counts."""

    def job(self, job: str, *, token: Token) -> JobAnswer:
        """Return how one of the own organisation's jobs ended."""

    def release(self, release: str, *, token: Token) -> bytes:
        """Return a release as CSV (UTF-8), to its recipient only."""


class ResearchClient:
    """The anonymiser over HTTP. Raises besides: PeerUnavailableError."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def submit(self, message: JobRequest, *, token: Token) -> JobAnswer:
        """See `Research`."""
        content = message.model_dump_json(by_alias=True).encode()
        return JobAnswer.model_validate_json(
            self._http.send("POST", "/jobs", token=token, content=content).content
        )

    def job(self, job: str, *, token: Token) -> JobAnswer:
        """See `Research`."""
        return JobAnswer.model_validate_json(self._http.send("GET", f"/jobs/{job}", token=token).content)

    def release(self, release: str, *, token: Token) -> bytes:
        """See `Research`."""
        return self._http.send("GET", f"/releases/{release}", token=token).content
