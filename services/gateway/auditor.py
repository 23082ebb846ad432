"""The auditor's walk: every body's rows against its log, every log against its co-signed checkpoint (R7, C18)."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from consent.vocabulary import Body
from services.contracts.oversight.audit_reports import LOGS, verified_checkpoint
from services.contracts.published import PublishedClient
from services.contracts.shared import AuditFinding, SharedClient
from services.gateway.errors import GatewayError
from services.gateway.organisation import Organisation
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.log.errors import LogError
from services.kit.log.merkle import root_from_leaves
from services.kit.log.note import NoteVerifier
from services.kit.log.seen_notes import SeenNote, contradicts, seen_note

TRIES: Final = 3
PAUSE: Final = 1.0
"""Units: seconds."""


@dataclass(frozen=True, slots=True)
class BodyAudit:
    """What was seen at one body, and the head up to which its log was walked; `problem` when it could not be."""

    body: Body
    entries: int
    rows: int
    findings: tuple[AuditFinding, ...]
    problem: str | None = None
    head: SeenNote | None = None

    @property
    def clean(self) -> bool:
        """Whether everything could be looked at and fits."""
        return not self.findings and self.problem is None


Watch = Callable[[Body, int, int], None]
"""Told of progress: the body, how many leaves of its log were read, how many there are."""


def _unwatched(_body: Body, _done: int, _entries: int) -> None:
    """Tell nobody."""


def audit(
    auditor: Organisation, *, bodies: Iterable[Body] = LOGS, watch: Watch = _unwatched
) -> list[BodyAudit]:
    """Walk the bodies as an operator with the role auditor; a body that cannot be looked at does not end the walk.

    Each log is recomputed from what it publishes, and held against the heads that all bodies say they saw of it.
    """
    reports = [_audit_body(auditor, body, watch) for body in bodies]
    heads = {each.head.checkpoint.origin: each.head for each in reports if each.head is not None}
    return [_with_views(auditor, each, heads) for each in reports]


def _audit_body(auditor: Organisation, body: Body, watch: Watch) -> BodyAudit:
    try:
        report = auditor.ask(body, lambda http, token: SharedClient(http).audit(token=token))
    except (GatewayError, PeerUnavailableError) as error:
        return BodyAudit(body, 0, 0, (), str(error))
    findings, head = list(report.findings), None
    try:
        head = _walk_log(auditor, body, watch)
    except (GatewayError, LogError, PeerUnavailableError, RemoteProblemError) as error:
        findings.append(AuditFinding(table="log", row=body.value, problem=str(error)))
    return BodyAudit(body, report.entries, report.rows, tuple(findings), head=head)


def _walk_log(auditor: Organisation, body: Body, watch: Watch) -> SeenNote:
    """Recompute the tree from the published entries and compare it with the checkpoint that a witness co-signed."""
    note = auditor.ask(body, lambda http, token: SharedClient(http).checkpoint(token=token))
    head = verified_checkpoint(auditor.directory(), body, note).checkpoint
    published = PublishedClient(auditor.connect(body)).tiles(head.size)
    leaves = []
    for leaf in published.leaves():
        leaves.append(leaf)
        watch(body, len(leaves), head.size)
    if root_from_leaves(leaves) != head.root:
        raise LogError("the leaves do not give the root of the co-signed checkpoint")
    if published.root(head.size) != head.root:
        raise LogError("the published tiles do not give the root of the co-signed checkpoint")
    return SeenNote(head, note)


def _with_views(auditor: Organisation, report: BodyAudit, heads: Mapping[str, SeenNote]) -> BodyAudit:
    """Add what the body found in other logs, and what it saw of logs that do not show it to the auditor."""
    if report.problem is not None:
        return report
    try:
        views = PublishedClient(auditor.connect(report.body)).views()
    except (PeerUnavailableError, RemoteProblemError) as error:
        return replace(report, problem=str(error))
    found = [
        AuditFinding(table="log_contradiction", row=each.origin, problem="signed two heads that contradict")
        for each in views.contradictions
    ]
    directory = auditor.directory()
    for body in LOGS:
        entry = directory.body(body)
        head, key = heads.get(entry.log_origin), NoteVerifier.parse(entry.log_key)
        for note in views.notes:
            if head is not None and _is_otherwise(auditor, body, note, head=head, key=key):
                problem = f"{entry.log_origin} showed it another history than the auditor"
                found.append(AuditFinding(table="log_view", row=entry.log_origin, problem=problem))
    return replace(report, findings=(*report.findings, *found))


def _is_otherwise(auditor: Organisation, body: Body, note: str, *, head: SeenNote, key: NoteVerifier) -> bool:
    """Whether a note is of that body's log, and not of the history whose head the auditor was shown."""
    try:
        seen = seen_note(note, log=key)
    except LogError:
        return False
    published = PublishedClient(auditor.connect(body))
    for _ in range(TRIES):
        try:
            return seen.checkpoint.origin == head.checkpoint.origin and contradicts(
                seen, head, published.tiles
            )
        except LogError:
            time.sleep(PAUSE)  # a witness sees a head a moment before the log publishes it
        except (PeerUnavailableError, RemoteProblemError):
            return False  # not answered is not contradicted
    return True
