"""An honest keeper of parts of wallets, in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from consent import base64url, jws
from consent.errors import ConsentError
from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from consent.recovery import check_paper
from consent.vocabulary import Body
from consent.wire import parse
from services.contracts.fake_credentials import person_caller, problem
from services.contracts.oversight.register import Directory, Role, p256
from services.contracts.recovery import (
    CONFIRMATION,
    DEPOSIT,
    PART_INFO,
    RELEASE_INFO,
    RETIREMENT,
    ConfirmationClaims,
    DepositClaims,
    DepositPart,
    KeptParts,
    RecoveryFault,
    ReleasedParts,
    ReleaseParts,
    RetirementClaims,
    RetireParts,
)
from services.kit.clock import Clock
from services.kit.credentials.pseudonyms import open_sealed, seal_to
from services.kit.http import RemoteProblemError, Token

MOST = 8
Jwk = dict[str, str]


@dataclass
class FakeKeeper:
    """See `RecoveryKeeper`; `wallets` are the keys registered here, `own_card` tells which card is whose."""

    body: Body
    url: str
    clock: Clock
    directory: Callable[[], Directory]
    sealing_key: X25519PrivateKey = field(repr=False)
    own_card: Callable[[Pseudonym, str], bool]
    wallets: dict[Pseudonym, Jwk] = field(default_factory=dict)
    parts: dict[Pseudonym, dict[str, tuple[bytes, bytes]]] = field(default_factory=dict, repr=False)
    used: set[str] = field(default_factory=set)

    def deposit(self, message: DepositPart, *, token: Token) -> KeptParts:
        """See `RecoveryKeeper`."""
        person, wallet = self._who(token)
        try:
            signed = jws.verify_with_jwk(message.deposit, typ=DEPOSIT, jwk=wallet)
            claims = parse(DepositClaims, signed.payload)
            part = open_sealed(self.sealing_key, claims.part, info=PART_INFO)
        except (ConsentError, InvalidTag, ValueError):
            raise _refused(RecoveryFault.NOT_SIGNED_BY_WALLET) from None
        held = self.parts.setdefault(person, {})
        if len(held.keys() | {claims.id}) > MOST:
            del held[list(held)[1]]
        held.setdefault(claims.id, (part, claims.paper_digest))
        return KeptParts(parts=len(held))

    def retire(self, message: RetireParts, *, token: Token) -> KeptParts:
        """See `RecoveryKeeper`."""
        person, wallet = self._who(token)
        try:
            signed = jws.verify_with_jwk(message.retirement, typ=RETIREMENT, jwk=wallet)
            keep = parse(RetirementClaims, signed.payload).keep
        except ConsentError:
            raise _refused(RecoveryFault.NOT_SIGNED_BY_WALLET) from None
        if keep not in self.parts.get(person, {}):
            raise _refused(RecoveryFault.NO_RECOVERY)
        self.parts[person] = {keep: self.parts[person][keep]}
        return KeptParts(parts=1)

    def release(self, message: ReleaseParts, *, token: Token) -> ReleasedParts:
        """See `RecoveryKeeper`."""
        person, _ = self._who(token)
        try:
            confirmed = [self._confirmed(each, message) for each in message.confirmations]
        except ConsentError:
            raise _refused(RecoveryFault.NOT_CONFIRMED) from None
        if len({registrar for registrar, _ in confirmed}) < len(confirmed):
            raise _refused(RecoveryFault.NOT_CONFIRMED)
        held = list(self.parts.get(person, {}).values())
        if not held:
            raise _refused(RecoveryFault.NO_RECOVERY)
        if message.paper_proof is not None:
            proof = base64url.decode(message.paper_proof)
            held = [each for each in held if check_paper(proof, each[1])]
        elif len(confirmed) < 2:
            raise _refused(RecoveryFault.SECOND_REGISTRAR_MISSING)
        else:
            self._require_humans([registrar for registrar, _ in confirmed])
        if not held:
            raise _refused(RecoveryFault.WRONG_PAPER)
        if not all(self.own_card(person, card) for _, card in confirmed):
            raise _refused(RecoveryFault.NOT_THE_NEW_CARD)
        if not self.used.isdisjoint(message.confirmations):
            raise problem(409, "replayed")
        self.used.update(message.confirmations)
        key = X25519PublicKey.from_public_bytes(base64url.decode(message.recovery_key))
        return ReleasedParts(
            parts=[base64url.encode(seal_to(key, part, info=RELEASE_INFO)) for part, _ in held]
        )

    def _require_humans(self, registrars: list[str]) -> None:
        operators = {f"{each.organisation}/{each.id}": each for each in self.directory().register.operators}
        tags = [operators[name].person_tag for name in registrars]
        if None in tags:
            raise _refused(RecoveryFault.REGISTRAR_NOT_PRESENTED)
        if len(set(tags)) < len(tags):
            raise _refused(RecoveryFault.ONE_HUMAN_TWICE)

    def _who(self, token: Token) -> tuple[Pseudonym, Jwk]:
        person = person_caller(
            token, directory=self.directory(), audience=self.url, key=self.sealing_key, now=self.clock()
        )
        if person not in self.wallets:
            raise _refused(RecoveryFault.NOT_SIGNED_BY_WALLET)
        return person, self.wallets[person]

    def _confirmed(self, token: str, message: ReleaseParts) -> tuple[str, str]:
        registrar = jws.peek_kid(token)
        organisation, _, name = registrar.partition("/")
        operator = self.directory().operator(OrganisationId(organisation), OperatorId(name))
        if operator is None or Role.REGISTRAR not in operator.roles:
            raise _unknown()
        signed = jws.verify(token, typ=CONFIRMATION, key=p256(operator.card_key))
        claims = parse(ConfirmationClaims, signed.payload)
        if (claims.body, claims.recovery_key) != (self.body.value, message.recovery_key):
            raise _unknown()
        return registrar, claims.card


def _unknown() -> ConsentError:
    return ConsentError("not a confirmation for this")


def _refused(fault: RecoveryFault) -> RemoteProblemError:
    return problem(403, fault.value)
