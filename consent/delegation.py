"""Delegation: two of three bodies together let a permitted reader open, none of them reading itself.

P5 verify fragment: a body tries the fragment out before it accepts a permission.
R6 re-encrypt: a body turns a capsule into its capsule fragment for the reader.
R9 verify capsule fragments: the reader checks each body's work and names the faulty one.

Known limit (Umbral): two bodies' fragments and the reader's secret key together reveal the delegating
key of that one compartment. No reader is ever one of the bodies.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Self

from nucypher_core import MessageKit
from nucypher_core.umbral import (
    Capsule,
    PublicKey,
    SecretKeyFactory,
    VerificationError,
    VerifiedCapsuleFrag,
    VerifiedKeyFrag,
)
from nucypher_core.umbral import reencrypt as umbral_reencrypt

from consent.compartments import Compartment
from consent.errors import (
    FaultyProxyError,
    SealError,
    TooFewFragmentsError,
    UnopenableError,
    WrongCapsuleFragmentError,
)
from consent.notices import VerifiedReaderNotice
from consent.publication import VerifiedPublication
from consent.randomness import Randomness, draw
from consent.sealing import BundleMeta, ContentKey
from consent.umbral_bytes import (
    read_capsule,
    read_capsule_fragment,
    read_key_fragment,
    read_message_kit,
    read_public_key,
    read_secret_key,
)
from consent.vocabulary import PROXIES, THRESHOLD, Body

_SEED: Final = 32
_RECEIVING: Final = b"sekisho-receiving-key/1"


@cache
def _trial_capsule() -> Capsule:
    # A capsule is independent of the key it was made for, so one serves every trial.
    factory = SecretKeyFactory.from_secure_randomness(bytes(_SEED))
    return MessageKit(factory.make_key(b"trial").public_key(), bytes(_SEED), None).capsule


@dataclass(frozen=True, slots=True)
class FragmentKeys:
    """The public keys by which a capsule fragment is checked. Shape: 33 bytes each, compressed."""

    delegating: bytes
    verifying: bytes
    receiving: bytes


@dataclass(frozen=True, slots=True)
class FragmentPackage:
    """A key fragment for one compartment as it arrives from a wallet, not yet to be used.

    Shape: `kfrag` 310 bytes, each key 33 bytes compressed. The bytes of `verifying_key` and of the two
    other keys are the same at all three bodies: store them encrypted.
    """

    compartment: Compartment
    kfrag: bytes = field(repr=False)
    delegating_key: bytes
    verifying_key: bytes
    receiving_key: bytes

    def verify(self) -> "VerifiedFragment":
        """P5: check the fragment's signatures, then try it out on a capsule.

        Guarantees: what the fragment produces verifies for the reader; the trial is needed because
        the binding's own check passes over the signature that is meant for the reader.
        Raises: SealError.
        """
        verifying, delegating, receiving = self._keys()
        fragment = read_key_fragment(self.kfrag)
        try:
            verified = fragment.verify(verifying, delegating, receiving)
            outcome = umbral_reencrypt(_trial_capsule(), verified).unverify()
            outcome.verify(_trial_capsule(), verifying, delegating, receiving)
        except (ValueError, VerificationError):
            raise SealError from None
        return VerifiedFragment(self, verified)

    def _keys(self) -> tuple[PublicKey, PublicKey, PublicKey]:
        verifying, delegating = read_public_key(self.verifying_key), read_public_key(self.delegating_key)
        return verifying, delegating, read_public_key(self.receiving_key)


@dataclass(frozen=True, slots=True)
class VerifiedFragment:
    """A fragment that has been tried out; made by `FragmentPackage.verify` or from the body's own store."""

    package: FragmentPackage
    _fragment: VerifiedKeyFrag = field(repr=False)

    @property
    def compartment(self) -> Compartment:
        """The compartment that this fragment helps to open."""
        return self.package.compartment

    @property
    def keys(self) -> FragmentKeys:
        """The keys by which what it makes is checked."""
        package = self.package
        return FragmentKeys(package.delegating_key, package.verifying_key, package.receiving_key)


def load_verified_fragment_from_own_store(package: FragmentPackage) -> VerifiedFragment:
    """Take up a fragment that this same body verified before it stored it, encrypted and authenticated.

    Guarantees: none beyond its form. Never for a fragment that has just arrived.
    Raises: SealError.
    """
    return VerifiedFragment(package, read_key_fragment(package.kfrag).skip_verification())


