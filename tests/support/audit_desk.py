"""An auditor at the oversight body, with logs whose heads a test writes."""

from dataclasses import dataclass, replace
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.oversight_world import OFFICE, OversightWorld, Participant

from consent import base64url
from consent.vocabulary import Body
from services.contracts.oversight.audit_reports import (
    LOGS,
    AuditReportsClient,
    HandInAudit,
    WalkedBody,
    WalkedHead,
    WalkReport,
    sign_report,
)
from services.contracts.oversight.register import Role
from services.contracts.shared import AuditFinding
from services.kit.clock import epoch_seconds
from services.kit.http import RemoteProblemError, Token
from services.kit.log.checkpoint import Checkpoint
from services.kit.log.note import Cosigner

FINDING = AuditFinding(table="document", row="id=1", problem="was edited outside the program")
WITNESS = Cosigner("witness.test", Ed25519PrivateKey.from_private_bytes(bytes(31) + b"w"))


@dataclass
class AuditDesk:
    """The oversight body's official, who is an auditor, and what they write."""

    world: OversightWorld

    def __post_init__(self) -> None:
        entry = self.world.others.entry(Body.IDENTITY).model_copy(
            update={"witness_key": WITNESS.verifier.vkey()}
        )
        self.world.decide("enter-body", entry)

    def head(self, body: Body, size: int = 5) -> WalkedHead:
        """Return a head that the log signed and a witness co-signed; one root for a size."""
        root = sha256(str(size).encode()).digest()
        signer = self.world.others.logs[body]
        checkpoint = Checkpoint(signer.verifier.name, size, root)
        note = signer.sign(checkpoint.format())
        seen = WITNESS.cosign(note.text, now=self.world.clock())
        return WalkedHead(
            origin=checkpoint.origin,
            size=size,
            root=base64url.encode(root),
            note=replace(note, signatures=(*note.signatures, seen)).format(),
        )

    def walked(self, body: Body, *findings: AuditFinding, size: int = 5) -> WalkedBody:
        """Return what was seen at a body; the oversight body's own log cannot be made up here."""
        own = body is Body.OVERSIGHT
        return WalkedBody(
            body=body,
            entries=size,
            rows=1,
            found=len(findings),
            findings=list(findings),
            head=None if own else self.head(body, size),
            problem="not looked at" if own else None,
        )

    def report(self, *findings: AuditFinding, size: int = 5) -> WalkReport:
        """Return a report of this moment, with findings at the medical centre."""
        found = {Body.MEDICAL: findings}
        return WalkReport(
            organisation=OFFICE,
            operator="official",
            at=epoch_seconds(self.world.clock()),
            bodies=[self.walked(each, *found.get(each, ()), size=size) for each in LOGS],
        )

    def signed(self, report: WalkReport) -> HandInAudit:
        """Sign with the auditor's own card."""
        return HandInAudit(report=sign_report(report, self.world.official.card_key))

    def client(self, who: Participant) -> AuditReportsClient:
        """Return the real body as somebody's terminal reaches it."""
        return AuditReportsClient(self.world.http(who.certificate))

    def token(self, who: Participant, *roles: Role) -> Token:
        """Return an access token."""
        return self.world.operator_token(who, *roles)

    def fault(self, message: HandInAudit) -> str:
        """Hand something in that is refused, and say why."""
        try:
            told = self.client(self.world.official).hand_in_audit(
                message, token=self.token(self.world.official, Role.AUDITOR)
            )
        except RemoteProblemError as refusal:
            return refusal.code
        raise AssertionError(f"taken: {told.report}")
