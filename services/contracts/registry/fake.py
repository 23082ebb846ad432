"""An honest resident registry in memory. The same contract tests run on it and on the real one."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from consent import base64url, jws
from consent.decision import BasicRequest, HeldDirective, Refusal, decide
from consent.guardians import Ages, state_at
from consent.identifiers import OrganisationId, Pseudonym
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import BasicItem, Body
from services.contracts.fake_credentials import operator_caller, person_caller, problem
from services.contracts.oversight.register import Directory, Role
from services.contracts.registry.analysis import AskReport, LookUpReport
from services.contracts.registry.change_reasons import ON_CHANGE, ON_DEPARTURE, ON_ENTRY, ChangeReason
from services.contracts.registry.fake_look_ups import FakeLookUps
from services.contracts.registry.fake_supervision import FakeSupervision
from services.contracts.registry.look_ups import (
    BatchLookedUp,
    LookedUp,
    LookUp,
    LookUpBatch,
    asked_by_number,
)
from services.contracts.registry.messages import (
    ASKED_BY,
    ELIGIBILITY_TYPE,
    MATCH_INFO,
    AskEligibility,
    Changed,
    ComparedIdentity,
    CompareIdentity,
    Confirm,
    Confirmed,
    Depart,
    Eligibility,
    EligibilityClaims,
    ItemResult,
    MatchedIdentity,
    MatchIdentity,
    Membership,
    Presence,
    RegisteredMembership,
    RegisteredResident,
    RegisterMembership,
    RegisterResident,
    Unchanged,
)
from services.contracts.registry.supervision import Erased, ErasureProof, Stops
from services.kit.clock import JAPAN, Clock, epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import PseudonymTokenError, open_pseudonym_token, seal_to
from services.kit.http import Token


@dataclass
class FakeRegistry:
    """See `Registry`; `directives` is what people laid down here, entered by the test."""

    url: str
    clock: Clock
    directory: Callable[[], Directory]
    key: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate, repr=False)
    residents: dict[Pseudonym, dict[BasicItem, str]] = field(default_factory=dict, repr=False)
    directives: dict[Pseudonym, list[HeldDirective]] = field(default_factory=dict, repr=False)
    used: set[str] = field(default_factory=set, repr=False)
    memberships: dict[Pseudonym, Membership] = field(default_factory=dict, repr=False)
    handles: dict[Pseudonym, str] = field(default_factory=dict, repr=False)
    signing_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate, repr=False)

    def __post_init__(self) -> None:
        self.supervision = FakeSupervision(self.clock, self.signing_key)
        self.look_ups = FakeLookUps(self.residents, self.supervision, lambda: self.directory())

    def register(self, message: RegisterResident, *, token: Token) -> RegisteredResident:
        """See `Registry`."""
        caller = self._caller(token, Role.REGISTRAR)
        if (message.reason or ChangeReason.BORN) not in ON_ENTRY:
            raise problem(400, "malformed_request")
        person = self.whom(message.token, caller.organisation)
        if person in self.residents:
            raise problem(409, "already_registered")
        self.residents[person] = _items(message)
        return RegisteredResident(resident="registered")

    def change(self, message: RegisterResident, *, token: Token) -> RegisteredResident:
        """See `Registry`."""
        caller = self._caller(token, Role.REGISTRAR)
        reason = message.reason or ChangeReason.CORRECTED_EX_OFFICIO
        if reason not in ON_CHANGE:
            raise problem(400, "malformed_request")
        person = self.whom(message.token, caller.organisation)
        if person not in self.residents:
            raise problem(404, "not_found")
        if self.residents[person] == _items(message):
            return RegisteredResident(resident="unchanged")
        self.residents[person] = _items(message)
        self.supervision.former.append((self.clock().date(), reason))
        return RegisteredResident(resident="changed")

    def depart(self, message: Depart, *, token: Token) -> RegisteredResident:
        """See `Registry`."""
        caller = self._caller(token, Role.REGISTRAR)
        if message.reason not in ON_DEPARTURE:
            raise problem(400, "malformed_request")
        person = self.whom(message.token, caller.organisation)
        if person not in self.residents:
            raise problem(404, "not_found")
        del self.residents[person]
        self.memberships.pop(person, None)
        self.handles.pop(person, None)
        self.supervision.former.append((self.clock().date(), message.reason))
        return RegisteredResident(resident="departed")

    def confirm(self, message: Confirm, *, token: Token) -> Confirmed:
        """See `Registry`."""
        caller = self._caller(token)
        person = self.whom(message.token, caller.organisation)
        if Role.CONFIRMER not in caller.roles:
            raise problem(403, "role_missing")
        if person not in self.residents:
            raise problem(403, "subject_unknown")
        request = BasicRequest(
            caller.reader,
            frozenset(message.items),
            message.purpose,
            message.contract,
            message.reason,
            now=self.clock(),
        )
        decision = decide(request, self.directives.get(person, []))
        if isinstance(decision, Refusal):
            raise problem(403, decision.code.value)
        known = self.residents[person]
        results: dict[BasicItem, ItemResult] = {
            item: Unchanged() if _same(value) == known[item] else Changed(value=known[item])
            for item, value in message.items.items()
        }
        return Confirmed(results=results)

    def presence(self, token: str) -> Presence:
        """See `Registry`; the fake trusts that it is the ID centre that asks."""
        resident = self.residents.get(self.whom(token, ASKED_BY))
        if resident is None:
            return Presence(registered=False)
        born = date.fromisoformat(resident[BasicItem.BIRTH_DATE])
        today = self.clock().astimezone(JAPAN).date()
        return Presence(registered=True, state=state_at(born, today=today, ages=Ages()))

    def look_up(self, message: LookUp, *, token: Token) -> LookedUp:
        """See `Registry`."""
        caller = self._caller(token)
        return self.look_ups.look_up(caller, message, self._numbered(caller))

    def look_up_batch(self, message: LookUpBatch, *, token: Token) -> BatchLookedUp:
        """See `Registry`."""
        caller = self._caller(token)
        return self.look_ups.look_up_batch(caller, message, self._numbered(caller))

    def stops(self, *, token: Token) -> Stops:
        """See `Registry`."""
        return self.supervision.stops(self._supervisor(token))

    def look_up_report(self, message: AskReport, *, token: Token) -> LookUpReport:
        """See `Registry`."""
        return self.supervision.report(self._supervisor(token), message)

    def own_look_up_report(self, message: AskReport, *, token: Token) -> LookUpReport:
        """See `Registry`."""
        person = person_caller(
            token, directory=self.directory(), audience=self.url, key=self.key, now=self.clock()
        )
        return self.supervision.own_report(person, message)

    def erase_history(self, *, token: Token) -> Erased:
        """See `Registry`."""
        self._supervisor(token)
        return self.supervision.erase()

    def prove_erasure(self, *, token: Token) -> ErasureProof:
        """See `Registry`."""
        self._supervisor(token)
        return self.supervision.prove()

    def _supervisor(self, token: Token) -> OperatorCaller:
        return self._caller(token, Role.SUPERVISOR, Role.AUDITOR)

    def _numbered(self, caller: OperatorCaller) -> Callable[[str], Pseudonym]:
        return lambda token: self.whom(token, asked_by_number(caller.organisation))

    def compare(self, message: CompareIdentity) -> ComparedIdentity:
        """See `Registry`."""
        known = self.residents.get(self.whom(message.token, ASKED_BY))
        told = (BasicItem.NAME, message.name), (BasicItem.BIRTH_DATE, message.birth_date)
        fits = [known is not None and known[item] == _same(value) for item, value in told]
        return ComparedIdentity(name=fits[0], birth_date=fits[1])

    def match(self, message: MatchIdentity) -> MatchedIdentity:
        """See `Registry`."""
        wanted = _same(message.name), message.birth_date
        found = [
            person
            for person, items in self.residents.items()
            if (items[BasicItem.NAME], items[BasicItem.BIRTH_DATE]) == wanted
        ]
        if len(found) != 1 or found[0] not in self.handles:
            return MatchedIdentity(person=None)
        key = self.directory().sealing_key(Body.IDENTITY)
        return MatchedIdentity(
            person=base64url.encode(seal_to(key, self.handles[found[0]].encode(), info=MATCH_INFO))
        )

    def register_membership(self, message: RegisterMembership, *, token: Token) -> RegisteredMembership:
        """See `Registry`."""
        caller = self._caller(token, Role.REGISTRAR)
        person = self.whom(message.token, caller.organisation)
        if person not in self.residents:
            raise problem(404, "not_found")
        if message.membership.valid_until < message.membership.valid_from:
            raise problem(400, "malformed_request")
        self.memberships[person] = message.membership
        return RegisteredMembership(insurance="registered")

    def eligibility(self, message: AskEligibility, *, token: Token) -> Eligibility:
        """See `Registry`."""
        caller = self._caller(token, Role.READER, Role.WRITER)
        held = self.memberships.get(self.whom(message.token, caller.organisation))
        today = self.clock().astimezone(JAPAN).date().isoformat()
        if held is not None and not held.valid_from <= today <= held.valid_until:
            held = None
        claims = EligibilityClaims(
            organisation=caller.organisation,
            question=base64url.encode(sha256(message.token.encode()).digest()),
            at=epoch_seconds(self.clock()),
            eligible=held is not None,
            membership=held,
        )
        signed = jws.sign(
            claims.model_dump(mode="json"),
            typ=ELIGIBILITY_TYPE,
            key=self.signing_key,
            kid=thumbprint(to_jwk(self.signing_key.public_key())),
        )
        return Eligibility(eligibility=signed)

    def _caller(self, token: Token, *role: str) -> OperatorCaller:
        return operator_caller(token, *role, directory=self.directory(), audience=self.url, now=self.clock())

    def whom(self, token: str, organisation: OrganisationId) -> Pseudonym:
        """Return whom a pseudonym token names; it counts once."""
        try:
            named = open_pseudonym_token(
                token,
                key=self.key,
                issuer=self.directory().token_key(),
                body=Body.REGISTRY,
                organisation=organisation,
                now=self.clock(),
            )
        except PseudonymTokenError:
            raise problem(403, "pseudonym_token_refused") from None
        if named.jti in self.used:
            raise problem(409, "replayed")
        self.used.add(named.jti)
        if named.handle is not None:
            self.handles[named.pseudonym] = named.handle
        return named.pseudonym


def _items(message: RegisterResident) -> dict[BasicItem, str]:
    told = message.items.model_dump(mode="json")
    return {BasicItem(name): _same(value) for name, value in told.items()}


def _same(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).split())
