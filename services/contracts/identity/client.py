"""Calls to the ID centre, by participants and by a person's side. Who asserts how is the caller's (see RFC 7523)."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from services.contracts.identity.messages import (
    Challenge,
    ChangeCard,
    ChangedCard,
    ChangeNumber,
    ChangeOwnNumber,
    DisownLink,
    EnrolledPerson,
    EnrolPerson,
    IssueCard,
    IssuedCard,
    LinkedPatient,
    LinkedPerson,
    LinkPatient,
    OwnLinks,
    OwnNumber,
    PresentCard,
    PseudonymTokens,
    RegisteredSubject,
    RegisterSubject,
    RequestPseudonymTokens,
    TokenAnswer,
    UndoLink,
    UndoneLink,
    UnlockCard,
    UnlockedCard,
)
from services.contracts.identity.naming import PeopleNamed, RequestPeopleNamed
from services.contracts.identity.numbers import LookUpNumbers, NumberTokens
from services.contracts.identity.presenting import OperatorPresentation, PresentOperator
from services.contracts.identity.sectors import SectorKeys
from services.kit.credentials.dpop import DpopKey
from services.kit.encoding import Message
from services.kit.http import Http, Token

Answer = TypeVar("Answer", bound=Message)


class Identity(Protocol):
    """What the client and the fake both do. Raises from every method: RemoteProblemError, PeerUnavailableError."""

    def challenge(self) -> Challenge:
        """Return a challenge for a card."""

    def token(self, fields: Mapping[str, str], *, key: DpopKey) -> TokenAnswer:
        """Send the form of a token request; the token is bound to `key`."""

    def revoke(self, token: str, *, key: DpopKey) -> None:
        """End all access tokens that are bound to `key`, which is that of `token`."""

    def unlock(self, message: UnlockCard) -> UnlockedCard:
        """Try a PIN."""

    def enrol(self, *, token: Token) -> EnrolledPerson:
        """Enrol a person (registrar)."""

    def own_number(self, *, token: Token) -> OwnNumber:
        """Return the number (person)."""

    def change_own_number(self, *, token: Token) -> OwnNumber:
        """Change the number (person, by card)."""

    def change_number(self, message: ChangeNumber, *, token: Token) -> OwnNumber:
        """Change a person's number at the counter (registrar)."""

    def issue_card(self, message: IssueCard, *, token: Token) -> IssuedCard:
        """Issue a card (registrar)."""

    def change_card(self, message: ChangeCard, *, token: Token) -> ChangedCard:
        """Suspend, resume or revoke a card (registrar)."""

    def link(self, message: PresentCard, *, token: Token) -> LinkedPerson:
        """Exchange a presented card for the organisation's reference of its holder."""

    def pseudonym_tokens(self, message: RequestPseudonymTokens, *, token: Token) -> PseudonymTokens:
        """Have a person named to bodies."""

    def name_people(self, message: RequestPeopleNamed, *, token: Token) -> PeopleNamed:
        """Have many people named to bodies."""

    def register_subject(self, message: RegisterSubject, *, token: Token) -> RegisteredSubject:
        """Register the person's wallet for the medical sector (person)."""

    def look_up_numbers(self, message: LookUpNumbers, *, token: Token) -> NumberTokens:
        """Have people named to the registry by their numbers (inquirer)."""

    def present_operator(self, message: PresentOperator, *, token: Token) -> OperatorPresentation:
        """Vouch for the human behind an operator's card (person)."""

    def link_patient(self, message: LinkPatient, *, token: Token) -> LinkedPatient:
        """Link the organisation's patient number to the person who is there (reader or writer)."""

    def undo_link(self, message: UndoLink, *, token: Token) -> UndoneLink:
        """Cut a wrong link of the organisation (reader or writer)."""

    def disown_link(self, message: DisownLink, *, token: Token) -> UndoneLink:
        """Cut a wrong link of the person."""

    def own_links(self, *, token: Token) -> OwnLinks:
        """Return the person's links."""

    def sector_keys(self, *, token: Token) -> SectorKeys:
        """Tell by which keys people are named (supervisor)."""


