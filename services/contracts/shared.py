"""What every body answers: discovery, audit findings, log leaves."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, Strict

from consent import base64url
from services.contracts.guardianship import StateClient, StatesTold, TellStates
from services.kit.encoding import Base64Url, Message
from services.kit.http import Http, Token
from services.kit.log.evidence import Evidence


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


class RenewalStep(StrEnum):
    """How far the change of a sector key is: names are told, then in force, then the old ones refused.

    ASK changes nothing: the body says by which key it is named people.
    """

    ASK = "ask"
    MOVE = "move"
    COMPLETE = "complete"
    RETIRE = "retire"


class NameRenewal(Message):
    """One person's name under an old sector key and under the new one."""

    old: str
    new: str


class RenewNames(Message):
    """POST /people/renewals (ID centre): the key of that number names people, or will, or does no more."""

    version: Annotated[int, Field(ge=1, le=999_999_999)]
    step: Annotated[RenewalStep, Strict(False)]
    renewals: Annotated[list[NameRenewal], Field(max_length=1000)]


class NamesRenewed(Message):
    """How many of the names were news, and by which key the body is named people now."""

    renewed: int
    key: int


class SharedClient:
    """The routes that every body answers alike. Raises: RemoteProblemError, PeerUnavailableError."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def history(self, *, token: Token) -> Evidence:
        """Return what the body did with the person's data, with proofs."""
        return Evidence.model_validate_json(self._http.send("GET", "/history", token=token).content)

    def audit(self, *, token: Token) -> AuditReport:
        """Have the body look at all its rows."""
        return AuditReport.model_validate_json(self._http.send("GET", "/audit", token=token).content)

    def renew_names(self, message: RenewNames) -> NamesRenewed:
        """Tell the body new names of people (ID centre, by its certificate)."""
        content = message.model_dump_json().encode()
        told = self._http.send("POST", "/people/renewals", content=content)
        return NamesRenewed.model_validate_json(told.content)

    def tell_states(self, message: TellStates) -> StatesTold:
        """Tell the body, if it keeps directives, who acts for whom (ID centre, by its certificate)."""
        return StateClient(self._http).tell(message)

    def checkpoint(self, *, token: Token) -> str:
        """Return the newest co-signed checkpoint, a signed note."""
        return self._http.send("GET", "/log/checkpoint", token=token).text

    def leaves(self, start: int, *, token: Token) -> list[bytes]:
        """Return a run of leaves from `start`; an empty one is the end."""
        answer = self._http.send("GET", "/log/leaves", token=token, query={"start": str(start)})
        return [base64url.decode(each) for each in Leaves.model_validate_json(answer.content).leaves]
