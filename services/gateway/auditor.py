"""The auditor's walk: every body's rows against its log, every log against its co-signed checkpoint (R7, C18)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from consent.vocabulary import Body
from services.contracts.oversight.register import Directory
from services.contracts.shared import AuditFinding, SharedClient
from services.gateway.errors import GatewayError
from services.gateway.organisation import Organisation
from services.kit.http import Http, PeerUnavailableError, Token
from services.kit.log.checkpoint import CosignedCheckpoint, verify_cosigned
from services.kit.log.errors import LogError
from services.kit.log.merkle import root_from_leaves
from services.kit.log.note import NoteVerifier, UnverifiedNote

LOGS: Final = tuple(body for body in Body if body is not Body.PORTAL)
"""The portal keeps nothing but sessions; its log is empty until it does."""


@dataclass(frozen=True, slots=True)
class BodyAudit:
    """What was seen at one body; `problem` is set when it could not be looked at."""

    body: Body
    entries: int
    rows: int
    findings: tuple[AuditFinding, ...]
    problem: str | None = None

    @property
    def clean(self) -> bool:
        """Whether everything could be looked at and fits."""
        return not self.findings and self.problem is None


def audit(auditor: Organisation, *, bodies: Iterable[Body] = LOGS) -> list[BodyAudit]:
    """Walk the bodies as an operator with the role auditor; a body that cannot be looked at does not end the walk."""
    return [_audit_body(auditor, body) for body in bodies]


def _audit_body(auditor: Organisation, body: Body) -> BodyAudit:
    try:
        report = auditor.ask(body, lambda http, token: SharedClient(http).audit(token=token))
    except (GatewayError, PeerUnavailableError) as error:
        return BodyAudit(body, 0, 0, (), str(error))
    findings = list(report.findings)
    try:
        _walk_log(auditor, body)
    except (GatewayError, LogError, PeerUnavailableError) as error:
        findings.append(AuditFinding(table="log", row=body.value, problem=str(error)))
    return BodyAudit(body, report.entries, report.rows, tuple(findings))


def _walk_log(auditor: Organisation, body: Body) -> None:
    """Recompute the tree from the published leaves and compare it with the checkpoint that a witness co-signed."""
    note = auditor.ask(body, lambda http, token: SharedClient(http).checkpoint(token=token))
    head = verified_checkpoint(auditor.directory(), body, note).checkpoint
    leaves: list[bytes] = []
    while len(leaves) < head.size:
        part = auditor.ask(body, _leaves_from(len(leaves)))
        if not part:
            raise LogError(f"the log has {len(leaves)} leaves, its checkpoint says {head.size}")
        leaves += part
    if root_from_leaves(leaves[: head.size]) != head.root:
        raise LogError("the leaves do not give the root of the co-signed checkpoint")


def _leaves_from(start: int) -> Callable[[Http, Token], list[bytes]]:
    return lambda http, token: SharedClient(http).leaves(start, token=token)


def verified_checkpoint(directory: Directory, body: Body, note: str) -> CosignedCheckpoint:
    """Return a checkpoint checked with the register's keys. Raises: LogError."""
    keys = [each.witness_key for each in directory.register.bodies if each.witness_key is not None]
    return verify_cosigned(
        UnverifiedNote.parse(note),
        log=NoteVerifier.parse(directory.body(body).log_key),
        witnesses=[NoteVerifier.parse(key) for key in keys],
        quorum=1,
    )
