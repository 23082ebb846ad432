"""What researchers do at the anonymiser: have a table made, and fetch it. One transaction for each effect.

A job runs within its request: whoever asks waits, and may go away, which stops nothing; at most `max_persons` are
opened. There is no progress and no cancellation yet.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from pydantic import JsonValue, ValidationError
from sqlalchemy import Connection

import anonymize as an
from consent.compartments import YearSpan
from consent.identifiers import OrganisationId
from consent.statements import Selection
from consent.vocabulary import Body
from services.contracts.research.messages import (
    JobRequest,
    JobStatus,
    RefusalReason,
    RefusalSummary,
    ReleaseSummary,
)
from services.kit.columns import ColumnError
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.permissions import policies
from services.kit.problems import ProblemError
from services.research import egress, policy, store, tables, tabulating
from services.research.centre import Centre
from services.research.errors import (
    JobRefusedError,
    RecordsRefusedError,
    RefusedError,
    RoleMissingError,
    StoredDataChangedError,
    UnknownReleaseError,
)
from services.research.model import Cohort, Job, JobId, Person, Refusal, ReleaseId, StoredRelease
from services.research.reading import Permitted, permitted, read_cohort

WITHDRAWN_MEANWHILE = "withdrawn_meanwhile"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One job while it is decided."""

    id: JobId
    caller: OperatorCaller
    request: JobRequest
    event: Event

    @property
    def selection(self) -> Selection:
        """Which records are wanted."""
        table = self.request.table
        return Selection(frozenset(table.categories), YearSpan(table.years.first, table.years.last))


def submit(centre: Centre, caller: OperatorCaller, request: JobRequest) -> tuple[Job, StoredRelease]:
    """Make a table of what people permitted and release it to the caller's organisation.

    Guarantees: the release passed the models and the joint check; it, the ledger and the log entry are stored together.
    Nobody is in it who had withdrawn when the check began.
    Raises: JobRefusedError, RoleMissingError, MedicalUnavailableError, StoredDataChangedError; each is logged.
    """
    asked = _Asked(JobId(centre.new_id()), caller, request, _job_event(caller, request))
    asked = replace(asked, event=replace(asked.event, detail={"job": asked.id}))
    try:
        _require_researcher(caller)
        return _decide(centre, asked)
    except RefusedError as refused:
        refusal = _record_refused_job(centre, asked, refused)
        raise JobRefusedError(asked.id, refusal) from refused
    except ProblemError as failure:
        _note_refusal(centre, asked.event, failure)
        raise


def find_job(centre: Centre, caller: OperatorCaller, identifier: JobId) -> tuple[Job, StoredRelease | None]:
    """Return one of the caller's organisation's jobs. Raises: UnknownReleaseError."""
    with centre.context.database.read() as conn:
        found = store.find_job(conn, identifier, recipient=caller.organisation)
        if found is None:
            raise UnknownReleaseError("this organisation has no job of that id")
        return found, store.release_of_job(conn, identifier)


def fetch(centre: Centre, caller: OperatorCaller, identifier: ReleaseId) -> bytes:
    """Return a release to its recipient. Raises: UnknownReleaseError, RoleMissingError, StoredDataChangedError."""
    event = by_operator(caller, EventKind.RELEASE_FETCHED, outcome=Outcome.PERMITTED)
    with centre.context.database.read() as conn:
        found = store.own_release(conn, identifier, recipient=caller.organisation)
        changed = found and centre.records.changed(conn, tables.release, identifier=identifier)
    if found is not None:
        event = replace(event, detail={"release": found.id})
    try:
        _require_researcher(caller)
        if found is None:
            raise UnknownReleaseError("this organisation has no release of that id")
        if changed:
            raise StoredDataChangedError("the stored release is not what the log says")
        content = open_release(centre, found)
    except ProblemError as failure:
        _note_refusal(centre, event, failure)
        raise
    with centre.context.database.write() as conn:
        centre.records.note(conn, event=event)
    return content


def open_release(centre: Centre, stored: StoredRelease) -> bytes:
    """Return the released CSV as it was written. Raises: StoredDataChangedError."""
    try:
        content = centre.context.cipher.open(stored.content, cell=_cell(stored.id))
        summary = ReleaseSummary.model_validate_json(stored.summary)
    except (ColumnError, ValidationError) as error:
        raise StoredDataChangedError("the stored release does not open") from error
    if hashlib.sha256(content).hexdigest() != summary.sha256:
        raise StoredDataChangedError("the stored release is not what its digest says")
    return content


def _decide(centre: Centre, asked: _Asked) -> tuple[Job, StoredRelease]:
    policy.check(asked.request, centre.limits)
    made = tabulating.plan(asked.request.table, centre.limits)
    organisation = centre.organisation()
    permissions = permitted(organisation, asked.selection)
    policy.check_persons(len(permissions.subjects), centre.limits)
    cohort = read_cohort(organisation, permissions, at_once=centre.settings.reads_at_once)
    while True:
        result = tabulating.anonymise(made, cohort.persons)
        staying = _staying(cohort, permissions, now=permitted(organisation, asked.selection))
        if staying.persons == cohort.persons:
            return _release(centre, asked, cohort, result)
        cohort = staying


def _staying(cohort: Cohort, used: Permitted, *, now: Permitted) -> Cohort:
    """Leave out whoever took back a permission that the job relied on (SC2)."""
    in_force = {each.grant for permissions in now.subjects.values() for each in permissions}
    persons = tuple(
        person
        for person in cohort.persons
        if all(each.grant in in_force for each in used.subjects[person.subject])
    )
    skipped = Counter(cohort.skipped)
    skipped[WITHDRAWN_MEANWHILE] += len(cohort.persons) - len(persons)
    return Cohort(persons, skipped)


