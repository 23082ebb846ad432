"""What goes wrong with a succession, as problem documents: refusals carry their reason as the code."""

from services.contracts.succession import FAULTS, SuccessionFault
from services.kit.problems import ForbiddenError, Problem

NEXT_STEP = "Do what the detail says; the refusal is in the person's history."


class SuccessionRefusedError(ForbiddenError):
    """A wallet was not announced or not followed; `code` is stable, the same in the log, and the problem's code."""

    def __init__(self, code: SuccessionFault) -> None:
        super().__init__(FAULTS[code])
        self.code = code
        self.problem = Problem(403, code.value, "This was refused", NEXT_STEP)
