"""Audit reports: what an auditor saw of every body, signed with their card and handed to the oversight body (IT7).

Y1 the report names each log once, with the co-signed head up to which it was walked, and is signed by the auditor's
   own card (stops an edited report, and one in somebody else's name);
Y2 the oversight body takes it from its signer, once, while it is young, and not behind the one before (stops an old
   report as a new one);
Y3 heads are those that the register's keys verify, and that the oversight body itself saw (stops invented logs);
Y4 its digest and how much was found are in the log in the transaction that keeps it (stops a report that is lost or
   exchanged later);
Y5 the receipt names the card: report, receipt and entry verify offline.

Times are epoch seconds.
"""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Final, Protocol, Self

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, ValidationError, model_validator

from consent import base64url, jws
from consent.canonical import JsonObject
from consent.errors import ConsentError
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import Body
from services.contracts.directives import BodyName
from services.contracts.oversight.register import Directory, Jwk
from services.contracts.shared import AuditFinding
from services.kit.encoding import Base64Url, Message
from services.kit.http import Http, Token
from services.kit.log.checkpoint import CosignedCheckpoint, verify_cosigned
from services.kit.log.errors import LogError
from services.kit.log.evidence import Evidence
from services.kit.log.note import NoteVerifier, UnverifiedNote

REPORT: Final = "sekisho-audit-report+jws"
RECEIPT: Final = "sekisho-audit-receipt+jws"
MOST_FINDINGS: Final = 200
"""How many findings of one body a report lists; `found` says how many there were."""

LOGS: Final = tuple(body for body in Body if body is not Body.PORTAL)
"""The portal keeps nothing but sessions; its log is empty until it does."""

Count = Annotated[int, Field(ge=0, lt=2**53)]
SignedText = Annotated[str, Field(min_length=1, max_length=jws.LONGEST_TOKEN)]
Text = Annotated[str, Field(max_length=2000)]


class ReportUnprovenError(Exception):
    """A text is not a report, or receipt, that the key signed."""


class HeadsUnprovenError(Exception):
    """A report names a head that the register's keys do not verify, or leaves a log out."""


class WalkedHead(Message):
    """The head up to which a log was recomputed; the note is co-signed."""

    origin: Text
    size: Count
    root: Base64Url
    note: Annotated[str, Field(max_length=20_000)]


class WalkedBody(Message):
    """What was seen at one body; without a head its log could not be walked, and finding or problem says why."""

    body: BodyName
    entries: Count
    rows: Count
    found: Count
    findings: Annotated[list[AuditFinding], Field(max_length=MOST_FINDINGS)]
    head: WalkedHead | None
    problem: Text | None

    @property
    def clean(self) -> bool:
        """Whether everything could be looked at and fits."""
        return self.found == 0 and self.problem is None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.findings) != min(self.found, MOST_FINDINGS) or (self.head is None and self.clean):
            raise ValueError("found, findings and head contradict each other")
        return self


class WalkReport(Message):
    """Y1: what is signed."""

    organisation: str
    operator: str
    at: Count
    bodies: Annotated[list[WalkedBody], Field(max_length=len(LOGS))]

    @property
    def found(self) -> int:
        """How many findings there were, and bodies that could not be looked at."""
        return sum(each.found + (each.problem is not None) for each in self.bodies)


class ReportReceipt(Message):
    """Y5: what the oversight body signs of a report that it took; `card` is the key that signed the report."""

    report: str
    digest: Base64Url
    organisation: str
    operator: str
    card: Jwk
    taken: Count
    index: Count
    found: Count


class HandInAudit(Message):
    """POST /audit-reports: a signed report (typ `sekisho-audit-report+jws`)."""

    report: SignedText


class AuditHandedIn(Message):
    """The report's name, its place in the oversight body's log, and the signed receipt."""

    report: str
    index: Count
    receipt: SignedText


class KeptAudit(Message):
    """GET /audit-reports/{report}: as it was handed in; the entry's proof, once a witness has seen it."""

    report: SignedText
    receipt: SignedText
    evidence: Evidence | None


class KeptBody(Message):
    """How much was found at one body, in which state of its log."""

    body: BodyName
    size: Count | None
    root: Base64Url | None
    found: Count
    clean: bool


class KeptSummary(Message):
    """A report in the list."""

    report: str
    organisation: str
    operator: str
    at: Count
    index: Count
    bodies: list[KeptBody]


class KeptAudits(Message):
    """GET /audit-reports: the newest first."""

    reports: list[KeptSummary]


class AuditReports(Protocol):
    """Raises: RemoteProblemError, PeerUnavailableError, from every method."""

    def hand_in_audit(self, message: HandInAudit, *, token: Token) -> AuditHandedIn:
        """Hand in what one's own card signed (auditors)."""

    def audit_report(self, report: str, *, token: Token) -> KeptAudit:
        """Return a report (officials)."""

    def audit_reports(self, *, token: Token) -> KeptAudits:
        """Return the newest reports (officials)."""


