"""Reports that were demanded: the organisation hands them in, officials read them."""

import json

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from services.contracts.oversight.messages import Changed, HandedIn, HandInReport
from services.contracts.oversight.powers import UnchangedError, received
from services.kit.columns import ColumnError
from services.kit.credentials.callers import OperatorCaller
from services.kit.egress import egress
from services.oversight.changes import Author, organisation, record
from services.oversight.errors import RegisterChangedError, UnknownEntryError
from services.oversight.office import Office
from services.oversight.tables import report


def hand_in(office: Office, caller: OperatorCaller, asked: HandInReport) -> Changed:
    """Take a report that the caller's organisation owes. Raises: UnknownEntryError."""
    with office.context.database.write() as conn:
        serial = office.store.next_serial(conn)
        try:
            entry = received(organisation(office, conn, caller.organisation), asked.report)
            conn.execute(insert(report).values(**_row(office, caller, asked)))
        except (UnchangedError, IntegrityError) as error:
            raise UnknownEntryError("no such report is awaited from your organisation") from error
        office.store.replace(conn, entry)
        told = {"change": "report received", "report": asked.report}
        record(office, conn, Author.of_caller(caller), entry=entry, serial=serial, told={**told})
    return Changed(serial=serial)


@egress(
    to="officials of the oversight body",
    fields="the text of one report that an organisation handed in",
    purpose="supervision (J12)",
    ground="the role accreditor or supervisor at the oversight body",
    answers=("GET /reports/{organisation}/{report}",),
)
def read_report(office: Office, owner: str, name: str) -> HandedIn:
    """Return a report. Raises: UnknownEntryError, RegisterChangedError."""
    with office.context.database.read() as conn:
        return HandedIn.model_validate(_open(office, conn, owner, name))


def _open(office: Office, conn: Connection, owner: str, name: str) -> dict[str, str]:
    asked = select(report.c.content).where(report.c.organisation == owner, report.c.report == name)
    stored = conn.execute(asked).scalar_one_or_none()
    if stored is None:
        raise UnknownEntryError("no such report was handed in")
    try:
        told: dict[str, str] = json.loads(office.context.cipher.open(stored, cell=_cell(owner, name)))
    except ColumnError as error:
        raise RegisterChangedError(f"report organisation={owner} report={name} does not open") from error
    return told


def _row(office: Office, caller: OperatorCaller, asked: HandInReport) -> dict[str, object]:
    told = {"organisation": caller.organisation, "operator": caller.operator, "text": asked.text}
    content = json.dumps(told, ensure_ascii=False).encode()
    return {
        "organisation": caller.organisation,
        "report": asked.report,
        "content": office.context.cipher.seal(content, cell=_cell(caller.organisation, asked.report)),
    }


def _cell(owner: str, name: str) -> str:
    return f"report.content/{owner}/{name}"
