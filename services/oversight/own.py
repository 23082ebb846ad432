"""What a terminal by itself may know of the register: what it says of its own organisation."""

from services.contracts.oversight.own import OwnAccreditation, own_accreditation
from services.kit.credentials.callers import TerminalCaller
from services.kit.egress import egress
from services.oversight.errors import UnknownEntryError
from services.oversight.office import Office


@egress(
    to="a terminal by itself",
    fields="its own organisation's entry without operators, and until when the terminal counts",
    purpose="that a terminal notices with nobody at it what it lacks: an end that nears, a report due, a sanction",
    ground="the terminal's own token with the scope accreditation",
    answers=("GET /accreditation",),
)
def accreditation(office: Office, caller: TerminalCaller) -> OwnAccreditation:
    """Return what the present edition says of the caller. Raises: UnknownEntryError."""
    found = own_accreditation(office.editions.directory().register, caller.terminal)
    if found is None:
        raise UnknownEntryError("the register does not name this terminal any more")
    return found
