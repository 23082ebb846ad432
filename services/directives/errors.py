"""What goes wrong with directives, as problem documents: refusals carry their reason as the code."""

from typing import assert_never

from consent.explanations import RefusalCode, explain
from services.contracts.directives import CHECKPOINT_CONFLICT, ReleaseFault, SubmissionFault
from services.kit.problems import ConflictError, ForbiddenError, Problem, ProblemError

NEXT_STEP = "Do what the detail says; the refusal is in the person's history."


class RefusedError(ForbiddenError):
    """A decision was no; `code` is stable, the same in the log, and the problem's code."""

    def __init__(self, code: RefusalCode | ReleaseFault | SubmissionFault) -> None:
        super().__init__(_sentence(code))
        self.code = code
        self.problem = Problem(403, code.value, "This was refused", NEXT_STEP)


class DirectiveConflictError(ConflictError):
    """The copy or the wallet contradicts what is stored here."""

    def __init__(self, code: SubmissionFault) -> None:
        super().__init__(_sentence(code))
        self.problem = Problem(409, code.value, self.problem.title, self.problem.next_step)


class CheckpointBehindError(ConflictError):
    """The shown checkpoint does not start where this witness stands; nothing was decided."""

    problem = Problem(
        409,
        CHECKPOINT_CONFLICT,
        "The witness stands elsewhere",
        "Prove the newest checkpoint from the named size.",
    )

    def __init__(self, known_size: int) -> None:
        super().__init__(extra={"size": known_size})


class StoredDirectiveChangedError(ProblemError):
    """A stored row does not open, or is not what the person signed and the log says; nothing is released on it."""

    problem = Problem(
        500,
        "stored_data_changed",
        "What is stored here was changed",
        "Tell this body's operator to run the audit.",
    )


def _sentence(code: RefusalCode | ReleaseFault | SubmissionFault) -> str:
    match code:
        case RefusalCode():
            return explain(code).en
        case ReleaseFault():
            return _RELEASE[code]
        case SubmissionFault():
            return _SUBMISSION[code]
        case _:
            assert_never(code)


_RELEASE = {
    ReleaseFault.STATEMENT_REFUSED: "The access statement does not verify or is not in time. Sign a new one.",
    ReleaseFault.STATEMENT_REPLAYED: "The access statement was used before. Sign a new one for every read.",
    ReleaseFault.OTHER_PERSON: "Token, handle and statement do not name one person. Read the card again.",
    ReleaseFault.NOT_LOGGED: "This access is not in the log that was shown. Log it first, then ask.",
    ReleaseFault.LOG_REFUSED: "The log's checkpoint does not verify or does not extend the one before.",
    ReleaseFault.CAPSULE_REFUSED: "A capsule is malformed. Send the stored capsules unchanged.",
}
_SUBMISSION = {
    SubmissionFault.WALLET_UNKNOWN: "No wallet of this person is registered here. Register it first.",
    SubmissionFault.OTHER_WALLET: "Another wallet is registered for this person. Restore that wallet.",
    SubmissionFault.NOT_SIGNED_BY_WALLET: "This is not signed by the wallet registered here. Sign it with that.",
    SubmissionFault.OTHER_BODY_OR_PERSON: "The copy is for another body or person. Send each body its own copy.",
    SubmissionFault.RECIPIENT_NOT_ACCREDITED: "The recipient is not accredited at present. Choose another one.",
    SubmissionFault.RECIPIENT_IS_PROXY: "A body that keeps key fragments cannot be a recipient. Choose another.",
    SubmissionFault.DIRECTIVE_EXPIRED: "The directive is past its end already. Set a later end.",
    SubmissionFault.OTHER_SCOPE: "This body does not hold what the directive is about. Send it to the right body.",
    SubmissionFault.FRAGMENTS_DO_NOT_MATCH: "The fragments are not those of the directive. Make the grant again.",
    SubmissionFault.FRAGMENT_REFUSED: "A key fragment does not work for the recipient. Make the grant again.",
    SubmissionFault.NOTICE_REFUSED: "Handles or reader's notice are not those of the directive. Make it again.",
    SubmissionFault.DIRECTIVE_KNOWN: "A directive of this id is stored already. Make a new one.",
    SubmissionFault.DIRECTIVE_MALFORMED: "The signed text is not of a directive's form. Make it with a present wallet.",
    SubmissionFault.UNKNOWN_PURPOSE: "A purpose in it is not known here. Name one of the listed purposes.",
    SubmissionFault.ISSUED_AT_ANOTHER_TIME: "It is dated back, or ahead. Set the clock and make it anew.",
    SubmissionFault.PERIOD_REVERSED: "A period in it ends before it begins. Set the end after the beginning.",
    SubmissionFault.GUARDIAN_REQUIRED: "This takes a guardian's signature. Have a guardian of the person sign.",
    SubmissionFault.ASSENT_REQUIRED: "The person decides this, too. Have it laid down with the person's own card.",
    SubmissionFault.PERSON_DECIDES: "The person decides this alone. Have it laid down with the person's own card.",
    SubmissionFault.GUARDIANSHIP_ENDED: "This guardian may act no more. Whoever is guardian now signs; ask the "
    "municipality.",
    SubmissionFault.GUARDIAN_UNKNOWN: "No such guardian of this person is known here. Go to the municipality's "
    "counter, or wait a moment after being entered there.",
    SubmissionFault.PERSON_DECEASED: "The person has died; nothing is laid down any more. Ask the municipality.",
}
