"""What every body lets out by the routes that all bodies share."""

from collections.abc import Sequence

from sqlalchemy import Connection

from consent import base64url
from consent.vocabulary import Body
from services.contracts.shared import AuditFinding, AuditReport, Leaves, NamesRenewed
from services.kit.credentials.callers import PersonCaller
from services.kit.egress import egress
from services.kit.journal import Journal
from services.kit.log.audit import Finding
from services.kit.log.evidence import Evidence


@egress(
    to="the person",
    fields="every event of this body about the person, each with salt, inclusion proof and co-signed checkpoint",
    purpose="that the person can see, and prove, who used what",
    ground="the person's own token",
    answers=("GET /history",),
)
def own_history(journal: Journal, conn: Connection, caller: PersonCaller) -> Evidence:
    """Return the caller's own history."""
    return journal.evidence(conn, caller.pseudonym)


@egress(
    to="everybody accredited",
    fields="size and root of this body's log, signed and co-signed",
    purpose="checking the log",
    ground="the log can be published",
    answers=("GET /log/checkpoint",),
)
def checkpoint_shown(cosigned_note: str) -> str:
    """Return a co-signed checkpoint."""
    return cosigned_note


@egress(
    to="everybody accredited",
    fields="leaves of this body's log: salted digests",
    purpose="checking the log",
    ground="the log can be published; a leaf tells nothing without its salt",
    answers=("GET /log/leaves",),
)
def leaves_shown(start: int, leaves: Sequence[bytes]) -> Leaves:
    """Return a run of leaves."""
    return Leaves(start=start, leaves=[base64url.encode(leaf) for leaf in leaves])


@egress(
    to="identity",
    fields="how many names of people were news; none of them",
    purpose="changing this body's sector key",
    ground="the ID centre's certificate",
    answers=("POST /people/renewals",),
)
def names_taken(renewed: int, *, key: int) -> NamesRenewed:
    """Return how many names were news, and the key that is in force."""
    return NamesRenewed(renewed=renewed, key=key)


@egress(
    to="an auditor, or oversight",
    fields="tables, row keys and problems found; how much was looked at; never a stored value",
    purpose="audit",
    ground="the role auditor, or the oversight body's certificate",
    answers=("GET /audit",),
)
def audit_report(body: Body, findings: Sequence[Finding], *, entries: int, rows: int) -> AuditReport:
    """Return what an audit found."""
    told = [AuditFinding(table=each.table, row=each.row, problem=each.problem) for each in findings]
    return AuditReport(body=body.value, entries=entries, rows=rows, findings=told)
