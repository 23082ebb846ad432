"""The honest ID centre in memory, with what holders do with their cards after they were issued."""

from consent import base64url, jws
from consent.errors import ConsentError
from consent.paper_code import SUSPENSION_SIGNS, canonical, random_code
from consent.vocabulary import Body
from services.contracts.fake_credentials import person_caller, problem
from services.contracts.identity.card_messages import (
    PRESENCE_TYPE,
    ApplicationStanding,
    AttributeToken,
    CardStanding,
    ChangePin,
    LookUpCard,
    PinChange,
    RenewApplication,
    SuspendByCode,
    SuspensionCode,
    SuspensionReceived,
    UnlockApplication,
    UnlockedApplication,
    presence_content,
)
from services.contracts.identity.fake import FakeIdentity
from services.contracts.identity.fake_card_state import TRIES, FakeCard
from services.contracts.identity.messages import Application, CardState, IssuedApplication, NewApplication
from services.contracts.oversight.register import Role, p256
from services.contracts.registry.attributes import about_certificate
from services.kit.http import Token
from services.kit.strict_json import loads

FAR_AWAY = 4_000_000_000


class FakeIdentityWithCards(FakeIdentity):
    """See `Cards`."""

    def change_pin(self, message: ChangePin) -> PinChange:
        """See `Cards`."""
        held = self.try_pin(message.card, message.application, message.pin_proof)
        held.pending = (message.pin_verifier, self.randomness(32))
        return PinChange(share=base64url.encode(held.pending[1]))

    def suspend(self, message: SuspendByCode) -> SuspensionReceived:
        """See `Cards`."""
        try:
            code = canonical(message.code, SUSPENSION_SIGNS)
        except ConsentError:
            raise problem(400, "malformed_request") from None
        for card in self.cards.values():
            if card.code == code and card.state is CardState.ACTIVE:
                card.state = CardState.SUSPENDED
        return SuspensionReceived(state="received")

    def unlock_application(self, message: UnlockApplication, *, token: Token) -> UnlockedApplication:
        """See `Cards`."""
        self._require_presence(message, None, token)
        self.cards[message.card].applications[message.application].left = TRIES[message.application]
        return UnlockedApplication(application=message.application, tries=TRIES[message.application])

    def renew_application(self, message: RenewApplication, *, token: Token) -> IssuedApplication:
        """See `Cards`."""
        self._require_presence(message, message.new, token)
        made, certificate = self._issue(message.card, message.application, message.new)
        self.cards[message.card].applications[message.application] = made
        share = base64url.encode(made.share)
        return IssuedApplication(certificate=certificate, share=share, retries=TRIES[message.application])

    def own_card(self, *, token: Token) -> CardStanding:
        """See `Cards`."""
        return self._standing(*self._own(token))

    def look_up(self, message: LookUpCard, *, token: Token) -> CardStanding:
        """See `Cards`."""
        holder = self._whom(self._operator(token, Role.REGISTRAR), message.reference)
        for card_id, card in self.cards.items():
            if card.holder == holder and card.state is not CardState.REVOKED:
                return self._standing(card_id, card)
        raise problem(404, "no_card")

    @staticmethod
    def _standing(card_id: str, card: FakeCard) -> CardStanding:
        return CardStanding(
            card=card_id,
            state=card.state,
            expires=FAR_AWAY,
            applications={
                name: ApplicationStanding(tries_left=held.left, kid=held.kid)
                for name, held in card.applications.items()
            },
        )

    def attribute_token(self, *, token: Token) -> AttributeToken:
        """See `Cards`."""
        _, card = self._own(token)
        if card.state is not CardState.ACTIVE:
            raise problem(403, "card_not_usable")
        kid = card.applications[Application.SIGNATURE].kid
        named = self._name_to(Body.REGISTRY, card.holder, about_certificate(kid))
        return AttributeToken(certificate=kid, token=named)

    def make_suspension_code(self, *, token: Token) -> SuspensionCode:
        """See `Cards`."""
        _, card = self._own(token)
        card.code = random_code(self.randomness)
        return SuspensionCode(suspension_code=card.code)

    def _own(self, token: Token) -> tuple[str, FakeCard]:
        person = person_caller(
            token, directory=self.directory(), audience=self.url, key=self.sealing_key, now=self.clock()
        )
        for card_id, card in self.cards.items():
            if self.pseudonym(Body.IDENTITY, card.holder) == person and card.state is not CardState.REVOKED:
                return card_id, card
        raise problem(404, "no_card")

    def _require_presence(
        self, message: UnlockApplication | RenewApplication, new: NewApplication | None, token: Token
    ) -> None:
        caller = self._operator(token, Role.REGISTRAR)
        holder = self._whom(caller, message.reference)
        try:
            kid = jws.peek_kid(message.presence)
            card = self.cards[message.card]
            other = next(name for name, held in card.applications.items() if held.kid == kid)
            key = p256(card.applications[other].asked.public_key)
            told = loads(jws.verify(message.presence, typ=PRESENCE_TYPE, key=key).payload)
        except (ConsentError, LookupError, StopIteration):
            raise problem(403, "presence_refused") from None
        content = presence_content(message.application, new)
        said = (told["card"], told["organisation"], told["content"])
        usable = card.holder == holder and other is not message.application and card.state is CardState.ACTIVE
        fits = usable and said == (message.card, caller.organisation, content)
        if not fits or told["challenge"] not in self._endpoint.challenges:
            raise problem(403, "presence_refused")
        self._endpoint.use_once(f"challenge {told['challenge']}", problem(409, "replayed"))
