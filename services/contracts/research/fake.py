"""An honest fake of the anonymiser, in memory; the contract tests keep it true.

It is told who permits what in place of reading it, and checks with the same library.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from secrets import token_bytes

import pandas as pd

import anonymize as an
from consent.identifiers import OrganisationId
from consent.vocabulary import Purpose
from services.contracts.research import messages
from services.contracts.research.messages import ColumnRole, Intervals, RefusalReason, Source
from services.contracts.research.table import write_table
from services.kit.credentials.callers import Caller, OperatorCaller
from services.kit.http import RemoteProblemError, Token

MIN_K = 5
MIN_DIVERSITY = 2
NUMBERS = (Source.BIRTH_YEAR, Source.MEDICATIONS)
IDENTIFYING = (Source.BIRTH_YEAR, Source.SEX, Source.AREA)
Row = Mapping[Source, str | int | None]


@dataclass(frozen=True)
class _Kept:
    answer: messages.JobAnswer
    recipient: OrganisationId
    content: bytes


class FakeResearch:
    """Serves `Research`.

    `callers` says who holds an access token, `people` who permits research now and what their records say.
    """

    def __init__(
        self, *, callers: Callable[[Token], Caller], people: Callable[[], Mapping[str, Row]]
    ) -> None:
        self._callers = callers
        self._people = people
        self._ledger = an.ReleaseLedger("sqlite://", key=token_bytes(32))
        self._ids = (f"fake-{number}" for number in count())
        self._jobs: dict[str, _Kept] = {}
        self._releases: dict[str, _Kept] = {}
        self._numbers: dict[int, str] = {}

    def submit(self, message: messages.JobRequest, *, token: Token) -> messages.JobAnswer:
        """See `Research`."""
        caller, job = self._operator(token), next(self._ids)
        try:
            kept = self._release(message, caller.organisation, job)
        except _RefusedError as refused:
            refusal = refused.refusal
            answer = messages.JobAnswer(job=job, status=messages.JobStatus.REFUSED, refusal=refusal)
            self._jobs[job] = _Kept(answer, caller.organisation, b"")
            raise _problem(403, refusal.code.value, job=job, **refusal.model_dump(exclude={"code"})) from None
        self._jobs[job] = kept
        return kept.answer

    def job(self, job: str, *, token: Token) -> messages.JobAnswer:
        """See `Research`."""
        return _own(self._jobs, job, self._operator(token, missing="forbidden")).answer

    def release(self, release: str, *, token: Token) -> bytes:
        """See `Research`."""
        return _own(self._releases, release, self._operator(token)).content

    def _release(self, message: messages.JobRequest, recipient: OrganisationId, job: str) -> _Kept:
        people, table = self._people(), message.table
        _check(message)
        result = _anonymise(table, list(people.values()))
        try:
            checked = self._ledger.release(result, recipient=recipient, persons=list(people))
        except an.JointDisclosureError as error:
            raise _RefusedError(
                messages.RefusalSummary(
                    code=RefusalReason.JOINT_DISCLOSURE,
                    reasons=[error.reason],
                    releases=[self._numbers[number] for number in error.releases],
                )
            ) from None
        names = [column.name for column in table.columns]
        rows = checked.frame.astype(object).itertuples(index=False, name=None)
        content = write_table(names, ([None if pd.isna(each) else each for each in row] for row in rows))
        identifier = self._numbers[checked.id] = next(self._ids)
        summary = messages.ReleaseSummary(
            id=identifier,
            rows=len(people),
            columns=names,
            levels=dict(result.levels),
            suppressed=result.suppressed,
            persons=len(people),
            loss=result.loss,
            sha256=hashlib.sha256(content).hexdigest(),
        )
        answer = messages.JobAnswer(job=job, status=messages.JobStatus.RELEASED, release=summary)
        self._releases[identifier] = _Kept(answer, recipient, content)
        return self._releases[identifier]

    def _operator(self, token: Token, *, missing: str = "role_missing") -> OperatorCaller:
        caller = self._callers(token)
        if not isinstance(caller, OperatorCaller):
            raise _problem(403, "forbidden")
        if "researcher" not in caller.roles:
            raise _problem(403, missing)
        return caller


class _RefusedError(Exception):
    def __init__(self, refusal: messages.RefusalSummary) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def _own(kept: Mapping[str, _Kept], name: str, caller: OperatorCaller) -> _Kept:
    if name not in kept or kept[name].recipient != caller.organisation:
        raise _problem(404, "not_found")
    return kept[name]


def _check(message: messages.JobRequest) -> None:
    if message.purpose is not Purpose.HRESCH:
        raise _refused(RefusalReason.OTHER_PURPOSE, "the purpose is not research")
    if message.table.k < MIN_K:
        raise _refused(RefusalReason.NOT_ANONYMOUS, f"k must be at least {MIN_K}")
    for column in message.table.columns:
        if column.role is ColumnRole.SENSITIVE and column.source in IDENTIFYING:
            raise _refused(RefusalReason.NOT_ANONYMOUS, f"{column.name} is known about people")
        numeric = column.generalisation is None or isinstance(column.generalisation, Intervals)
        if column.generalisation is not None and numeric is not (column.source in NUMBERS):
            raise _refused(RefusalReason.TABLE_UNUSABLE, f"{column.name} is generalised otherwise")


def _anonymise(table: messages.TableRequest, rows: Sequence[Row]) -> an.Result:
    if not rows:
        raise _refused(RefusalReason.NOT_ANONYMOUS, "nobody permitted this")
    quasi = [column for column in table.columns if column.role is ColumnRole.QUASI]
    secret = [column for column in table.columns if column.role is ColumnRole.SENSITIVE]
    frame = pd.DataFrame(
        {
            column.name: pd.Series(
                [row[column.source] for row in rows], dtype="Int64" if column.source in NUMBERS else object
            )
            for column in table.columns
        }
    )
    try:
        schema = an.Schema(
            {column.name: _hierarchy(column) for column in quasi}, sensitive=[each.name for each in secret]
        )
        return an.anonymize(
            frame,
            schema,
            models=[
                an.KAnonymity(table.k),
                *(
                    an.DistinctLDiversity(each.name, max(each.diversity or 1, MIN_DIVERSITY))
                    for each in secret
                ),
            ],
            suppression_limit=table.suppression_limit,
            levels={column.name: column.level for column in quasi if column.level is not None},
        )
    except an.NoSolutionError as error:
        raise _refused(RefusalReason.NOT_ANONYMOUS, str(error)) from None
    except an.AnonymizeError:
        raise _refused(RefusalReason.TABLE_UNUSABLE, "the table cannot be made as asked") from None


def _hierarchy(column: messages.Column) -> an.Hierarchy:
    match column.generalisation:
        case Intervals(origin=origin, widths=widths):
            return an.Hierarchy.intervals(widths, origin=origin)
        case messages.Masks(masks=masks):
            return an.Hierarchy.redaction(length=masks)
        case None if column.source in NUMBERS:
            return an.Hierarchy.intervals([5, 10, 20, 40])
        case None:
            return an.Hierarchy.suppression()


def _refused(code: RefusalReason, reason: str) -> _RefusedError:
    return _RefusedError(messages.RefusalSummary(code=code, reasons=[reason]))


def _problem(status: int, code: str, **members: object) -> RemoteProblemError:
    return RemoteProblemError(
        status=status, code=code, title=code, detail="", members={"code": code, **members}
    )