def _release(centre: Centre, asked: _Asked, cohort: Cohort, result: an.Result) -> tuple[Job, StoredRelease]:
    with centre.context.database.write() as conn:
        checked = _check_jointly(centre, conn, asked, persons=cohort.persons, result=result)
        if isinstance(checked, an.Refusal):
            refusal = _joint_refusal(conn, checked)
            _add_refused_job(centre, conn, asked, refusal)
        else:
            return _store_release(centre, conn, asked, cohort=cohort, checked=checked)
    raise JobRefusedError(asked.id, refusal)


def _store_release(
    centre: Centre, conn: Connection, asked: _Asked, *, cohort: Cohort, checked: an.Release
) -> tuple[Job, StoredRelease]:
    content = egress.csv_of(checked)
    identifier = ReleaseId(centre.new_id())
    summary = egress.summary_of(checked, identifier, content)
    job = _job(centre, asked, JobStatus.RELEASED, refusal="")
    stored = StoredRelease(
        id=identifier,
        ledger=checked.id,
        job=job.id,
        recipient=job.recipient,
        summary=summary.model_dump_json(),
        content=centre.context.cipher.seal(content, cell=_cell(identifier)),
    )
    told: dict[str, JsonValue] = {
        "job": job.id,
        "release": identifier,
        "k": asked.request.table.k,
        "suppressed": summary.suppressed,
        "sha256": summary.sha256,
        "skipped": _counts(cohort.skipped),
    }
    centre.records.add(conn, [job, stored], event=replace(asked.event, count=summary.persons, detail=told))
    return job, stored


def _check_jointly(
    centre: Centre, conn: Connection, asked: _Asked, *, persons: Sequence[Person], result: an.Result
) -> an.Release | an.Refusal:
    """Return what may leave (attacks RI1 to RI5), or why nothing may. Raises: StoredDataChangedError."""
    recipient = asked.caller.organisation
    try:
        return centre.ledger(conn).decide(
            result, recipient=recipient, persons=[each.subject for each in persons]
        )
    except an.LedgerError as error:
        raise StoredDataChangedError("the release ledger was changed; nothing is released") from error


def _joint_refusal(conn: Connection, refused: an.Refusal) -> Refusal:
    """What the recipient hears: the rule, and what it holds. Counts stay in the ledger."""
    earlier = store.released_as(conn, refused.releases, recipient=OrganisationId(refused.recipient))
    beside = f"together with release {', '.join(earlier)} " if earlier else ""
    reason = (
        f"{beside}{refused.reason}; ask for the earlier table again, choose coarser levels, or wait until enough "
        "persons have joined or left"
    )
    return Refusal(RefusalReason.JOINT_DISCLOSURE, (reason,), releases=tuple(earlier))


def _record_refused_job(centre: Centre, asked: _Asked, refused: RefusedError) -> Refusal:
    """Store how the job ended; what was found in records is charged in the same transaction (RI5)."""
    refusal = refused.refusal
    with centre.context.database.write() as conn:
        if isinstance(refused, RecordsRefusedError):
            charged = _charge(centre, conn, asked, refused)
            refusal = refusal if charged.entry is not None else _joint_refusal(conn, charged)
        _add_refused_job(centre, conn, asked, refusal)
    return refusal


def _charge(centre: Centre, conn: Connection, asked: _Asked, refused: RecordsRefusedError) -> an.Refusal:
    try:
        return centre.ledger(conn).charge(recipient=asked.caller.organisation, reason=refused.found)
    except an.LedgerError as error:
        raise StoredDataChangedError("the release ledger was changed; nothing is released") from error


def _add_refused_job(centre: Centre, conn: Connection, asked: _Asked, refusal: Refusal) -> None:
    told = asdict(refusal) | {"reasons": list(refusal.reasons), "releases": list(refusal.releases)}
    summary = RefusalSummary.model_validate(told).model_dump_json()
    event = replace(asked.event, outcome=Outcome.REFUSED, reason=refusal.code.value)
    centre.records.add(conn, [_job(centre, asked, JobStatus.REFUSED, refusal=summary)], event=event)


def _note_refusal(centre: Centre, event: Event, failure: ProblemError) -> None:
    refused = replace(event, outcome=Outcome.REFUSED, reason=failure.problem.code)
    with centre.context.database.write() as conn:
        centre.records.note(conn, event=refused)


def _require_researcher(caller: OperatorCaller) -> None:
    if not policies().permits(caller.roles, "ask-for-tables", Body.RESEARCH):
        raise RoleMissingError("this needs the role researcher")


def _job(centre: Centre, asked: _Asked, status: JobStatus, *, refusal: str) -> Job:
    return Job(
        id=asked.id,
        recipient=asked.caller.organisation,
        operator=asked.caller.operator,
        request=asked.request.model_dump_json(by_alias=True),
        status=status,
        refusal=refusal,
        decided_at=centre.now(),
    )


def _job_event(caller: OperatorCaller, request: JobRequest) -> Event:
    table = request.table
    return by_operator(
        caller,
        EventKind.JOB_DECIDED,
        outcome=Outcome.PERMITTED,
        purpose=request.purpose.value,
        categories=tuple(sorted(set(table.categories))),
        years=(table.years.first, table.years.last),
    )


def _counts(skipped: Mapping[str, int]) -> dict[str, JsonValue]:
    return {reason: count for reason, count in sorted(skipped.items()) if count}


def _cell(release: ReleaseId) -> str:
    return f"release.content/{release}"
