"""Errors of My Portal; each reaches the wire as the problem that it carries."""

from services.kit.problems import Problem, ProblemError


class SessionRequiredError(ProblemError):
    """The request carries no session, or one that has ended."""

    problem = Problem(
        401,
        "session_required",
        "Sign in to My Portal first",
        "Sign in with your card; then send the request again.",
    )


class UnusableAnswerError(ProblemError):
    """Another body answered with something that this portal does not pass on."""

    problem = Problem(
        502,
        "unusable_answer",
        "A body gave an answer that cannot be passed on",
        "Try again; tell the portal's operator if it stays.",
    )
