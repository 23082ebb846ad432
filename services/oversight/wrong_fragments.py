"""F4: a reader reports a body that handed out a wrong capsule fragment; the person and officials see it.

What the report shows is judged by the bodies' own signatures: nobody is believed, and nobody is accused without them.
The oversight body takes reports about itself, too; they are in the person's history and in the reader's hands as well.
"""

from dataclasses import replace
from hashlib import sha256

from pydantic import JsonValue
from sqlalchemy import Connection, select

from consent import base64url
from consent.explanations import RefusalCode
from consent.identifiers import Pseudonym
from services.contracts.oversight.wrong_fragments import (
    ReportWrong,
    WrongReport,
    WrongReported,
    WrongReports,
)
from services.contracts.released import (
    AccusationUnprovenError,
    ProvenWrong,
    UnprovenError,
    WrongReason,
    verify_wrong,
)
from services.directives.errors import RefusedError
from services.directives.service import Directives
from services.kit.clock import epoch_seconds
from services.kit.columns import ColumnError
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import PseudonymTokenError, VerifiedPseudonym
from services.kit.egress import egress
from services.kit.events import Event, EventKind, Outcome
from services.kit.log.audit import Finding
from services.kit.log.tables import insert_if_absent
from services.kit.operator_events import by_operator
from services.oversight.errors import RegisterChangedError
from services.oversight.tables import WRONG_FRAGMENT

ID_BYTES = 16
SHOWN_AT_ONCE = 200


def report_wrong(directives: Directives, caller: OperatorCaller, asked: ReportWrong) -> WrongReported:
    """Take a report, with its entry in the person's history; the same body's part of the same read counts once.

    Raises: RefusedError for a token that names nobody; AccusationUnprovenError; ReplayError.
    """
    context = directives.context
    person = _named(directives, caller, asked.person)
    try:
        proven = verify_wrong(asked.shown, keys=directives.directory().signing_key)
    except UnprovenError as error:
        _refuse(directives, caller, person.pseudonym, WrongReason.ACCUSATION_UNPROVEN)
        raise AccusationUnprovenError from error
    told = WrongReport(
        report=_name(directives, proven),
        body=proven.body,
        organisation=caller.organisation,
        operator=caller.operator,
        reported=epoch_seconds(context.clock()),
        shown=asked.shown,
    )
    event = _event(caller, Outcome.DONE, reason=WrongReason.FRAGMENT_WRONG)
    detail: dict[str, JsonValue] = {"bodies": [told.body.value], "shown": told.shown.model_dump(mode="json")}
    with context.database.write() as conn:
        expires, now = person.expires, told.reported
        context.replays.use(conn, kind="pseudonym token", value=person.jti, expires=expires, now=now)
        # once: who has one proof must not push all others out of what officials are shown
        if insert_if_absent(conn, WRONG_FRAGMENT, _row(directives, told)):
            context.journal.record(conn, person=person.pseudonym, event=replace(event, detail=detail))
    return WrongReported(report=told.report, body=told.body)


@egress(
    to="officials of the oversight body",
    fields="which body was wrong, what shows it, who reported it and when; not whose records were read",
    purpose="supervision (R9, R16)",
    ground="the role accreditor or auditor at the oversight body",
    answers=("GET /wrong-fragments",),
)
def wrong_reports(directives: Directives) -> WrongReports:
    """Return the newest reports. Raises: RegisterChangedError."""
    newest = select(WRONG_FRAGMENT).order_by(WRONG_FRAGMENT.c.reported.desc(), WRONG_FRAGMENT.c.id)
    with directives.context.database.read() as conn:
        rows = conn.execute(newest.limit(SHOWN_AT_ONCE)).all()
    return WrongReports(reports=[_open(directives, row.id, row.reported, row.content) for row in rows])


def scan_wrong_fragments(directives: Directives, conn: Connection) -> tuple[int, list[Finding]]:
    """Return how many reports were looked at, and every one that was edited outside the program."""
    rows, found = conn.execute(select(WRONG_FRAGMENT)).all(), []
    for row in rows:
        try:
            _open(directives, row.id, row.reported, row.content)
        except RegisterChangedError:
            found.append(Finding(WRONG_FRAGMENT.name, f"id={row.id}", "was edited outside the program"))
    return len(rows), found


def _name(directives: Directives, proven: ProvenWrong) -> str:
    said = b"\n".join((proven.body.encode(), proven.statement))
    keyed = directives.context.cipher.lookup(said, column="wrong_fragment.id")
    return base64url.encode(sha256(keyed).digest()[:ID_BYTES])


def _open(directives: Directives, name: str, reported: int, content: bytes) -> WrongReport:
    try:
        told = WrongReport.model_validate_json(directives.context.cipher.open(content, cell=_cell(name)))
    except (ColumnError, ValueError) as error:
        raise RegisterChangedError(f"wrong_fragment id={name} does not open") from error
    if (told.report, told.reported) != (name, reported):
        raise RegisterChangedError(f"wrong_fragment id={name} was edited outside the program")
    return told


def _row(directives: Directives, told: WrongReport) -> dict[str, object]:
    content = directives.context.cipher.seal(told.model_dump_json().encode(), cell=_cell(told.report))
    return {"id": told.report, "reported": told.reported, "content": content}


def _named(directives: Directives, caller: OperatorCaller, token: str) -> VerifiedPseudonym:
    issuer = directives.directory().token_key()
    try:
        return directives.context.whom(token, issuer=issuer, organisation=caller.organisation)
    except PseudonymTokenError:
        code = RefusalCode.SUBJECT_UNKNOWN
        _refuse(directives, caller, None, code)
        raise RefusedError(code) from None


def _refuse(
    directives: Directives, caller: OperatorCaller, person: Pseudonym | None, code: RefusalCode | WrongReason
) -> None:
    event = _event(caller, Outcome.REFUSED, reason=code)
    with directives.context.database.write() as conn:
        directives.context.journal.record(conn, person=person, event=event)


def _event(caller: OperatorCaller, outcome: Outcome, *, reason: RefusalCode | WrongReason) -> Event:
    return by_operator(caller, EventKind.WRONG_FRAGMENT_FOUND, outcome=outcome, reason=reason.value)


def _cell(name: str) -> str:
    return f"wrong_fragment.content/{name}"
