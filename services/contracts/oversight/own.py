"""What the register says of one's own organisation, as a terminal by itself asks for it."""

from typing import Protocol

from consent.identifiers import TerminalId
from services.contracts.oversight.public import PublicOrganisation, shown_organisation
from services.contracts.oversight.register import Register
from services.kit.encoding import Message
from services.kit.http import Http, Token


class OwnAccreditation(Message):
    """GET /accreditation: one's own organisation as everybody may read it, and this terminal's end (epoch seconds)."""

    serial: int
    organisation: PublicOrganisation
    terminal: TerminalId
    terminal_expires: int


class OwnStanding(Protocol):
    """The oversight body as a terminal by itself reaches it."""

    def own_accreditation(self) -> OwnAccreditation:
        """Return what the register says now. Raises: RemoteProblemError (401, 403), PeerUnavailableError."""


class OwnStandingClient:
    """`OwnStanding` over HTTP; `token` is the terminal's own."""

    def __init__(self, http: Http, *, token: Token) -> None:
        self._http = http
        self._token = token

    def own_accreditation(self) -> OwnAccreditation:
        """See `OwnStanding`."""
        content = self._http.send("GET", "/accreditation", token=self._token).content
        return OwnAccreditation.model_validate_json(content)


def own_accreditation(register: Register, terminal: TerminalId) -> OwnAccreditation | None:
    """Return what an edition says of a terminal and its organisation; None when it does not know them."""
    desk = next((each for each in register.terminals if each.id == terminal), None)
    if desk is None:
        return None
    owner = next((each for each in register.organisations if each.id == desk.organisation), None)
    if owner is None:
        return None
    return OwnAccreditation(
        serial=register.serial,
        organisation=shown_organisation(register, owner),
        terminal=terminal,
        terminal_expires=desk.expires,
    )
