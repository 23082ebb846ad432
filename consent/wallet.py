"""The wallet: the person's one seed, and everything that only the person can do with it.

From the seed come, by HKDF with separate labels, one Ed25519 signing key per body and the root of the
delegating keys, one per compartment. Delegating keys never sign; signing keys never open.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nucypher_core import MessageKit
from nucypher_core.umbral import SecretKey, SecretKeyFactory, Signer, generate_kfrags

from consent import base64url, jws
from consent.canonical import JsonObject
from consent.compartments import Compartment
from consent.delegation import FragmentPackage
from consent.directives import (
    DIRECTIVE,
    BasicScope,
    Directive,
    DirectiveCopy,
    Effect,
    Grant,
    Terms,
    UnverifiedDirective,
    VerifiedDirective,
    Withdrawal,
    directive_payload,
)
from consent.errors import MalformedError, SealError, UnopenableError
from consent.guardian_signature import GuardianSignature
from consent.handles import seal_handle
from consent.identifiers import DirectiveId, OrganisationId, Pseudonym, SubjectKeyId
from consent.jwk import thumbprint, to_jwk
from consent.notices import READER_NOTICE, ReaderNotice, notice_payload
from consent.publication import COMPARTMENT_KEYS, publication_payload
from consent.randomness import Randomness, draw
from consent.sealing import BundleMeta, ContentKey, PlainDocument, SealedDocument, open_document
from consent.umbral_bytes import read_message_kit, read_public_key
from consent.vocabulary import PROXIES, THRESHOLD, Body
from consent.withdrawals import WITHDRAWAL, withdrawal_payload

_SEED: Final = 32
_ID: Final = 16
_SIGNING: Final = "sekisho-wallet-signing/1/"
_DELEGATING: Final = "sekisho-wallet-delegating/1"
_ACCOUNT: Final = "sekisho-wallet-account/1/"
_GUARDIAN: Final = "sekisho-wallet-guardian/1/"
_WARDS: Final = "sekisho-wallet-wards/1"
_NAMING: Final = "sekisho-wallet-naming/1"
_FRAGMENT_SIGNER: Final = b"sekisho-fragment-signer/1"


class Wallet:
    """The person's keys; hidden in text, does not hash."""

    __slots__ = ("_factory", "_seed", "_signing")
    __hash__ = None  # type: ignore[assignment]  # a secret must not become a dictionary key

    def __init__(self, seed: bytes) -> None:
        if len(seed) != _SEED:
            raise MalformedError("A wallet's seed has 32 bytes.")
        self._seed = seed
        self._factory = SecretKeyFactory.from_secure_randomness(self._derive(_DELEGATING))
        self._signing: dict[Body, Ed25519PrivateKey] = {}

    def __repr__(self) -> str:
        return "Wallet(...)"

    @classmethod
    def create(cls, randomness: Randomness) -> Self:
        """Make a new wallet from 32 random bytes."""
        return cls(draw(randomness, _SEED))

    @classmethod
    def from_secret_bytes(cls, seed: bytes) -> Self:
        """Read what `to_secret_bytes` writes. Raises: MalformedError."""
        return cls(seed)

    def to_secret_bytes(self) -> bytes:
        """Export the seed: who has it is the person. Shape: 32 bytes."""
        return self._seed

    def _derive(self, label: str) -> bytes:
        return HKDF(algorithm=SHA256(), length=_SEED, salt=None, info=label.encode()).derive(self._seed)

    def _delegating_key(self, compartment: Compartment) -> SecretKey:
        return self._factory.make_key(compartment.label.encode())

    def signing_key(self, body: Body) -> Ed25519PrivateKey:
        """The key that signs what is sent to `body`; no other body ever sees its public part."""
        if body not in self._signing:
            self._signing[body] = Ed25519PrivateKey.from_private_bytes(self._derive(_SIGNING + body))
        return self._signing[body]

    def public_jwk(self, body: Body) -> dict[str, str]:
        """The public part of `signing_key`, to be registered with that body."""
        return to_jwk(self.signing_key(body).public_key())

    @property
    def subject(self) -> SubjectKeyId:
        """How sealed records name the person: the thumbprint of the key for the medical centre."""
        return SubjectKeyId(thumbprint(self.public_jwk(Body.MEDICAL)))

    def sign(self, body: Body, typ: str, payload: JsonObject) -> str:
        """Sign any payload for `body`; the kid is the thumbprint of the key registered there."""
        return jws.sign(payload, typ=typ, key=self.signing_key(body), kid=thumbprint(self.public_jwk(body)))

    def account_key(self, organisation: OrganisationId) -> Ed25519PrivateKey:
        """The key that signs agreements with one organisation; no other ever sees its public part."""
        return Ed25519PrivateKey.from_private_bytes(self._derive(_ACCOUNT + organisation))

    def guardian_key(self, guardianship: str, body: Body) -> Ed25519PrivateKey:
        """The key that signs for a ward at `body`; no other body, and no other ward, ever has to do with it."""
        return Ed25519PrivateKey.from_private_bytes(self._derive(f"{_GUARDIAN}{guardianship}/{body}"))

    def wards_key(self) -> bytes:
        """The secret under which wallets of wards are kept. Shape: 32 bytes."""
        return self._derive(_WARDS)

    def naming_key(self) -> bytes:
        """The secret by which the person's own documents get their names. Shape: 32 bytes."""
        return self._derive(_NAMING)

    def compartment_public_key(self, compartment: Compartment) -> bytes:
        """The key to seal records of a compartment to. Shape: 33 bytes, compressed."""
        return self._delegating_key(compartment).public_key().to_compressed_bytes()

    def publish(self, compartments: Iterable[Compartment], issued_at: datetime) -> str:
        """Sign the public keys of compartments, so that writers know they are this person's."""
        keys = {compartment: self.compartment_public_key(compartment) for compartment in compartments}
        payload = publication_payload(self.subject, keys, issued_at)
        return self.sign(Body.MEDICAL, COMPARTMENT_KEYS, payload)

    def open_own(
        self, bundle: BundleMeta, documents: Sequence[SealedDocument], *, author_key: Ed25519PublicKey
    ) -> tuple[PlainDocument, ...]:
        """Open the person's own records, without any body's help.

        Raises: SignatureError if the author did not seal a document; SealError if it does not open.
        """
        key = self.own_key(bundle)
        return tuple(
            open_document(key, bundle=bundle, document=document, author_key=author_key)
            for document in documents
        )

    def own_key(self, bundle: BundleMeta) -> ContentKey:
        """Return what the documents of the person's own bundle open with.

        Raises: SealError for somebody else's bundle; UnopenableError if no key of the person opens it.
        """
        if bundle.subject != self.subject:
            raise SealError
        try:
            secret = read_message_kit(bundle.message_kit).decrypt(self._delegating_key(bundle.compartment))
        except ValueError:
            raise UnopenableError from None
        return ContentKey(secret)

    def hand_over(self, message_kit: bytes, compartment: Compartment, *, to: bytes) -> bytes:
        """Y4: encrypt the content key of one of the person's own bundles to another key of the person's.

        Shape: a message kit, 189 bytes. Raises: SealError.
        """
        try:
            secret = read_message_kit(message_kit).decrypt(self._delegating_key(compartment))
        except ValueError:
            raise SealError from None
        return self.seal_content_key(secret, to=to)

    @staticmethod
    def seal_content_key(secret: bytes, *, to: bytes) -> bytes:
        """Encrypt a content key to a compartment's public key. Raises: SealError."""
        return bytes(MessageKit(read_public_key(to), secret, None))

    def grant(
        self,
        terms: Terms,
        *,
        recipient_receiving_key: bytes | None,
        compartments: Iterable[Compartment],
        persons: Mapping[Body, Pseudonym],
        handle_keys: Mapping[Body, X25519PublicKey],
        now: datetime,
        randomness: Randomness,
        guardian: Mapping[Body, GuardianSignature] | None = None,
    ) -> Grant:
        """P2: sign one directive per body and make the fragments that go with it.

        `guardian` has a guardian's signature for each body, when somebody acts for the person.

        For records `persons` names the three proxies and `handle_keys` the two beside the medical centre;
        for basic items `persons` names the registry. A refusal and basic items have no receiving key and
        no compartments.
        Raises: MalformedError if the bodies are others or a compartment is outside the scope.
        """
        listed = sorted(set(compartments))
        _check_bodies(terms, persons.keys(), handle_keys.keys())
        _check_compartments(terms, listed, recipient_receiving_key)
        ids = {body: DirectiveId(base64url.encode(draw(randomness, _ID))) for body in persons}
        signer = Signer(
            SecretKeyFactory.from_secure_randomness(draw(randomness, _SEED)).make_key(_FRAGMENT_SIGNER)
        )
        dealt = self._deal(listed, recipient_receiving_key, signer)
        notice = self._reader_notice(terms, signer) if listed else None
        handles = {body: seal_handle(key, ids[body], info=body) for body, key in handle_keys.items()}
        copies = {}
        for body, person in persons.items():
            directive = Directive(ids[body], body, person, terms, now, (guardian or {}).get(body))
            medical = body is Body.MEDICAL
            copies[body] = DirectiveCopy(
                jws=self.sign(body, DIRECTIVE, directive_payload(directive)),
                fragments=dealt.get(body, {}),
                handles=handles if medical else {},
                reader_notice=notice if medical else None,
            )
        return Grant(copies)

    def _deal(
        self, compartments: Sequence[Compartment], receiving_key: bytes | None, signer: Signer
    ) -> dict[Body, dict[str, FragmentPackage]]:
        dealt: dict[Body, dict[str, FragmentPackage]] = {body: {} for body in PROXIES}
        if receiving_key is None:
            return dealt
        receiver = read_public_key(receiving_key)
        verifying = signer.verifying_key().to_compressed_bytes()
        for compartment in compartments:
            delegating = self._delegating_key(compartment)
            # Both keys are signed into the fragment, so that it fits this compartment and reader only.
            fragments = generate_kfrags(delegating, receiver, signer, THRESHOLD, len(PROXIES), True, True)
            public = delegating.public_key().to_compressed_bytes()
            for body, fragment in zip(PROXIES, fragments, strict=True):
                dealt[body][compartment.label] = FragmentPackage(
                    compartment, bytes(fragment), public, verifying, receiving_key
                )
        return dealt

    def _reader_notice(self, terms: Terms, signer: Signer) -> str:
        notice = ReaderNotice(
            subject=self.subject,
            recipient=terms.recipient.required(),
            purposes=terms.purposes,
            scope=terms.scope,
            valid_until=terms.valid_until,
            verifying_key=signer.verifying_key().to_compressed_bytes(),
        )
        return self.sign(Body.MEDICAL, READER_NOTICE, notice_payload(notice))

    def withdraw(self, copies: Mapping[Body, str], *, now: datetime) -> dict[Body, str]:
        """W1: sign, for each body, the withdrawal of its copy, given the copies' signed texts.

        Raises: SignatureError if a copy is not this wallet's for that body.
        """
        orders = {}
        for body, token in copies.items():
            orders[body] = self.withdraw_verified(
                UnverifiedDirective(token).verify(self.public_jwk(body)), now=now
            )
        return orders

    def withdraw_verified(self, copy: VerifiedDirective, *, now: datetime) -> str:
        """W1: sign the withdrawal of one body's copy, which this wallet or one before it has signed."""
        said = copy.directive
        withdrawal = Withdrawal(said.id, said.body, said.person, now)
        return self.sign(said.body, WITHDRAWAL, withdrawal_payload(withdrawal))


def _check_bodies(terms: Terms, persons: Iterable[Body], handle_keys: Iterable[Body]) -> None:
    if isinstance(terms.scope, BasicScope):
        wanted, pointed = {Body.REGISTRY}, set[Body]()
    else:
        wanted, pointed = set(PROXIES), set(PROXIES) - {Body.MEDICAL}
    if set(persons) != wanted or set(handle_keys) != pointed:
        raise MalformedError(
            "Records need the medical, oversight and identity bodies and handle keys of the last two; "
            "basic items need the registry alone."
        )


def _check_compartments(
    terms: Terms, compartments: Sequence[Compartment], receiving_key: bytes | None
) -> None:
    if terms.effect is Effect.DENY or isinstance(terms.scope, BasicScope):
        if compartments or receiving_key is not None:
            raise MalformedError("A refusal and basic items have no compartments and no receiving key.")
        return
    if not compartments or receiving_key is None:
        raise MalformedError("A permission for records needs compartments and the recipient's receiving key.")
    if not all(map(terms.scope.covers, compartments)):
        raise MalformedError("A compartment is outside the directive's scope; leave it out.")
