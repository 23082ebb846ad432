"""What goes wrong with recovery, as problem documents: refusals carry their reason as the code."""

from services.contracts.recovery import FAULTS, RecoveryFault
from services.kit.problems import ForbiddenError, Problem

NEXT_STEP = "Do what the detail says; the refusal is in the person's history."


class RecoveryRefusedError(ForbiddenError):
    """A part was not kept or not released; `code` is stable, the same in the log, and the problem's code."""

    def __init__(self, code: RecoveryFault) -> None:
        super().__init__(FAULTS[code])
        self.code = code
        self.problem = Problem(403, code.value, "This was refused", NEXT_STEP)
