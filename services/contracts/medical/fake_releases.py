"""What the fake medical centre and the second bodies behind it make of a read, and what they sign of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.delegation import VerifiedFragment, reencrypt
from consent.identifiers import BundleId
from consent.sealing import SealedBundle, capsule_of
from consent.vocabulary import PROXIES, Body
from services.contracts.medical import messages
from services.contracts.medical.fake_rules import FakeGrant, refusal
from services.contracts.oversight.register import Directory
from services.contracts.released import (
    HandedOut,
    UnprovenError,
    passed_on,
    sign_released,
    verify_wrong,
)


@dataclass
class FakeReleases:
    """Signs for every proxy by `keys`; `wrong` are bodies whose fragments are spoilt after they were made."""

    keys: Mapping[Body, Ed25519PrivateKey] = field(repr=False)
    first: Body = Body.OVERSIGHT
    wrong: set[Body] = field(default_factory=set)

    def second(self, grant: FakeGrant, besides: Body | None) -> Body:
        """Return the second body that is asked. Raises: RemoteProblemError when none is left."""
        others = sorted(
            grant.fragments.keys() - {Body.MEDICAL, besides}, key=lambda each: each is not self.first
        )
        if not others:
            raise refusal(503, "unavailable")
        return others[0]

    def release(
        self, bundles: Iterable[SealedBundle], grant: FakeGrant, *, second: Body, statement: str
    ) -> tuple[dict[BundleId, dict[Body, bytes]], dict[Body, str]]:
        """Return both bodies' capsule fragments by bundle, and what each signed."""
        listed = list(bundles)
        own, other = (self._made(listed, grant.fragments[body], body) for body in (Body.MEDICAL, second))
        text = sign_released(second, other, statement=statement, key=self.keys[second])
        signed = sign_released(
            Body.MEDICAL,
            own,
            statement=statement,
            key=self.keys[Body.MEDICAL],
            second=passed_on(second, other, text, key=self.keys[second].public_key()),
        )
        fragments = {
            one.bundle: {Body.MEDICAL: one.fragment, second: two.fragment}
            for one, two in zip(own, other, strict=True)
        }
        return fragments, {Body.MEDICAL: signed, second: text}

    def _made(
        self, bundles: Sequence[SealedBundle], fragments: Mapping[str, VerifiedFragment], body: Body
    ) -> list[HandedOut]:
        made = []
        for bundle in bundles:
            capsule, fragment = capsule_of(bundle.message_kit), fragments[bundle.compartment.label]
            fine = reencrypt(capsule, fragment)
            given = fine[:-1] + bytes([fine[-1] ^ 1]) if body in self.wrong else fine
            made.append(HandedOut(bundle.id, capsule, given, fragment.keys))
        return made


def fake_keys(
    medical: Ed25519PrivateKey, given: Mapping[Body, Ed25519PrivateKey]
) -> dict[Body, Ed25519PrivateKey]:
    """Return a key for every proxy: those that the register knows, or any."""
    made = {body: Ed25519PrivateKey.generate() for body in PROXIES}
    return {**made, **given, Body.MEDICAL: medical}


def accused_body(message: messages.ReadRequest, grant: FakeGrant, directory: Directory) -> Body | None:
    """Return the second body that the reader has shown to be wrong, if any. Raises: RemoteProblemError."""
    if message.wrong is None:
        return None
    try:
        proven = verify_wrong(message.wrong, keys=directory.signing_key)
    except UnprovenError:
        raise refusal(403, "accusation_unproven") from None
    keys = {each.keys for each in grant.fragments[Body.MEDICAL].values()}
    if proven.body is Body.MEDICAL or proven.handed_out is None or proven.handed_out.keys not in keys:
        raise refusal(403, "accusation_unproven")
    return proven.body
