"""What a body signs of the capsule fragments it hands out, so that a wrong one can be shown to anybody.

F1 each of the two bodies signs the root of a tree over all that it made for one statement: bundle, capsule, capsule
   fragment, and the keys by which the fragment can be checked;
F2 the medical centre recomputes the second body's root from what it asked for and got (stops a body that signs
   something else), and signs beside its own root which text of the second body it passed on, and by which key it
   verified that (stops the text of an honest body from showing anything once that body has another key);
F3 a fragment that does not work is shown as a leaf under a signed root (`WrongFragment`), and what the medical centre
   passed on though nobody signed it by both texts (`NotReleased`); nobody can show either of a body that did its work.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Final, Literal, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, ValidationError

from consent import base64url, jws
from consent.canonical import JsonObject
from consent.delegation import FragmentKeys, check_capsule_fragment
from consent.errors import ConsentError, WrongCapsuleFragmentError
from consent.identifiers import BundleId
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import PROXIES, Body
from services.contracts.directives import BodyName
from services.kit.encoding import Base64Url, Message
from services.kit.log.errors import LogProofError
from services.kit.log.merkle import leaf_hash, verify_inclusion
from services.kit.log.small_tree import prove_part, root_of_hashes
from services.kit.problems import ForbiddenError, Problem

RELEASED: Final = "sekisho-released+jws"
SignedText = Annotated[str, Field(min_length=1, max_length=4096)]
Keys: TypeAlias = Callable[[Body], Ed25519PublicKey]
"""Returns the key by which a body signs what it states (`Directory.signing_key`)."""


class WrongReason(StrEnum):
    """Why the log speaks of a wrong fragment: shown by a signature, found by the medical centre, or not shown."""

    FRAGMENT_WRONG = "fragment_wrong"
    RELEASE_UNUSABLE = "release_unusable"
    ACCUSATION_UNPROVEN = "accusation_unproven"


class UnprovenError(Exception):
    """What should show that a body handed out a wrong fragment does not show it."""


class AccusationUnprovenError(ForbiddenError):
    """What somebody sent to a body does not show that a body handed out a wrong fragment, or not for this person."""

    problem = Problem(
        403,
        WrongReason.ACCUSATION_UNPROVEN.value,
        "This does not show that a body handed out a wrong fragment",
        "Read again without it; keep the answer in question, and report it with what the body signed.",
    )


@dataclass(frozen=True, slots=True)
class HandedOut:
    """One capsule fragment, with what it was made of and is checked by."""

    bundle: BundleId
    capsule: bytes
    fragment: bytes
    keys: FragmentKeys

    @property
    def leaf(self) -> bytes:
        """F1: its leaf's hash. Shape: 32 bytes."""
        keys = self.keys
        parts = (
            self.bundle.encode(),
            self.capsule,
            self.fragment,
            keys.delegating,
            keys.verifying,
            keys.receiving,
        )
        return leaf_hash(b"".join(len(each).to_bytes(4, "big") + each for each in parts))


class PassedOn(Message):
    """What the medical centre passed on of the second body: under which root, and the digest of its signed text.

    Shape: `key` names the key by which that text verified, RFC 7638.
    """

    body: BodyName
    root: Base64Url
    text: Base64Url
    key: Base64Url


class Released(Message):
    """What a body signs (F1); `second` in the medical centre's only."""

    body: BodyName
    statement: Base64Url
    bundles: int = Field(ge=0)
    root: Base64Url
    second: PassedOn | None = None


class WrongFragment(Message):
    """F3: a leaf under `signed`, at `slot`, whose fragment does not work for its capsule and keys."""

    kind: Literal["wrong"] = "wrong"
    signed: SignedText
    bundle: Annotated[str, Field(min_length=1, max_length=64)]
    capsule: Base64Url
    fragment: Base64Url
    delegating_key: Base64Url
    verifying_key: Base64Url
    receiving_key: Base64Url
    slot: int = Field(ge=0, lt=2**31)
    proof: list[Base64Url] = Field(max_length=32)

    def handed_out(self) -> HandedOut:
        """Return what it is about."""
        keys = FragmentKeys(
            base64url.decode(self.delegating_key),
            base64url.decode(self.verifying_key),
            base64url.decode(self.receiving_key),
        )
        return HandedOut(
            BundleId(self.bundle), base64url.decode(self.capsule), base64url.decode(self.fragment), keys
        )


class NotReleased(Message):
    """F3: the medical centre signed that it passed `second` on, and that text does not say what was passed on."""

    kind: Literal["not_released"] = "not_released"
    signed: SignedText
    second: Annotated[str, Field(max_length=4096)]


Evidence: TypeAlias = Annotated[WrongFragment | NotReleased, Field(discriminator="kind")]


