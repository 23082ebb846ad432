"""The oversight body as others call it."""

from typing import Protocol, TypeVar

from services.contracts.directives import SecondProxyClient
from services.contracts.oversight.messages import (
    Changed,
    HandedIn,
    HandInReport,
    RegisterAnswer,
)
from services.contracts.oversight.public import PublicRegisterAnswer
from services.kit.encoding import Message
from services.kit.http import Http, Token

Answer = TypeVar("Answer", bound=Message)


class RegisterReading(Protocol):
    """The register as it is read; two officials keep it by proposals (`DualControlled`).

    Raises from every method: RemoteProblemError (401, 403), PeerUnavailableError.
    """

    def register(self) -> str:
        """Return the newest edition, a JWS."""

    def public_register(self) -> str:
        """Return the newest edition without operators, a JWS; needs no token."""


class OversightClient(SecondProxyClient):
    """`RegisterReading`, reports, and the second proxy and witness, over HTTP; `token` is an operator's."""

    def __init__(self, http: Http, *, token: Token | None = None) -> None:
        super().__init__(http)
        self._http = http
        self._token = token

    def register(self) -> str:
        """See `RegisterReading`."""
        return self._ask("GET", "/register", RegisterAnswer, None).edition

    def public_register(self) -> str:
        """See `RegisterReading`."""
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
