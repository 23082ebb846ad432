"""Cases of suspicious use at an honest fake oversight body, in memory; the contract tests keep it true."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

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
)
from services.kit.clock import epoch_seconds
from services.kit.http import RemoteProblemError, Token


@dataclass
class _Held:
    told: OpenUseCase
    due: int
    outcome: UseOutcome | None = None


@dataclass
class FakeUseCases:
    """Serves `UseCases`; `who` says which operator holds a token."""

    clock: Callable[[], datetime]
    directory: Callable[[], Directory]
    who: Callable[[Token], tuple[OrganisationId, OperatorId]]
    days: int = 14
    down: RemoteProblemError | None = None
    """What is raised in place of an answer to a body."""
    _held: dict[str, _Held] = field(default_factory=dict)

    def open(self, case: str, message: OpenUseCase) -> UseCaseTaken:
        """See `UseCases`."""
        if self.down is not None:
            raise self.down
        held = self._held.setdefault(case, _Held(message, self._now() + self.days * 86_400))
        if held.outcome is None:
            held.told = message
        return UseCaseTaken(due=held.due, decided=held.outcome is not None)

    def outcomes(self, message: AskOutcomes) -> UseOutcomes:
        """See `UseCases`."""
        if self.down is not None:
            raise self.down
        found = [self._held[case].outcome for case in message.cases if case in self._held]
        return UseOutcomes(outcomes=[each for each in found if each is not None])

    def reviews(self, *, token: Token) -> UseReviews:
        """See `UseCases`."""
        self.who(token)
        waiting = [(case, each) for case, each in self._held.items() if each.outcome is None]
        waiting.sort(key=lambda found: (found[1].due, found[0]))
        return UseReviews(
            cases=[
                UseReview(
                    case=case,
                    due=each.due,
                    overdue=each.due <= self._now(),
                    **each.told.model_dump(mode="json"),
                )
                for case, each in waiting
            ]
        )

    def decide(self, case: str, message: DecideUse, *, token: Token) -> Reviewed:
        """See `UseCases`."""
        held = self._held.get(case)
        if held is None:
            raise _problem(404, "not_found")
        if held.outcome is not None:
            raise _problem(409, "use_case_decided")
        official = self.directory().operator(*self.who(token))
        operator = OrganisationId(held.told.organisation), OperatorId(held.told.operator)
        tag = None if official is None else official.person_tag
        if tag is None or self.directory().human(*operator) == tag:
            raise _problem(403, "use_reviewer_involved")
        if message.comments.keys() - {each.name for each in held.told.each}:
            raise _problem(422, "use_share_unknown")
        late = held.due <= self._now()
        held.outcome = UseOutcome(case=case, late=late, **message.model_dump(mode="json"))
        return Reviewed(case=case, outcome=message.outcome, late=late)

    def _now(self) -> int:
        return epoch_seconds(self.clock())


def _problem(status: int, code: str) -> RemoteProblemError:
    return RemoteProblemError(status=status, code=code, title=code, detail="", members={"code": code})
