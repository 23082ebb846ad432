"""Calls to the ID centre about cards that were issued, by their holders and by registrars."""

from typing import Protocol, TypeVar

from services.contracts.identity.card_messages import (
    AskAttributeToken,
    AttributeToken,
    CardStanding,
    ChangePin,
    LookUpCard,
    MakeSuspensionCode,
    PinChange,
    RenewApplication,
    SuspendByCode,
    SuspensionCode,
    SuspensionReceived,
    UnlockApplication,
    UnlockedApplication,
)
from services.contracts.identity.messages import IssuedApplication
from services.kit.encoding import Message
from services.kit.http import Http, Token

Answer = TypeVar("Answer", bound=Message)


class Cards(Protocol):
    """What the client and the fake both do. Raises from every method: RemoteProblemError, PeerUnavailableError."""

    def change_pin(self, message: ChangePin) -> PinChange:
        """Prepare another PIN for who knows the present one."""

    def suspend(self, message: SuspendByCode) -> SuspensionReceived:
        """Suspend a card by its telephone code."""

    def unlock_application(self, message: UnlockApplication, *, token: Token) -> UnlockedApplication:
        """Give a locked application its tries back (registrar, with the holder's presence)."""

    def renew_application(self, message: RenewApplication, *, token: Token) -> IssuedApplication:
        """Give an application another key and PIN (registrar, with the holder's presence)."""

    def own_card(self, *, token: Token) -> CardStanding:
        """Return where the person's card stands (person)."""

    def look_up(self, message: LookUpCard, *, token: Token) -> CardStanding:
        """Return which card somebody has now (registrar)."""

    def attribute_token(self, *, token: Token) -> AttributeToken:
        """Get a word for the registry about one's signature certificate (person)."""

    def make_suspension_code(self, *, token: Token) -> SuspensionCode:
        """Get another telephone code (person)."""


class CardClient:
    """See `Cards`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def change_pin(self, message: ChangePin) -> PinChange:
        """See `Cards`."""
        return self._post("/cards/pin-changes", PinChange, message=message, token=None)

    def suspend(self, message: SuspendByCode) -> SuspensionReceived:
        """See `Cards`."""
        return self._post("/cards/suspensions", SuspensionReceived, message=message, token=None)

    def unlock_application(self, message: UnlockApplication, *, token: Token) -> UnlockedApplication:
        """See `Cards`."""
        return self._post("/cards/unlockings", UnlockedApplication, message=message, token=token)

    def renew_application(self, message: RenewApplication, *, token: Token) -> IssuedApplication:
        """See `Cards`."""
        return self._post("/cards/renewals", IssuedApplication, message=message, token=token)

    def own_card(self, *, token: Token) -> CardStanding:
        """See `Cards`."""
        return CardStanding.model_validate_json(self._http.send("GET", "/cards/own", token=token).content)

    def look_up(self, message: LookUpCard, *, token: Token) -> CardStanding:
        """See `Cards`."""
        return self._post("/cards/standings", CardStanding, message=message, token=token)

    def attribute_token(self, *, token: Token) -> AttributeToken:
        """See `Cards`."""
        return self._post("/cards/attribute-tokens", AttributeToken, message=AskAttributeToken(), token=token)

    def make_suspension_code(self, *, token: Token) -> SuspensionCode:
        """See `Cards`."""
        return self._post(
            "/cards/suspension-codes", SuspensionCode, message=MakeSuspensionCode(), token=token
        )

    def _post(self, path: str, kind: type[Answer], *, message: Message, token: Token | None) -> Answer:
        content = message.model_dump_json().encode()
        return kind.model_validate_json(self._http.send("POST", path, token=token, content=content).content)