class AuditReportsClient:
    """See `AuditReports`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def hand_in_audit(self, message: HandInAudit, *, token: Token) -> AuditHandedIn:
        """See `AuditReports`."""
        content = message.model_dump_json().encode()
        answer = self._http.send("POST", "/audit-reports", token=token, content=content)
        return AuditHandedIn.model_validate_json(answer.content)

    def audit_report(self, report: str, *, token: Token) -> KeptAudit:
        """See `AuditReports`."""
        answer = self._http.send("GET", f"/audit-reports/{report}", token=token)
        return KeptAudit.model_validate_json(answer.content)

    def audit_reports(self, *, token: Token) -> KeptAudits:
        """See `AuditReports`."""
        answer = self._http.send("GET", "/audit-reports", token=token)
        return KeptAudits.model_validate_json(answer.content)


def sign_report(report: WalkReport, card: EllipticCurvePrivateKey) -> str:
    """Y1: sign a report with the auditor's card."""
    return _sign(report, REPORT, card)


def read_report(text: str, card: Jwk) -> WalkReport:
    """Y1: check a report by the card's key. Raises: ReportUnprovenError."""
    try:
        return WalkReport.model_validate_json(jws.verify_with_jwk(text, typ=REPORT, jwk=card).payload)
    except (ConsentError, ValidationError) as error:
        raise ReportUnprovenError("this is not what the auditor's card signed") from error


def unverified_report(text: str) -> JsonObject:
    """Return what a signed text says, to compare it; proves nothing. Raises: ReportUnprovenError."""
    try:
        payload = json.loads(base64url.decode(text.split(".")[1]))
    except (ConsentError, LookupError, ValueError) as error:
        raise ReportUnprovenError("this is no signed text") from error
    if not isinstance(payload, dict):
        raise ReportUnprovenError("this is no signed report")
    return payload


def sign_receipt(receipt: ReportReceipt, key: Ed25519PrivateKey) -> str:
    """Y5: sign that a report was taken."""
    return _sign(receipt, RECEIPT, key)


def read_receipt(text: str, key: Ed25519PublicKey) -> ReportReceipt:
    """Y5: check a receipt by the oversight body's key. Raises: ReportUnprovenError."""
    try:
        return ReportReceipt.model_validate_json(jws.verify(text, typ=RECEIPT, key=key).payload)
    except (ConsentError, ValidationError) as error:
        raise ReportUnprovenError("this is not what the oversight body signed") from error


def report_digest(text: str) -> str:
    """Name a signed report by the SHA-256 of its text."""
    return base64url.encode(sha256(text.encode()).digest())


def require_heads(bodies: Sequence[WalkedBody], directory: Directory) -> None:
    """Y3: check that each log is there once, with a co-signed head of its own. Raises: HeadsUnprovenError."""
    if sorted(each.body for each in bodies) != sorted(LOGS):
        raise HeadsUnprovenError("each log must be named once")
    for each in bodies:
        if each.head is None:
            continue
        try:
            verified = verified_checkpoint(directory, each.body, each.head.note).checkpoint
        except LogError as error:
            raise HeadsUnprovenError(f"the head of {each.body.value} does not verify") from error
        told = (each.head.origin, each.head.size, each.head.root)
        if told != (verified.origin, verified.size, base64url.encode(verified.root)):
            raise HeadsUnprovenError(f"the head of {each.body.value} is another than its note's")


def verified_checkpoint(directory: Directory, body: Body, note: str) -> CosignedCheckpoint:
    """Return a checkpoint checked with the register's keys. Raises: LogError."""
    keys = [each.witness_key for each in directory.register.bodies if each.witness_key is not None]
    return verify_cosigned(
        UnverifiedNote.parse(note),
        log=NoteVerifier.parse(directory.body(body).log_key),
        witnesses=[NoteVerifier.parse(key) for key in keys],
        quorum=1,
    )


def summary(report: WalkReport, *, name: str, index: int) -> KeptSummary:
    """Return a report as the list shows it."""
    return KeptSummary(
        report=name,
        organisation=report.organisation,
        operator=report.operator,
        at=report.at,
        index=index,
        bodies=[
            KeptBody(
                body=each.body,
                size=None if each.head is None else each.head.size,
                root=None if each.head is None else each.head.root,
                found=each.found,
                clean=each.clean,
            )
            for each in report.bodies
        ],
    )


def _sign(message: Message, typ: str, key: EllipticCurvePrivateKey | Ed25519PrivateKey) -> str:
    return jws.sign(
        message.model_dump(mode="json"), typ=typ, key=key, kid=thumbprint(to_jwk(key.public_key()))
    )
