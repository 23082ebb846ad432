"""What can go wrong with a proposal, as the wire says it."""

from typing import Final

from services.kit.dual_control.model import Obstacle
from services.kit.problems import ConflictError, ForbiddenError, NotFoundError, Problem, ProblemError


class ProposalChangedError(ProblemError):
    """A stored proposal was edited outside the program."""

    problem = Problem(
        500, "stored_data_changed", "What is stored here was changed", "Run the audit and restore the row."
    )


class TooManyProposalsError(ConflictError):
    """The organisation has too many undecided proposals."""

    problem = Problem(
        409, "too_many_proposals", "Too many proposals wait", "Decide some of those that are pending first."
    )


class UnknownProposalError(NotFoundError):
    """The organisation has no proposal of that name here."""


class ObstacleError(ForbiddenError):
    """A proposal is not approved, rejected or withdrawn; `obstacle` is also in the log."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__()
        self.obstacle = obstacle
        self.problem = _WORDS[obstacle]


_WORDS: Final = {
    Obstacle.SAME_PERSON: Problem(
        403, Obstacle.SAME_PERSON.value, "Two different people are needed", "Ask another person to decide."
    ),
    Obstacle.PERSON_NOT_PRESENTED: Problem(
        403,
        Obstacle.PERSON_NOT_PRESENTED.value,
        "It is not known whether this is another person",
        "Present yourself with your own card at the ID centre and have your accreditation renewed.",
    ),
    Obstacle.PROPOSER_GONE: Problem(
        409,
        Obstacle.PROPOSER_GONE.value,
        "The proposer may not propose this any more",
        "Look into it; whoever may propose it proposes it anew.",
    ),
    Obstacle.EXPIRED: Problem(409, Obstacle.EXPIRED.value, "The proposal is too old", "Propose it anew."),
    Obstacle.DECIDED: Problem(
        409,
        Obstacle.DECIDED.value,
        "The proposal is decided already",
        "See what became of it (GET /proposals).",
    ),
    Obstacle.OTHER_PREVIEW: Problem(
        409,
        Obstacle.OTHER_PREVIEW.value,
        "This is not the preview of this proposal",
        "Look at the proposal again and name the preview you see.",
    ),
    Obstacle.OUTDATED: Problem(
        409,
        Obstacle.OUTDATED.value,
        "What the proposal would do has changed",
        "Look again: propose it anew if it is still wanted.",
    ),
    Obstacle.IMPOSSIBLE: Problem(
        409, Obstacle.IMPOSSIBLE.value, "This cannot be done now", "Look at what is stored, and decide again."
    ),
    Obstacle.NOT_PROPOSER: Problem(
        403, Obstacle.NOT_PROPOSER.value, "Only the proposer withdraws", "Reject the proposal instead."
    ),
}
