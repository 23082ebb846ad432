"""The honest fake of disclosures, beside `FakeRegistry`, whose residents it shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent import base64url, jws
from consent.account_proof import CONFIRMATION, Confirmation, confirmation_payload
from consent.accounts import DISCLOSURE_SEAL, Disclosure, item_digest, verify_disclosure
from consent.decision import BasicRequest, Refusal, decide
from consent.errors import ConsentError
from consent.identifiers import Pseudonym
from consent.jwk import PublicJwk, thumbprint, to_jwk
from consent.recipients import Reader
from consent.terms import Effect
from consent.vocabulary import ConfirmationReason, Purpose
from services.contracts.fake_credentials import operator_caller, problem
from services.contracts.oversight.register import Role
from services.contracts.registry.disclosures import Disclose, Disclosed, DisclosedItem
from services.contracts.registry.fake import FakeRegistry
from services.kit.clock import Randomness, system_randomness
from services.kit.credentials.pseudonyms import open_sealed
from services.kit.http import Token


@dataclass
class FakeDisclosures:
    """See `Disclosures`; `wallets` are people's wallet keys, entered by the test."""

    registry: FakeRegistry
    key: Ed25519PrivateKey = field(repr=False)
    wallets: Mapping[Pseudonym, PublicJwk] = field(default_factory=dict, repr=False)
    used: set[str] = field(default_factory=set, repr=False)
    randomness: Randomness = system_randomness

    def disclose(self, message: Disclose, *, token: Token) -> Disclosed:
        """See `Disclosures`."""
        registry, now = self.registry, self.registry.clock()
        caller = operator_caller(token, directory=registry.directory(), audience=registry.url, now=now)
        person = registry.whom(message.token, caller.organisation)
        if Role.CONFIRMER not in caller.roles:
            raise problem(403, "role_missing")
        if person not in registry.residents:
            raise problem(403, "subject_unknown")
        asked = self._verify(message, person)
        if asked is None or asked.organisation != caller.organisation:
            raise problem(403, "not_signed_by_person")
        if asked.until <= now:
            raise problem(403, "expired")
        if self._denied(caller.reader, asked):
            raise problem(403, "denied_by_person")
        if asked.agreement in self.used:
            raise problem(409, "replayed")
        self.used.add(asked.agreement)
        return self._answer(asked)

    def _verify(self, message: Disclose, person: Pseudonym) -> Disclosure | None:
        try:
            sealed = base64url.decode(message.disclosure)
            signed = open_sealed(self.registry.key, sealed, info=DISCLOSURE_SEAL).decode("ascii")
            told = verify_disclosure(signed, self.wallets[person])
        except (InvalidTag, ConsentError, ValueError, KeyError):
            return None
        return told if told.person == person else None

    def _denied(self, reader: Reader, asked: Disclosure) -> bool:
        request = BasicRequest(
            reader,
            asked.items,
            Purpose.IDENTITY_VERIFICATION,
            asked.contract,
            ConfirmationReason.OPENING,
            now=self.registry.clock(),
        )
        held = self.registry.directives.get(asked.person, [])
        decision = decide(request, [each for each in held if each.terms.effect is Effect.DENY])
        return isinstance(decision, Refusal) and decision.code == "denied_by_person"

    def _answer(self, asked: Disclosure) -> Disclosed:
        known = self.registry.residents[asked.person]
        items = {
            item: DisclosedItem(value=known[item], salt=base64url.encode(self.randomness(16)))
            for item in asked.items
        }
        digests = {item: item_digest(item, told.value, told.salt) for item, told in items.items()}
        word = Confirmation(asked.organisation, asked.agreement, digests, self.registry.clock())
        kid = thumbprint(to_jwk(self.key.public_key()))
        signed = jws.sign(confirmation_payload(word), typ=CONFIRMATION, key=self.key, kid=kid)
        return Disclosed(items=items, confirmation=signed)
