"""Cases of suspicious use: taken from the medical centre (M4), reviewed by an official who is not the operator (M5).

The person sees deadline and outcome in the medical centre's history: only that centre knows whose records they were.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import JsonValue

from consent.identifiers import OperatorId, OrganisationId
from services.contracts.oversight.emergencies import Reviewed
from services.contracts.oversight.register import Directory
from services.contracts.oversight.use_cases import (
    AskOutcomes,
    DecideUse,
    OpenUseCase,
    UseCaseTaken,
    UseOutcome,
    UseOutcomes,
    UseReview,
    UseReviews,
    UseShare,
)
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.kit.credentials.callers import OperatorCaller
from services.kit.egress import egress
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.problems import ConflictError, ForbiddenError, NotFoundError, Problem, ProblemError
from services.kit.unknown_names import noting_unknown
from services.oversight.settings import Settings
from services.oversight.use_case_store import UseCase, UseCaseStore

DAY_SECONDS = 86_400


class CaseDecidedError(ConflictError):
    """The case has an outcome already."""

    problem = Problem(409, "use_case_decided", "This case was decided", "Show the list of cases again.")


class ShareUnknownError(ProblemError):
    """A comment is for somebody who is not in the case."""

    problem = Problem(
        422,
        "use_share_unknown",
        "This case has no such person",
        "Show the list of cases again and name people as it does.",
    )


class ReviewerInvolvedError(ForbiddenError):
    """The reviewer is the operator, or it is not known which human the reviewer is."""

    problem = Problem(
        403,
        "use_reviewer_involved",
        "Nobody reviews their own access",
        "Have another official decide, who is known to the ID centre (sekisho present-operator).",
    )


@dataclass(frozen=True, slots=True)
class UseCaseOffice:
    """What the workflows work with."""

    context: BodyContext
    store: UseCaseStore
    settings: Settings
    directory: Callable[[], Directory]

    @property
    def now(self) -> int:
        """The present second."""
        return epoch_seconds(self.context.clock())


@egress(
    to="medical",
    fields="by when a case that it opened is decided",
    purpose="telling the person",
    ground="the medical centre's certificate",
    answers=("PUT /use-cases/{case}",),
)
def take(office: UseCaseOffice, name: str, told: OpenUseCase) -> UseCaseTaken:
    """Open a case, or take what is new about it; a decided one stays as it is."""
    with office.context.database.write() as conn:
        office.context.journal.tree.queue(conn)
        known = office.store.get(conn, name)
        if known is not None and known.reviewed is not None:
            return UseCaseTaken(due=known.due, decided=True)
        due = office.now + office.settings.use_review_days * DAY_SECONDS if known is None else known.due
        case = UseCase(id=name, due=due, **told.model_dump(mode="json"))
        office.store.put(conn, case)
        if known is None:
            event = Event(
                kind=EventKind.USE_CASE_OPENED,
                outcome=Outcome.DONE,
                organisation=case.organisation,
                operator=case.operator,
                count=case.accesses,
                detail={"case": name, "rules": [*sorted(case.rules)], "review_due": due},
            )
            office.context.journal.record(conn, person=None, event=event)
    return UseCaseTaken(due=due, decided=False)


@egress(
    to="medical",
    fields="the findings about cases that it opened",
    purpose="telling the people whose records they were",
    ground="the medical centre's certificate",
    answers=("POST /use-cases/outcomes",),
)
def outcomes(office: UseCaseOffice, asked: AskOutcomes) -> UseOutcomes:
    """Return those of the cases that are decided."""
    with office.context.database.read() as conn:
        found = office.store.decided(conn, asked.cases)
    return UseOutcomes(
        outcomes=[
            UseOutcome(
                case=each.id,
                outcome=each.reviewed,
                comment=each.comment,
                late=each.late,
                comments=each.comments,
            )
            for each in found
            if each.reviewed is not None
        ]
    )


@egress(
    to="reviewers of the oversight body",
    fields="which operator was flagged by which rules, how often, when, for how many people; not whose records",
    purpose="supervision of the use of records",
    ground="the role auditor at the oversight body",
    answers=("GET /use-reviews", "POST /use-reviews/{case}"),
)
def reviews(office: UseCaseOffice, caller: OperatorCaller) -> UseReviews:
    """Return the cases that wait for a finding, first due first; who looked is logged before anything is shown."""
    now = office.now
    with office.context.database.read() as conn:
        found = office.store.waiting(conn)
    event = by_operator(caller, EventKind.USE_CASES_LISTED, outcome=Outcome.DONE, count=len(found))
    with office.context.database.write() as conn:
        office.context.journal.record(conn, person=None, event=event)
    return UseReviews(
        cases=[
            UseReview(
                case=each.id,
                organisation=each.organisation,
                operator=each.operator,
                rules=each.rules,
                accesses=each.accesses,
                people=each.people,
                first=each.first,
                last=each.last,
                due=each.due,
                overdue=each.due <= now,
                each=[UseShare.model_validate(share) for share in each.each],
            )
            for each in found
        ]
    )


def decide(office: UseCaseOffice, caller: OperatorCaller, *, name: str, asked: DecideUse) -> Reviewed:
    """Decide a case.

    Raises: NotFoundError, ReviewerInvolvedError (both logged), CaseDecidedError, ShareUnknownError.
    """
    event = by_operator(
        caller,
        EventKind.USE_REVIEWED,
        outcome=Outcome.DONE,
        detail={
            "case": name,
            "finding": asked.outcome.value,
            "comment": asked.comment,
            "comments": dict[str, JsonValue](asked.comments),
        },
    )
    directory = office.directory()
    official = directory.operator(caller.organisation, caller.operator)
    with noting_unknown(office.context, event), office.context.database.write() as conn:
        office.context.journal.tree.queue(conn)
        case = office.store.get(conn, name)
        if case is None:
            raise NotFoundError
        if case.reviewed is not None:
            raise CaseDecidedError
        if asked.comments.keys() - case.names:
            raise ShareUnknownError
        involved = _is_operator(directory, case, None if official is None else official.person_tag)
        late = case.due <= office.now
        if involved:
            refused = replace(event, outcome=Outcome.REFUSED, reason=ReviewerInvolvedError.problem.code)
            office.context.journal.record(conn, person=None, event=replace(refused, detail={"case": name}))
        else:
            done = replace(
                case, reviewed=asked.outcome, comment=asked.comment, comments=asked.comments, late=late
            )
            office.store.put(conn, done)
            office.context.journal.record(conn, person=None, event=event)
    if involved:
        raise ReviewerInvolvedError
    return Reviewed(case=name, outcome=asked.outcome, late=late)


def _is_operator(directory: Directory, case: UseCase, tag: str | None) -> bool:
    """Tell whether the reviewer may be the operator, also a suspended one: nobody knows where a tag is missing."""
    return tag is None or directory.human(OrganisationId(case.organisation), OperatorId(case.operator)) == tag
