"""Calls to the resident registry, by participants and by the ID centre."""

from typing import Protocol, TypeVar

from services.contracts.registry.analysis import AskReport, LookUpReport
from services.contracts.registry.look_ups import BatchLookedUp, LookedUp, LookUp, LookUpBatch
from services.contracts.registry.messages import (
    AskEligibility,
    AskPresence,
    ComparedIdentity,
    CompareIdentity,
    Confirm,
    Confirmed,
    Depart,
    Eligibility,
    MatchedIdentity,
    MatchIdentity,
    Presence,
    RegisteredMembership,
    RegisteredResident,
    RegisterMembership,
    RegisterResident,
)
from services.contracts.registry.supervision import Erased, EraseHistory, ErasureProof, Stops
from services.kit.encoding import Message
from services.kit.http import Http, Token

Answer = TypeVar("Answer", bound=Message)


class Registry(Protocol):
    """What the client and the fake both do. Raises from every method: RemoteProblemError, PeerUnavailableError."""

    def register(self, message: RegisterResident, *, token: Token) -> RegisteredResident:
        """Enter a person (registrar)."""

    def change(self, message: RegisterResident, *, token: Token) -> RegisteredResident:
        """Enter new items of a person (registrar)."""

    def depart(self, message: Depart, *, token: Token) -> RegisteredResident:
        """Take a person out of the register; the former items are kept as long as any (registrar)."""

    def confirm(self, message: Confirm, *, token: Token) -> Confirmed:
        """Ask whether items are still right (confirmer)."""

    def presence(self, token: str) -> Presence:
        """Tell the ID centre whether the person of a pseudonym token is registered."""

    def look_up(self, message: LookUp, *, token: Token) -> LookedUp:
        """Look somebody up (inquirer)."""

    def look_up_batch(self, message: LookUpBatch, *, token: Token) -> BatchLookedUp:
        """Look up the rows of a part of a file (inquirer)."""

    def compare(self, message: CompareIdentity) -> ComparedIdentity:
        """Tell the ID centre whether an organisation's patient is the person of its token, item by item."""

    def match(self, message: MatchIdentity) -> MatchedIdentity:
        """Tell the ID centre which one resident has this name and birth date."""

    def register_membership(self, message: RegisterMembership, *, token: Token) -> RegisteredMembership:
        """Enter a person's insurance (registrar)."""

    def eligibility(self, message: AskEligibility, *, token: Token) -> Eligibility:
        """Ask whether the person identified just now is insured (reader or writer)."""

    def stops(self, *, token: Token) -> Stops:
        """List stopped cards (supervisor, auditor)."""

    def look_up_report(self, message: AskReport, *, token: Token) -> LookUpReport:
        """Analyse look-ups (supervisor, auditor)."""

    def own_look_up_report(self, message: AskReport, *, token: Token) -> LookUpReport:
        """Analyse who looked the caller up (person)."""

    def erase_history(self, *, token: Token) -> Erased:
        """Erase former items that are due (supervisor, auditor)."""

    def prove_erasure(self, *, token: Token) -> ErasureProof:
        """Search for former items that must be gone (supervisor, auditor)."""


class RegistryClient:
    """See `Registry`; `presence`, `compare` and `match` go by the connection's own certificate."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def register(self, message: RegisterResident, *, token: Token) -> RegisteredResident:
        """See `Registry`."""
        return self._ask("POST", "/residents", RegisteredResident, message=message, token=token)

    def change(self, message: RegisterResident, *, token: Token) -> RegisteredResident:
        """See `Registry`."""
        return self._ask("PUT", "/residents", RegisteredResident, message=message, token=token)

    def depart(self, message: Depart, *, token: Token) -> RegisteredResident:
        """See `Registry`."""
        path = "/residents/departures"
        return self._ask("POST", path, RegisteredResident, message=message, token=token)

    def confirm(self, message: Confirm, *, token: Token) -> Confirmed:
        """See `Registry`."""
        return self._ask("POST", "/confirmations", Confirmed, message=message, token=token)

    def presence(self, token: str) -> Presence:
        """See `Registry`."""
        return self._ask("POST", "/presence", Presence, message=AskPresence(token=token), token=None)

    def look_up(self, message: LookUp, *, token: Token) -> LookedUp:
        """See `Registry`."""
        return self._ask("POST", "/look-ups", LookedUp, message=message, token=token)

    def look_up_batch(self, message: LookUpBatch, *, token: Token) -> BatchLookedUp:
        """See `Registry`."""
        return self._ask("POST", "/look-ups/batch", BatchLookedUp, message=message, token=token)

    def compare(self, message: CompareIdentity) -> ComparedIdentity:
        """See `Registry`."""
        return self._ask("POST", "/comparisons", ComparedIdentity, message=message, token=None)

    def match(self, message: MatchIdentity) -> MatchedIdentity:
        """See `Registry`."""
        return self._ask("POST", "/matches", MatchedIdentity, message=message, token=None)

    def register_membership(self, message: RegisterMembership, *, token: Token) -> RegisteredMembership:
        """See `Registry`."""
        return self._ask("PUT", "/insurances", RegisteredMembership, message=message, token=token)

    def eligibility(self, message: AskEligibility, *, token: Token) -> Eligibility:
        """See `Registry`."""
        return self._ask("POST", "/eligibilities", Eligibility, message=message, token=token)

    def stops(self, *, token: Token) -> Stops:
        """See `Registry`."""
        return Stops.model_validate_json(self._http.send("GET", "/look-up-stops", token=token).content)

    def look_up_report(self, message: AskReport, *, token: Token) -> LookUpReport:
        """See `Registry`."""
        return self._ask("POST", "/look-up-reports", LookUpReport, message=message, token=token)

    def own_look_up_report(self, message: AskReport, *, token: Token) -> LookUpReport:
        """See `Registry`."""
        return self._ask("POST", "/look-up-reports/own", LookUpReport, message=message, token=token)

    def erase_history(self, *, token: Token) -> Erased:
        """See `Registry`."""
        return self._ask("POST", "/history-erasures", Erased, message=EraseHistory(), token=token)

    def prove_erasure(self, *, token: Token) -> ErasureProof:
        """See `Registry`."""
        sent = self._http.send("GET", "/erasure-proof", token=token)
        return ErasureProof.model_validate_json(sent.content)

    def _ask(
        self, method: str, path: str, kind: type[Answer], *, message: Message, token: Token | None
    ) -> Answer:
        content = message.model_dump_json().encode()
        return kind.model_validate_json(self._http.send(method, path, token=token, content=content).content)