class IdentityClient:
    """See `Identity`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def challenge(self) -> Challenge:
        """See `Identity`."""
        return Challenge.model_validate_json(self._http.send("POST", "/oauth/challenge").content)

    def token(self, fields: Mapping[str, str], *, key: DpopKey) -> TokenAnswer:
        """See `Identity`."""
        return TokenAnswer.model_validate_json(self._http.form("/oauth/token", fields, key=key).content)

    def revoke(self, token: str, *, key: DpopKey) -> None:
        """See `Identity`."""
        self._http.form("/oauth/revoke", {"token": token}, key=key)

    def unlock(self, message: UnlockCard) -> UnlockedCard:
        """See `Identity`."""
        return self._ask("POST", "/cards/unlock", UnlockedCard, message=message, token=None)

    def enrol(self, *, token: Token) -> EnrolledPerson:
        """See `Identity`."""
        return self._ask("POST", "/persons", EnrolledPerson, message=EnrolPerson(), token=token)

    def own_number(self, *, token: Token) -> OwnNumber:
        """See `Identity`."""
        return OwnNumber.model_validate_json(self._http.send("GET", "/number", token=token).content)

    def change_own_number(self, *, token: Token) -> OwnNumber:
        """See `Identity`."""
        return self._ask("POST", "/number", OwnNumber, message=ChangeOwnNumber(), token=token)

    def change_number(self, message: ChangeNumber, *, token: Token) -> OwnNumber:
        """See `Identity`."""
        return self._ask("POST", "/numbers/changes", OwnNumber, message=message, token=token)

    def issue_card(self, message: IssueCard, *, token: Token) -> IssuedCard:
        """See `Identity`."""
        return self._ask("POST", "/cards", IssuedCard, message=message, token=token)

    def change_card(self, message: ChangeCard, *, token: Token) -> ChangedCard:
        """See `Identity`."""
        return self._ask("POST", "/cards/changes", ChangedCard, message=message, token=token)

    def link(self, message: PresentCard, *, token: Token) -> LinkedPerson:
        """See `Identity`."""
        return self._ask("POST", "/links", LinkedPerson, message=message, token=token)

    def pseudonym_tokens(self, message: RequestPseudonymTokens, *, token: Token) -> PseudonymTokens:
        """See `Identity`."""
        return self._ask("POST", "/pseudonym-tokens", PseudonymTokens, message=message, token=token)

    def name_people(self, message: RequestPeopleNamed, *, token: Token) -> PeopleNamed:
        """See `Identity`."""
        return self._ask("POST", "/pseudonym-tokens/batch", PeopleNamed, message=message, token=token)

    def register_subject(self, message: RegisterSubject, *, token: Token) -> RegisteredSubject:
        """See `Identity`."""
        return self._ask("PUT", "/subject", RegisteredSubject, message=message, token=token)

    def look_up_numbers(self, message: LookUpNumbers, *, token: Token) -> NumberTokens:
        """See `Identity`."""
        return self._ask("POST", "/number-look-ups", NumberTokens, message=message, token=token)

    def present_operator(self, message: PresentOperator, *, token: Token) -> OperatorPresentation:
        """See `Identity`."""
        return self._ask(
            "POST", "/operator-presentations", OperatorPresentation, message=message, token=token
        )

    def link_patient(self, message: LinkPatient, *, token: Token) -> LinkedPatient:
        return self._ask("POST", "/patient-links", LinkedPatient, message=message, token=token)

    def undo_link(self, message: UndoLink, *, token: Token) -> UndoneLink:
        """See `Identity`."""
        return self._ask("POST", "/patient-links/undo", UndoneLink, message=message, token=token)

    def disown_link(self, message: DisownLink, *, token: Token) -> UndoneLink:
        """See `Identity`."""
        return self._ask("POST", "/patient-links/disown", UndoneLink, message=message, token=token)

    def own_links(self, *, token: Token) -> OwnLinks:
        """See `Identity`."""
        return OwnLinks.model_validate_json(self._http.send("GET", "/patient-links", token=token).content)

    def sector_keys(self, *, token: Token) -> SectorKeys:
        """See `Identity`."""
        return SectorKeys.model_validate_json(self._http.send("GET", "/sector-keys", token=token).content)

    def _ask(
        self, method: str, path: str, kind: type[Answer], *, message: Message, token: Token | None
    ) -> Answer:
        content = message.model_dump_json().encode()
        return kind.model_validate_json(self._http.send(method, path, token=token, content=content).content)
