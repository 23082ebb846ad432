"""An honest ID centre in memory: real tokens, real pseudonyms, real PIN counters, nothing on disk.

The same contract tests run on it and on the real one. It sees no TLS, so a terminal is known by its assertion alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from consent import base64url, jws, pin
from consent.errors import ConsentError
from consent.paper_code import random_code
from consent.vocabulary import Body
from services.contracts.fake_credentials import person_caller, problem
from services.contracts.identity.fake_card_state import TRIES, FakeApplication, FakeCard, wrong_pin
from services.contracts.identity.fake_patients import CardThere, FakeLink, FakePatients
from services.contracts.identity.fake_people import FakePeople
from services.contracts.identity.fake_tokens import CardKey, FakeTokenEndpoint
from services.contracts.identity.messages import (
    PRESENTATION_TYPE,
    Application,
    CardChange,
    CardState,
    Challenge,
    ChangeCard,
    ChangedCard,
    DisownLink,
    IssueCard,
    IssuedApplication,
    IssuedCard,
    LinkedPatient,
    LinkedPerson,
    LinkPatient,
    NewApplication,
    OwnLinks,
    PresentCard,
    TokenAnswer,
    UndoLink,
    UndoneLink,
    UnlockCard,
    UnlockedCard,
)
from services.contracts.oversight.register import Role, p256
from services.contracts.registry.messages import ASKED_BY
from services.kit.certificates import Authority, Usage, create_authority, issue, to_pem
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.dpop import DpopKey
from services.kit.http import Token
from services.kit.strict_json import loads

USAGES = {
    Application.AUTHENTICATION: Usage.CARD_AUTHENTICATION,
    Application.SIGNATURE: Usage.CARD_SIGNATURE,
}
STATES = {
    CardChange.SUSPEND: (CardState.ACTIVE, CardState.SUSPENDED),
    CardChange.RESUME: (CardState.SUSPENDED, CardState.ACTIVE),
}


@dataclass
class FakeIdentity(FakePeople):
    """See `Identity`; people are their linkage codes, `present` asks the registry for a token."""

    cards: dict[str, FakeCard] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._authority: Authority = create_authority("Fake cards", days=3650, now=self.clock())
        self._endpoint = FakeTokenEndpoint(
            url=self.url,
            clock=self.clock,
            directory=self.directory,
            key=self.key,
            randomness=self.randomness,
            card=self._card_key,
            name=self.pseudonym,
        )
        self.live = self._endpoint.require_live
        self.patients = FakePatients(
            directory=self.directory,
            sealing_key=self.sealing_key,
            registry=self.registry,
            cards=self._card_there,
            present=self._presented,
            use=self._use_challenge,
            registry_token=lambda holder: self._name_to(Body.REGISTRY, holder, ASKED_BY),
            by_handle=self._of_handle,
            randomness=self.randomness,
            seconds=lambda: epoch_seconds(self.clock()),
        )

    def challenge(self) -> Challenge:
        """See `Identity`."""
        return self._endpoint.challenge()

    def token(self, fields: Mapping[str, str], *, key: DpopKey) -> TokenAnswer:
        """See `Identity`."""
        return self._endpoint.token(fields, key=key)

    def revoke(self, token: str, *, key: DpopKey) -> None:
        """See `Identity`."""
        self._endpoint.end_session(token, key=key)

    def unlock(self, message: UnlockCard) -> UnlockedCard:
        """See `Identity`."""
        held = self.try_pin(message.card, message.application, message.pin_proof)
        return UnlockedCard(share=base64url.encode(held.share))

    def try_pin(self, card_id: str, application: Application, proof: str) -> FakeApplication:
        """Count a try and return what it opens."""
        card = self.cards.get(card_id)
        if card is None:
            raise wrong_pin(TRIES[application] - 1)
        return card.try_pin(application, proof)

    def issue_card(self, message: IssueCard, *, token: Token) -> IssuedCard:
        """See `Identity`."""
        caller = self._operator(token, Role.REGISTRAR)
        holder = self._whom(caller, message.reference)
        if set(message.applications) != set(Application):
            raise problem(400, "card_applications")
        if not self.present(self._name_to(Body.REGISTRY, holder, ASKED_BY)):
            raise problem(409, "not_resident")
        held = [card for card in self.cards.values() if card.holder == holder]
        if any(card.state is not CardState.REVOKED for card in held):
            raise problem(409, "card_exists")
        card_id = base64url.encode(self.randomness(16))
        issued = {name: self._issue(card_id, name, asked) for name, asked in message.applications.items()}
        code = random_code(self.randomness)
        self.cards[card_id] = FakeCard(holder, {name: made for name, (made, _) in issued.items()}, code)
        applications = {
            name: IssuedApplication(certificate=told, share=base64url.encode(made.share), retries=TRIES[name])
            for name, (made, told) in issued.items()
        }
        return IssuedCard(card=card_id, applications=applications, suspension_code=code)

    def change_card(self, message: ChangeCard, *, token: Token) -> ChangedCard:
        """See `Identity`."""
        caller = self._operator(token, Role.REGISTRAR)
        holder = self._whom(caller, message.reference)
        card = self.cards.get(message.card)
        if card is None or card.holder != holder:
            raise problem(404, "not_found")
        before, after = STATES.get(message.change, (card.state, CardState.REVOKED))
        if card.state is not before or card.state is CardState.REVOKED:
            raise problem(409, "card_state")
        card.state = after
        self._endpoint.end_ground(f"card {message.card}")
        if after is not CardState.ACTIVE:
            return ChangedCard(card=message.card, state=after)
        card.code = random_code(self.randomness)
        return ChangedCard(card=message.card, state=after, suspension_code=card.code)

    def link(self, message: PresentCard, *, token: Token) -> LinkedPerson:
        """See `Identity`."""
        caller = self._operator(token)
        holder, challenge = self._presented(caller, message.presentation)
        if not caller.roles:
            raise problem(403, "role_missing")
        self._use_challenge(challenge)
        return LinkedPerson(reference=self.refer(caller.organisation, holder))

    def link_patient(self, message: LinkPatient, *, token: Token) -> LinkedPatient:
        """See `Identity`."""
        caller = self._operator(token)
        held = self.patients.link(caller, message)
        self.references[caller.organisation, held.reference] = held.holder
        registry_token = self._name_to(Body.REGISTRY, held.holder, caller.organisation)
        return LinkedPatient(link=held.id, reference=held.reference, eligibility_token=registry_token)

    def undo_link(self, message: UndoLink, *, token: Token) -> UndoneLink:
        """See `Identity`."""
        return self._forget(self.patients.undo(self._operator(token), message))

    def disown_link(self, message: DisownLink, *, token: Token) -> UndoneLink:
        """See `Identity`."""
        return self._forget(self.patients.disown(self._holder(token), message))

    def own_links(self, *, token: Token) -> OwnLinks:
        """See `Identity`."""
        return self.patients.of_holder(self._holder(token))

    def _holder(self, token: Token) -> bytes | None:
        own = person_caller(
            token, directory=self.directory(), audience=self.url, key=self.sealing_key, now=self.clock()
        )
        everybody = set(self.references.values())
        return next((each for each in everybody if self.pseudonym(Body.IDENTITY, each) == own), None)

    def _forget(self, link: FakeLink) -> UndoneLink:
        del self.references[link.organisation, link.reference]
        return UndoneLink(link=link.id)

    def _presented(self, caller: OperatorCaller, presentation: str) -> tuple[bytes, str]:
        try:
            card_id, held = self._by_kid(jws.peek_kid(presentation))
            key = p256(held.asked.public_key)
            told = loads(jws.verify(presentation, typ=PRESENTATION_TYPE, key=key).payload)
        except (ConsentError, LookupError):
            raise problem(403, "presentation_refused") from None
        card = self.cards[card_id]
        fits = told["card"] == card_id and told["organisation"] == caller.organisation
        known = told["challenge"] in self._endpoint.challenges
        if not fits or card.state is not CardState.ACTIVE or not known:
            raise problem(403, "presentation_refused")
        return card.holder, told["challenge"]

    def _use_challenge(self, challenge: str) -> None:
        self._endpoint.use_once(f"challenge {challenge}", problem(409, "replayed"))

    def _issue(self, card: str, name: Application, asked: NewApplication) -> tuple[FakeApplication, str]:
        certificate = issue(
            self._authority,
            p256(asked.public_key),
            common_name=card,
            sans=[],
            usages=[USAGES[name]],
            days=365,
            now=self.clock(),
        )
        made = FakeApplication(
            asked, f"{certificate.serial_number:x}", self.randomness(pin.SECRET_SIZE), TRIES[name]
        )
        return made, to_pem(certificate)

    def _by_kid(self, kid: str) -> tuple[str, FakeApplication]:
        for card_id, card in self.cards.items():
            held = card.applications[Application.AUTHENTICATION]
            if held.kid == kid:
                return card_id, held
        raise LookupError(kid)

    def _card_there(self, card_id: str) -> CardThere | None:
        card = self.cards.get(card_id)
        return None if card is None else CardThere(card.holder, card.state is CardState.ACTIVE)

    def _of_handle(self, handle: str) -> bytes | None:
        everybody = set(self.references.values())
        return next((each for each in everybody if self._handle(each) == handle), None)

    def _card_key(self, card_id: str) -> CardKey | None:
        card = self.cards.get(card_id)
        if card is None or card.state is not CardState.ACTIVE:
            return None
        held = card.applications[Application.AUTHENTICATION]
        return CardKey(card.holder, held.kid, held.asked.public_key)
