"""Why nobody is unmasked, as problem documents; each code is in the log, too."""

from enum import StrEnum
from typing import Final

from services.kit.log.entry import Event
from services.kit.problems import ConflictError, Problem


class UnmaskingFault(StrEnum):
    """What stands in the way."""

    NOT_PROVEN = "staff_entry_not_proven"
    NOT_SEALED = "staff_not_sealed"
    TOO_MANY = "staff_too_many_cases"
    DECIDED = "staff_case_decided"
    NOBODY = "staff_nobody_acted"
    TERMINAL = "staff_terminal_alone"
    NAMED = "staff_named_there"
    NOT_COMMITTED = "staff_not_committed"
    FALSE_OPENING = "staff_opening_false"


_ANSWERING: Final = ("organisation", "terminal", "body")
"""By what an entry says who answers for it."""
_TEXTS: Final = {
    UnmaskingFault.NOT_PROVEN: "The entry is not proved to be in a log. Fetch your history and name the entry again.",
    UnmaskingFault.NOT_SEALED: "No card signed this act itself, so nobody can be unmasked. Ask {organisation}, which "
    "answers for what its staff did, or {body}, which keeps which account it was. Of records, name the access itself, "
    "as the medical centre logged it.",
    UnmaskingFault.NOBODY: "No staff acted in this entry: it was the person, the card, or {body} by itself. Ask "
    "{body}, which answers for what it does, or name an entry in which an organisation's operator acted.",
    UnmaskingFault.TERMINAL: "The terminal {terminal} acted by itself and no card signed. Ask {organisation}, which "
    "answers for its terminals.",
    UnmaskingFault.NAMED: "The entry is of an earlier version and names who acted. Read it there.",
    UnmaskingFault.NOT_COMMITTED: "The entry commits to nobody at this place. Name who acted, or one of those who "
    "acted beside; entries of earlier versions commit to who acted only.",
    UnmaskingFault.TOO_MANY: "Too many of your cases wait. Ask again when some are decided.",
    UnmaskingFault.DECIDED: "There is no such case that waits for a decision. Look at the cases that wait.",
    UnmaskingFault.FALSE_OPENING: "The log commits to somebody else. Ask whoever named this operator for the truth.",
}


class UnmaskingRefusedError(ConflictError):
    """Nobody was unmasked; `code` is stable, the same in the log. `event` is the entry that was asked about."""

    def __init__(self, code: UnmaskingFault, event: Event | None = None) -> None:
        answering = {name: str((event or {}).get(name) or "") for name in _ANSWERING}
        super().__init__(
            _TEXTS[code].format(**answering),
            extra={"answering": {name: value for name, value in answering.items() if value}}
            if event
            else None,
        )
        self.code = code
        self.problem = Problem(409, code.value, "Nobody was unmasked", "Do what the detail says.")
