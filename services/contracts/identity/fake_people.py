"""Who people are to the honest ID centre in memory: numbers, references, pseudonyms, tokens that name them."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from consent import base64url, jws, personal_number
from consent.errors import ConsentError
from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from consent.jwk import thumbprint
from consent.personal_number import PersonalNumber
from consent.vocabulary import Body
from services.contracts.fake_credentials import operator_caller, person_caller, problem
from services.contracts.identity.colleagues import colleagues
from services.contracts.identity.fake_patients import RegistryQuestions
from services.contracts.identity.messages import (
    SUBJECT_TYPE,
    ChangeNumber,
    EnrolledPerson,
    Jwk,
    OwnNumber,
    PseudonymTokens,
    RegisteredSubject,
    RegisterSubject,
    RequestPseudonymTokens,
)
from services.contracts.identity.naming import PeopleNamed, RequestPeopleNamed
from services.contracts.identity.numbers import LookUpNumbers, NumberTokens
from services.contracts.identity.presenting import (
    OperatorPresentation,
    PresentOperator,
    sign_presentation,
)
from services.contracts.identity.sectors import SectorKeys
from services.contracts.oversight.register import Directory, Role, p256
from services.contracts.registry.look_ups import asked_by_number
from services.kit.clock import Clock, Randomness, epoch_seconds, system_randomness
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import PseudonymTokenIssuer
from services.kit.http import RemoteProblemError, Token

AT_ONCE = 500
BODIES = {
    Role.REGISTRAR: {Body.REGISTRY},
    Role.WRITER: {Body.MEDICAL},
    Role.READER: {Body.MEDICAL, Body.OVERSIGHT, Body.IDENTITY},
    Role.SELLER: {Body.PRODUCT_SAFETY},
    Role.CONFIRMER: {Body.REGISTRY},
}


@dataclass
class FakePeople:
    """The part of `FakeIdentity` about people and their names; people are their linkage codes."""

    url: str
    clock: Clock
    directory: Callable[[], Directory]
    present: Callable[[str], bool]
    randomness: Randomness = system_randomness
    registry: RegistryQuestions | None = None
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate, repr=False)
    sealing_key: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate, repr=False)
    references: dict[tuple[OrganisationId, str], bytes] = field(default_factory=dict, repr=False)
    subjects: dict[Pseudonym, Jwk] = field(default_factory=dict, repr=False)
    numbers: dict[bytes, PersonalNumber] = field(default_factory=dict, repr=False)
    live: Callable[[Token], None] = field(init=False, repr=False)
    """Refuses a token that was ended."""

    def __post_init__(self) -> None:
        self._secret = self.randomness(32)
        self._pseudonyms = PseudonymTokenIssuer(self.key, 120, self.randomness)

    def pseudonym(self, body: Body, linkage: bytes) -> Pseudonym:
        """Return how a body knows a person."""
        return Pseudonym(self._name(f"body {body.value}", linkage))

    def enrol(self, *, token: Token) -> EnrolledPerson:
        """See `Identity`."""
        caller = self._operator(token, Role.REGISTRAR)
        linkage = self.randomness(32)
        self.numbers[linkage] = personal_number.generate(self.randomness)
        return EnrolledPerson(
            reference=self.refer(caller.organisation, linkage),
            personal_number=self.numbers[linkage],
            registry_token=self._name_to(Body.REGISTRY, linkage, caller.organisation),
        )

    def own_number(self, *, token: Token) -> OwnNumber:
        """See `Identity`."""
        return OwnNumber(personal_number=self.numbers[self._signed_in(token)])

    def change_own_number(self, *, token: Token) -> OwnNumber:
        """See `Identity`."""
        return self._renumber(self._signed_in(token))

    def change_number(self, message: ChangeNumber, *, token: Token) -> OwnNumber:
        """See `Identity`."""
        return self._renumber(self._whom(self._operator(token, Role.REGISTRAR), message.reference))

    def look_up_numbers(self, message: LookUpNumbers, *, token: Token) -> NumberTokens:
        """See `Identity`."""
        caller = self._operator(token)
        if Role.INQUIRER not in caller.roles:
            raise problem(403, "role_missing")
        holders = {number: linkage for linkage, number in self.numbers.items()}
        people = [
            holders.get(PersonalNumber(each)) or hmac.digest(self._secret, each.encode(), "sha256")
            for each in message.numbers
        ]
        asked_by = asked_by_number(caller.organisation)
        return NumberTokens(tokens=[self._name_to(Body.REGISTRY, each, asked_by) for each in people])

    def pseudonym_tokens(self, message: RequestPseudonymTokens, *, token: Token) -> PseudonymTokens:
        """See `Identity`."""
        caller = self._operator(token)
        person = self._whom(caller, message.reference)
        allowed = set[Body]().union(*(BODIES.get(Role(role), set()) for role in caller.roles))
        if not allowed.issuperset(message.bodies):
            raise problem(403, "role_missing")
        own = self.pseudonym(Body.IDENTITY, person)
        wallet_key = self.subjects.get(own) if Body.MEDICAL in message.bodies else None
        return PseudonymTokens(
            tokens={
                body: self._name_to(
                    body, person, caller.organisation, message.reference, operator=caller.operator
                )
                for body in message.bodies
            },
            subject=thumbprint(wallet_key) if wallet_key is not None else None,
            wallet_key=wallet_key,
        )

    def name_people(self, message: RequestPeopleNamed, *, token: Token) -> PeopleNamed:
        """See `Identity`."""
        if len(message.references) > AT_ONCE:
            raise problem(413, "too_many_people")
        people: list[PseudonymTokens | None] = []
        for each in message.references:
            try:
                one = RequestPseudonymTokens(reference=each, bodies=message.bodies)
                people.append(self.pseudonym_tokens(one, token=token))
            except RemoteProblemError as refusal:
                if refusal.code != "not_found":
                    raise
                people.append(None)
        return PeopleNamed(people=people)

    def register_subject(self, message: RegisterSubject, *, token: Token) -> RegisteredSubject:
        """See `Identity`."""
        person = self._person(token)
        try:
            jws.verify_with_jwk(message.proof, typ=SUBJECT_TYPE, jwk=message.wallet_key)
        except ConsentError:
            raise problem(403, "signature_refused") from None
        if self.subjects.setdefault(person, message.wallet_key) != message.wallet_key:
            raise problem(409, "subject_taken")
        return RegisteredSubject(subject=thumbprint(message.wallet_key))

    def present_operator(self, message: PresentOperator, *, token: Token) -> OperatorPresentation:
        """See `Identity`."""
        person = self._person(token)
        try:
            p256(message.card_key)
        except ConsentError:
            raise problem(400, "malformed_request") from None
        tag = self._name("operators", person.encode())
        expires = epoch_seconds(self.clock()) + 7 * 86_400
        return sign_presentation(message, tag=tag, expires=expires, key=self.key)

    def sector_keys(self, *, token: Token) -> SectorKeys:
        """See `Identity`; the fake has first keys only."""
        self._operator(token, Role.SUPERVISOR)
        return SectorKeys(sectors=[])

    def know(self, reference: str, *role: str, token: Token) -> None:
        """Refuse an operator without one of the roles, and a reference that names nobody of theirs."""
        self._whom(self._operator(token, *role), reference)

    def refer(self, organisation: OrganisationId, linkage: bytes) -> str:
        """Return how an organisation names a person from now on."""
        reference = self._name(f"organisation {organisation}", linkage)
        self.references[organisation, reference] = linkage
        return reference

    def _person(self, token: Token) -> Pseudonym:
        self.live(token)
        return person_caller(
            token, directory=self.directory(), audience=self.url, key=self.sealing_key, now=self.clock()
        )

    def _signed_in(self, token: Token) -> bytes:
        own = self._person(token)
        return next(linkage for linkage in self.numbers if self.pseudonym(Body.IDENTITY, linkage) == own)

    def _renumber(self, linkage: bytes) -> OwnNumber:
        self.numbers[linkage] = personal_number.generate(self.randomness)
        return OwnNumber(personal_number=self.numbers[linkage])

    def _operator(self, token: Token, *role: str) -> OperatorCaller:
        self.live(token)
        return operator_caller(token, *role, directory=self.directory(), audience=self.url, now=self.clock())

    def _whom(self, caller: OperatorCaller, reference: str) -> bytes:
        if (caller.organisation, reference) not in self.references:
            raise problem(404, "not_found")
        return self.references[caller.organisation, reference]

    def _name(self, kind: str, linkage: bytes) -> str:
        key = hmac.digest(self._secret, kind.encode(), "sha256")
        return base64url.encode(hmac.digest(key, linkage, "sha256"))

    def _name_to(
        self,
        body: Body,
        linkage: bytes,
        organisation: OrganisationId,
        reference: str = "",
        *,
        operator: OperatorId | None = None,
    ) -> str:
        handles = {
            Body.REGISTRY: self._handle(linkage),
            Body.MEDICAL: self._name(f"link {organisation} {reference}", b""),
        }
        return self._pseudonyms.issue(
            body=body,
            body_key=self.directory().sealing_key(body),
            organisation=organisation,
            pseudonym=self.pseudonym(body, linkage),
            now=self.clock(),
            handle=handles.get(body),
            asker=self._asker(linkage, organisation, operator) if body is Body.MEDICAL and operator else None,
            by=operator if body is Body.MEDICAL else None,
        )

    def _asker(self, linkage: bytes, organisation: OrganisationId, operator: OperatorId) -> str | None:
        tag = self._name("operators", self.pseudonym(Body.IDENTITY, linkage).encode())
        return colleagues(self.directory(), organisation, operator)(tag)

    def _handle(self, linkage: bytes) -> str:
        return self._name("handle", linkage)