class WrongRelease(Message):
    """Evidence that one body did its part of a read wrong."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ProvenWrong:
    """A body that did its part wrong, shown by its own signature. Shape: `statement` 32 bytes, the digest."""

    body: Body
    statement: bytes
    handed_out: HandedOut | None


def statement_digest(statement: str) -> bytes:
    """Name an access statement. Shape: 32 bytes."""
    return sha256(statement.encode()).digest()


def root_of(handed_out: Sequence[HandedOut]) -> bytes:
    """F1: the root over all that one body handed out."""
    return root_of_hashes([each.leaf for each in handed_out])


def sign_released(
    body: Body,
    handed_out: Sequence[HandedOut],
    *,
    statement: str,
    key: Ed25519PrivateKey,
    second: PassedOn | None = None,
) -> str:
    """F1: sign what this body made for a statement."""
    beside: JsonObject = {} if second is None else {"second": second.model_dump(mode="json")}
    payload: JsonObject = {
        "body": body.value,
        "statement": base64url.encode(statement_digest(statement)),
        "bundles": len(handed_out),
        "root": base64url.encode(root_of(handed_out)),
        **beside,
    }
    return jws.sign(payload, typ=RELEASED, key=key, kid=_kid(key.public_key().public_bytes_raw()))


def passed_on(body: Body, handed_out: Sequence[HandedOut], text: str, *, key: Ed25519PublicKey) -> PassedOn:
    """F2: say what was passed on of the second body; `key` is that by which its text verified."""
    root = base64url.encode(root_of(handed_out))
    return PassedOn(
        body=body, root=root, text=base64url.encode(_digest(text)), key=_kid(key.public_bytes_raw())
    )


def read_released(text: str, body: Body, *, keys: Keys) -> Released:
    """Check a body's signed text. Raises: UnprovenError."""
    try:
        payload = jws.verify(text, typ=RELEASED, key=keys(body)).payload
        said = Released.model_validate_json(payload)
    except (ConsentError, ValidationError) as error:
        raise UnprovenError(f"this is not what {body.value} signed") from error
    if said.body is not body:
        raise UnprovenError(f"this is not what {body.value} signed")
    return said


def require_released(
    text: str, body: Body, handed_out: Sequence[HandedOut], *, statement: str, keys: Keys
) -> None:
    """F2: check that a body signed exactly this, for this statement. Raises: UnprovenError."""
    if not _says(read_released(text, body, keys=keys), handed_out, statement):
        raise UnprovenError(f"{body.value} signed something else than it handed out")


def show_wrong(signed: str, handed_out: Sequence[HandedOut], slot: int) -> WrongFragment:
    """F3: show one fragment under a body's signed text."""
    one = handed_out[slot]
    return WrongFragment(
        signed=signed,
        bundle=one.bundle,
        capsule=base64url.encode(one.capsule),
        fragment=base64url.encode(one.fragment),
        delegating_key=base64url.encode(one.keys.delegating),
        verifying_key=base64url.encode(one.keys.verifying),
        receiving_key=base64url.encode(one.keys.receiving),
        slot=slot,
        proof=[base64url.encode(each) for each in prove_part([each.leaf for each in handed_out], slot)],
    )


def verify_wrong(wrong: WrongRelease, *, keys: Keys) -> ProvenWrong:
    """F3: check that a body handed out what it must not have, by nothing but what it signed itself.

    Raises: UnprovenError.
    """
    evidence = wrong.evidence
    said = read_released(evidence.signed, _claimed(evidence.signed), keys=keys)
    if isinstance(evidence, NotReleased):
        _require_not_released(said, evidence.second, keys=keys)
        return ProvenWrong(said.body, base64url.decode(said.statement), None)
    handed_out = evidence.handed_out()
    try:
        verify_inclusion(
            leaf_hash=handed_out.leaf,
            index=evidence.slot,
            size=said.bundles,
            proof=[base64url.decode(each) for each in evidence.proof],
            root=base64url.decode(said.root),
        )
        check_capsule_fragment(handed_out.capsule, handed_out.fragment, handed_out.keys)
    except WrongCapsuleFragmentError:
        return ProvenWrong(said.body, base64url.decode(said.statement), handed_out)
    except (LogProofError, ConsentError) as error:
        raise UnprovenError("the fragment is not under what the body signed") from error
    raise UnprovenError("the fragment is right: the body did its work")


def _require_not_released(said: Released, second: str, *, keys: Keys) -> None:
    passed = said.second
    if passed is None or base64url.decode(passed.text) != _digest(second):
        raise UnprovenError("the medical centre did not say that it passed this on")
    if passed.key != _kid(keys(passed.body).public_bytes_raw()):
        raise UnprovenError("the second body has another key by now: its text shows nothing any more")
    try:
        word = read_released(second, passed.body, keys=keys)
    except UnprovenError:
        return
    if (word.root, word.bundles, word.statement) == (passed.root, said.bundles, said.statement):
        raise UnprovenError("the second body signed what was passed on")


def _says(said: Released, handed_out: Sequence[HandedOut], statement: str) -> bool:
    told = (said.statement, said.bundles, said.root)
    return told == (
        base64url.encode(statement_digest(statement)),
        len(handed_out),
        base64url.encode(root_of(handed_out)),
    )


def _claimed(text: str) -> Body:
    try:
        body = Body(json.loads(base64url.decode(text.split(".")[1]))["body"])
    except (ConsentError, ValueError, LookupError, TypeError) as error:
        raise UnprovenError("this is no body's signed text") from error
    if body not in PROXIES:
        raise UnprovenError("this is no proxy's signed text")
    return body


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


@lru_cache(maxsize=16)
def _kid(public: bytes) -> str:
    return thumbprint(to_jwk(Ed25519PublicKey.from_public_bytes(public)))
