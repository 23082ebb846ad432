"""Why an emergency is refused, as problem documents; each code is in the log, too."""

from enum import StrEnum
from typing import Final

from consent.emergency_reason import ReasonFault
from consent.explanations import RefusalCode, explain
from services.kit.problems import ConflictError, ForbiddenError, NotFoundError, Problem

NEXT_STEP: Final = "Do what the detail says; the refusal is in the log."


class EmergencyFault(StrEnum):
    """What stands in the way, where it is neither the reason nor the person's own choice."""

    SAME_HUMAN = "emergency_same_human"
    TOO_MANY_PATIENTS = "emergency_too_many_patients"
    OTHER_PATIENT = "emergency_other_patient"
    OTHER_REQUEST = "emergency_other_request"
    ENDED = "emergency_ended"
    NOT_YOURS = "emergency_not_yours"
    INVOLVED = "emergency_reviewer_involved"


Code = EmergencyFault | ReasonFault | RefusalCode

_TEXTS: Final = {
    EmergencyFault.SAME_HUMAN: "Two people must sign, known to the ID centre by their own cards (sekisho "
    "present-operator). Have somebody else sign.",
    EmergencyFault.TOO_MANY_PATIENTS: "You took part in emergencies for too many patients today. Have a colleague ask.",
    EmergencyFault.OTHER_PATIENT: "Token and request do not name one patient. Name the patient again.",
    EmergencyFault.OTHER_REQUEST: "This does not sign the request of this case. Fetch the case and sign again.",
    EmergencyFault.ENDED: "This emergency is over, or was not signed by two in time. Ask anew if it is needed.",
    EmergencyFault.NOT_YOURS: "Only the two who signed may open the answer.",
    EmergencyFault.INVOLVED: "Whoever took part does not review, and a reviewer must be known to the ID centre.",
    ReasonFault.EMPTY: "A reason is missing. Say what happened to this patient.",
    ReasonFault.TOO_SHORT: "The reason is too short. Say what happened to this patient, and what you must know.",
    ReasonFault.BOILERPLATE: "The reason fits every patient. Say what happened to this one.",
    ReasonFault.COPIED: "The reason is that of an earlier request. Say what happened to this patient.",
}


class EmergencyRefusedError(ForbiddenError):
    """An emergency, or a part in it, was refused; `code` is stable, the same in the log."""

    def __init__(self, code: Code) -> None:
        super().__init__(explain(code).en if isinstance(code, RefusalCode) else _TEXTS[code])
        self.code = code
        self.problem = Problem(403, code.value, "This was refused", NEXT_STEP)


class UnknownEmergencyError(NotFoundError):
    """The caller's organisation has no such emergency."""


class AlreadyDoneError(ConflictError):
    """The emergency is past this step."""

    problem = Problem(
        409, "emergency_step_done", "This was done before", "Show the emergency and go on there."
    )
