"""What the medical centre offers, and the client that asks it over HTTP.

Directives, wallets and withdrawals are `contracts.directives.DirectivesClient`'s, the same at every body.
"""

from typing import Protocol, TypeVar

from services.contracts.medical.messages import (
    ApartNotices,
    AskOwnSegment,
    CompartmentKeys,
    CompartmentSearch,
    DepositAnswer,
    DepositRequest,
    Grants,
    OwnDeposit,
    OwnRecords,
    OwnRecordsRequest,
    OwnSegment,
    Publication,
    Publications,
    ReadAnswer,
    ReadRequest,
    SetApart,
    WasSetApart,
)
from services.kit.encoding import Message
from services.kit.http import Http, Token

Answer = TypeVar("Answer", bound=Message)


class Medical(Protocol):
    """The centre as people, writers and readers see it.

    Raises: RemoteProblemError with the code of the problem document, PeerUnavailableError, from every method.
    """

    def publish(self, message: Publication, *, token: Token) -> Publications:
        """Add compartment keys that the wallet signed (the person)."""

    def published(self, *, token: Token) -> Publications:
        """Return the person's publications, oldest first."""

    def search(self, message: CompartmentSearch, *, token: Token) -> CompartmentKeys:
        """D2: return under which keys to seal (writer)."""

    def deposit(self, message: DepositRequest, *, token: Token) -> DepositAnswer:
        """D4: hand over sealed bundles (writer)."""

    def read(self, message: ReadRequest, *, token: Token) -> ReadAnswer:
        """R2: read what the person permitted (reader or anonymiser)."""

    def grants(self, *, token: Token) -> Grants:
        """Return the permissions for the caller's organisation (reader or anonymiser)."""

    def own_records(self, message: OwnRecordsRequest, *, token: Token) -> OwnRecords:
        """Return the person's own records, sealed as they are stored (the person)."""

    def deposit_own(self, message: OwnDeposit, *, token: Token) -> DepositAnswer:
        """Hand over bundles that the person's own wallet sealed and signed (the person)."""

    def own_segment(self, message: AskOwnSegment, *, token: Token) -> OwnSegment:
        """Return one sealed segment of an own large document (the person)."""

    def set_apart(self, message: SetApart) -> WasSetApart:
        """Set apart what was deposited under a wrong link (the ID centre, by its certificate)."""

    def apart_notices(self, *, token: Token) -> ApartNotices:
        """Return what was set apart of what the organisation deposited or read (reader, writer, anonymiser)."""


class MedicalClient:
    """See `Medical`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def publish(self, message: Publication, *, token: Token) -> Publications:
        """See `Medical`."""
        return self._ask("PUT", "/compartments", Publications, message=message, token=token)

    def published(self, *, token: Token) -> Publications:
        """See `Medical`."""
        return self._ask("GET", "/compartments", Publications, message=None, token=token)

    def search(self, message: CompartmentSearch, *, token: Token) -> CompartmentKeys:
        """See `Medical`."""
        return self._ask("POST", "/compartments/search", CompartmentKeys, message=message, token=token)

    def deposit(self, message: DepositRequest, *, token: Token) -> DepositAnswer:
        """See `Medical`."""
        return self._ask("POST", "/deposits", DepositAnswer, message=message, token=token)

    def read(self, message: ReadRequest, *, token: Token) -> ReadAnswer:
        """See `Medical`."""
        return self._ask("POST", "/reads", ReadAnswer, message=message, token=token)

    def grants(self, *, token: Token) -> Grants:
        """See `Medical`."""
        return self._ask("GET", "/grants", Grants, message=None, token=token)

    def own_records(self, message: OwnRecordsRequest, *, token: Token) -> OwnRecords:
        """See `Medical`."""
        return self._ask("POST", "/own-records", OwnRecords, message=message, token=token)

    def deposit_own(self, message: OwnDeposit, *, token: Token) -> DepositAnswer:
        """See `Medical`."""
        return self._ask("POST", "/own-deposits", DepositAnswer, message=message, token=token)

    def own_segment(self, message: AskOwnSegment, *, token: Token) -> OwnSegment:
        """See `Medical`."""
        return self._ask("POST", "/own-records/segments", OwnSegment, message=message, token=token)

    def set_apart(self, message: SetApart) -> WasSetApart:
        """See `Medical`."""
        return self._ask("POST", "/links/set-apart", WasSetApart, message=message, token=None)

    def apart_notices(self, *, token: Token) -> ApartNotices:
        """See `Medical`."""
        return self._ask("GET", "/set-apart", ApartNotices, message=None, token=token)

    def _ask(
        self, method: str, path: str, kind: type[Answer], *, message: Message | None, token: Token | None
    ) -> Answer:
        content = None if message is None else message.model_dump_json().encode()
        return kind.model_validate_json(self._http.send(method, path, token=token, content=content).content)
