"""Calls to the medical centre by writers, readers and people."""

from typing import TypeVar

from services.contracts.medical.messages import (
    CompartmentKeys,
    CompartmentSearch,
    DepositAnswer,
    DepositRequest,
    Publication,
    Publications,
    ReadAnswer,
    ReadRequest,
)
from services.kit.encoding import Message
from services.kit.http import Http, Token

Answer = TypeVar("Answer", bound=Message)


class MedicalClient:
    """The medical centre over one connection with one token.

    Raises from every method: RemoteProblemError, PeerUnavailableError, pydantic's ValidationError.
    """

    def __init__(self, http: Http, *, token: Token) -> None:
        self._http = http
        self._token = token

    def publish(self, publication: Publication) -> Publications:
        """Add compartment keys that the person's wallet signed."""
        return self._ask("PUT", "/compartments", Publications, publication)

    def published(self) -> Publications:
        """Return the person's own publications."""
        return self._ask("GET", "/compartments", Publications, None)

    def search(self, search: CompartmentSearch) -> CompartmentKeys:
        """D2: return under which keys to seal."""
        return self._ask("POST", "/compartments/search", CompartmentKeys, search)

    def deposit(self, request: DepositRequest) -> DepositAnswer:
        """D4: hand over sealed bundles."""
        return self._ask("POST", "/deposits", DepositAnswer, request)

    def read(self, request: ReadRequest) -> ReadAnswer:
        """R2: ask for records with a signed statement."""
        return self._ask("POST", "/reads", ReadAnswer, request)

    def _ask(self, method: str, path: str, kind: type[Answer], message: Message | None) -> Answer:
        content = None if message is None else message.model_dump_json().encode()
        return kind.model_validate_json(
            self._http.send(method, path, token=self._token, content=content).content
        )