def reencrypt(capsule: bytes, fragment: VerifiedFragment) -> bytes:
    """R6: turn a capsule into this body's capsule fragment for the reader named by the fragment.

    Shape: 381 bytes. Raises: SealError if the capsule is malformed or inconsistent.
    """
    return bytes(umbral_reencrypt(read_capsule(capsule), fragment._fragment))


def check_capsule_fragment(capsule: bytes, fragment: bytes, keys: FragmentKeys) -> None:
    """R9: check one body's capsule fragment.

    Raises: WrongCapsuleFragmentError; SealError if capsule or keys are none, which nobody can be blamed for.
    """
    known, verifying = read_capsule(capsule), read_public_key(keys.verifying)
    delegating, receiving = read_public_key(keys.delegating), read_public_key(keys.receiving)
    try:
        read_capsule_fragment(fragment).verify(known, verifying, delegating, receiving)
    except (SealError, ValueError, VerificationError):
        raise WrongCapsuleFragmentError from None


class ReceivingKey:
    """An organisation's secret key for what persons permit it to read; hidden in text, does not hash."""

    __slots__ = ("_key",)
    __hash__ = None  # type: ignore[assignment]  # a secret must not become a dictionary key

    def __init__(self, secret: bytes) -> None:
        self._key = read_secret_key(secret)

    def __repr__(self) -> str:
        return "ReceivingKey(...)"

    @classmethod
    def create(cls, randomness: Randomness) -> Self:
        """Make a new key from 32 random bytes."""
        factory = SecretKeyFactory.from_secure_randomness(draw(randomness, _SEED))
        return cls(factory.make_key(_RECEIVING).to_be_bytes())

    @classmethod
    def from_secret_bytes(cls, secret: bytes) -> Self:
        """Read what `to_secret_bytes` writes. Raises: SealError."""
        return cls(secret)

    def to_secret_bytes(self) -> bytes:
        """Export the secret key. Shape: 32 bytes."""
        return self._key.to_be_bytes()

    def decrypt(self, message_kit: bytes) -> bytes:
        """Open what was encrypted to this very key. Raises: SealError."""
        try:
            return read_message_kit(message_kit).decrypt(self._key)
        except ValueError:
            raise SealError from None

    def public_bytes(self) -> bytes:
        """The public key that grants name as recipient. Shape: 33 bytes, compressed."""
        return self._key.public_key().to_compressed_bytes()


def _verified_fragments(
    capsule: Capsule, fragments: Mapping[Body, bytes], *, keys: tuple[PublicKey, PublicKey, PublicKey]
) -> list[VerifiedCapsuleFrag]:
    verified = []
    for body in sorted(fragments):
        try:
            verified.append(read_capsule_fragment(fragments[body]).verify(capsule, *keys))
        except (SealError, ValueError, VerificationError):
            raise FaultyProxyError(body) from None
    return verified


def open_shared(
    bundle: BundleMeta,
    *,
    publication: VerifiedPublication,
    notice: VerifiedReaderNotice,
    fragments: Mapping[Body, bytes],
    receiving_key: ReceivingKey,
) -> ContentKey:
    """R9: check every body's capsule fragment, then recover the bundle's content key.

    Raises: FaultyProxyError naming a body whose fragment is wrong; TooFewFragmentsError below two;
    SealError if bundle, publication and notice do not belong together; UnopenableError if no key of the person opens.
    """
    subjects = {bundle.subject, publication.subject, notice.notice.subject}
    delegating = publication.keys.get(bundle.compartment)
    if len(subjects) != 1 or delegating is None or not notice.notice.scope.covers(bundle.compartment):
        raise SealError
    if not fragments.keys() <= set(PROXIES):
        raise SealError
    kit, delegating_key = read_message_kit(bundle.message_kit), read_public_key(delegating)
    receiving = receiving_key._key.public_key()
    keys = (read_public_key(notice.notice.verifying_key), delegating_key, receiving)
    verified = _verified_fragments(kit.capsule, fragments, keys=keys)
    if len(verified) < THRESHOLD:
        raise TooFewFragmentsError
    try:
        return ContentKey(kit.decrypt_reencrypted(receiving_key._key, delegating_key, verified))
    except ValueError:
        raise UnopenableError from None
