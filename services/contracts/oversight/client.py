"""The oversight body as others call it."""

from typing import Protocol, TypeVar

from services.contracts.directives import SecondProxyClient
from services.contracts.oversight.messages import (
    Changed,
    HandedIn,
    HandInReport,
    OperatorAccreditation,
    OrganisationAccreditation,
    OrganisationKeys,
    RegisterAnswer,
    TerminalAccreditation,
    TerminalAccredited,
)
from services.contracts.oversight.public import PublicRegisterAnswer
from services.kit.encoding import Message
from services.kit.http import Http, Token

Answer = TypeVar("Answer", bound=Message)


class Accreditation(Protocol):
    """The register and its keeping.

    Raises from every method: RemoteProblemError (401, 403, 404 unknown, 409 `already_accredited`,
    `roles_not_allowed`, `not_presented` or `not_in_future`), PeerUnavailableError.
    """

    def register(self) -> str:
        """Return the newest edition, a JWS."""

    def accredit_organisation(self, organisation: OrganisationAccreditation) -> Changed:
        """Accredit an organisation."""

    def change_keys(self, keys: OrganisationKeys) -> Changed:
        """Give an organisation other keys."""

    def accredit_terminal(self, terminal: TerminalAccreditation) -> TerminalAccredited:
        """Accredit a terminal and certify its key."""

    def accredit_operator(self, operator: OperatorAccreditation) -> Changed:
        """Accredit an operator."""

    def public_register(self) -> str:
        """Return the newest edition without operators, a JWS; needs no token."""


class OversightClient(SecondProxyClient):
    """`Accreditation`, and the second proxy and witness, over HTTP; `token` is an accreditor's."""

    def __init__(self, http: Http, *, token: Token | None = None) -> None:
        super().__init__(http)
        self._http = http
        self._token = token

    def register(self) -> str:
        """See `Accreditation`."""
        return self._ask("GET", "/register", RegisterAnswer, None).edition

    def accredit_organisation(self, organisation: OrganisationAccreditation) -> Changed:
        """See `Accreditation`."""
        return self._ask("POST", "/organisations", Changed, organisation)

    def change_keys(self, keys: OrganisationKeys) -> Changed:
        """See `Accreditation`."""
        return self._ask("PUT", "/organisations/keys", Changed, keys)

    def accredit_terminal(self, terminal: TerminalAccreditation) -> TerminalAccredited:
        """See `Accreditation`."""
        return self._ask("POST", "/terminals", TerminalAccredited, terminal)

    def accredit_operator(self, operator: OperatorAccreditation) -> Changed:
        """See `Accreditation`."""
        return self._ask("POST", "/operators", Changed, operator)

    def public_register(self) -> str:
        """See `Accreditation`."""
        content = self._http.send("GET", "/register/public").content
        return PublicRegisterAnswer.model_validate_json(content).edition

    def hand_in(self, report: HandInReport) -> Changed:
        """Hand a demanded report in, as an operator of the organisation that owes it."""
        return self._ask("POST", "/reports", Changed, report)

    def report(self, organisation: str, report: str) -> HandedIn:
        """Return a report that was handed in."""
        return self._ask("GET", f"/reports/{organisation}/{report}", HandedIn, None)

    def _ask(self, method: str, path: str, kind: type[Answer], message: Message | None) -> Answer:
        content = None if message is None else message.model_dump_json().encode()
        return kind.model_validate_json(
            self._http.send(method, path, token=self._token, content=content).content
        )
