"""How the wire words the registry's errors."""

from collections.abc import Mapping
from typing import Final

from consent.errors import MalformedError
from consent.explanations import RefusalCode, explain
from services.kit.columns import ColumnError
from services.kit.credentials.pseudonyms import PseudonymTokenError
from services.kit.problems import ForbiddenError, Problem
from services.registry.errors import AlreadyRegisteredError, NotRegisteredError, NotStoppedError

PROBLEMS: Final[Mapping[type[Exception], Problem]] = {
    AlreadyRegisteredError: Problem(
        409, "already_registered", "The person is registered", "Send a change (PUT) instead."
    ),
    NotRegisteredError: Problem(
        404, "not_found", "The person is not registered", "Register the person first (POST)."
    ),
    PseudonymTokenError: Problem(
        403, "pseudonym_token_refused", "The pseudonym token is not accepted", "Ask the ID centre anew."
    ),
    NotStoppedError: Problem(
        409, "not_stopped", "This card is not stopped", "See which are (GET /look-up-stops)."
    ),
    MalformedError: Problem(400, "malformed_request", "The request cannot be read", "Correct it."),
    ColumnError: Problem(
        500, "stored_data_changed", "What is stored here was changed", "Tell the operator to run the audit."
    ),
}


class ConfirmationRefusedProblemError(ForbiddenError):
    """See `ConfirmationRefusedError`; the code is the reason."""

    def __init__(self, code: RefusalCode) -> None:
        super().__init__(explain(code).en, extra={"detail_ja": explain(code).ja})
        self.problem = Problem(
            403, code.value, "Nothing is confirmed", "Do what the detail says; the person sees the refusal."
        )
