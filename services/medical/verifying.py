"""D5: who wrote what is deposited, and about whom; the signatures of large deposits by several threads at once.

The library lets other threads run while it checks a signature, and that is most of what a deposit costs.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.errors import ConsentError, SignatureError
from consent.identifiers import OrganisationId, SubjectKeyId
from consent.jwk import PublicJwk, thumbprint
from consent.sealing import SealedBundle, capsule_of, verify_author
from services.contracts.medical.bundles import sealed_bundle
from services.contracts.medical.messages import BundleMessage
from services.contracts.oversight.register import ed25519
from services.contracts.oversight.register_view import DirectorySource
from services.kit.problems import MalformedRequestError, ProblemError
from services.medical.errors import AuthorError
from services.medical.model import IncomingBundle

AT_ONCE: Final = 16
"""Documents of one bundle that a thread takes at a time; a deposit of no more needs the request's own thread alone."""


@dataclass(frozen=True, slots=True)
class Verifying:
    """Checks deposits. At most `threads` of `helpers` work for one of them, beside the request's own thread."""

    register: DirectorySource
    helpers: Executor
    threads: int

    def check(
        self, messages: Sequence[BundleMessage], *, wallet: PublicJwk, author: OrganisationId
    ) -> list[IncomingBundle]:
        """Return what was deposited about the wallet's holder, verified. Raises: AuthorError, MalformedRequestError."""
        subject = SubjectKeyId(thumbprint(wallet))
        key = self._author_key(author, subject=subject, wallet=wallet)
        sealed: list[SealedBundle] = []
        for number, message in enumerate(messages):
            try:
                sealed.append(sealed_bundle(message, subject=subject, author=author))
            except ConsentError as error:
                raise _refusal(number, error) from error
        digests = self._digests(sealed, key)
        incoming: list[IncomingBundle] = []
        for number, bundle in enumerate(sealed):
            try:
                incoming.append(IncomingBundle(bundle, capsule_of(bundle.message_kit), digests[number]))
            except ConsentError as error:
                raise _refusal(number, error) from error
        return incoming

    def _author_key(
        self, author: OrganisationId, *, subject: SubjectKeyId, wallet: PublicJwk
    ) -> Ed25519PublicKey:
        if author == OrganisationId(subject):
            return ed25519(dict(wallet))
        organisation = self.register.directory().organisation(author)
        if organisation is None or organisation.signing_key is None:
            raise AuthorError("the organisation has no accredited signing key; have one accredited first")
        return ed25519(organisation.signing_key)

    def _digests(self, bundles: Sequence[SealedBundle], key: Ed25519PublicKey) -> list[tuple[bytes, ...]]:
        work = _Work(bundles, key)
        helping = [self.helpers.submit(work.do) for _ in range(min(self.threads, work.parts - 1))]
        try:
            work.do()
        finally:
            work.stop()
            for each in helping:
                if not each.cancel():
                    each.result()
        return work.digests()


class _Work:
    """Documents to be checked, some at a time, by whichever thread takes them next."""

    def __init__(self, bundles: Sequence[SealedBundle], key: Ed25519PublicKey) -> None:
        self._bundles = bundles
        self._key = key
        self._waiting = deque(
            (number, start)
            for number, bundle in enumerate(bundles)
            for start in range(0, len(bundle.documents), AT_ONCE)
        )
        self.parts = len(self._waiting)
        self._found: dict[tuple[int, int], list[bytes] | ConsentError] = {}

    def do(self) -> None:
        """Check until nothing waits any more, or something does not verify."""
        while True:
            try:
                number, start = self._waiting.popleft()
            except IndexError:
                return
            bundle = self._bundles[number]
            some = bundle.documents[start : start + AT_ONCE]
            try:
                self._found[number, start] = [verify_author(each, bundle, self._key) for each in some]
            except ConsentError as error:
                self._found[number, start] = error
                self.stop()

    def stop(self) -> None:
        """Let nobody take any more."""
        self._waiting.clear()

    def digests(self) -> list[tuple[bytes, ...]]:
        """Return each bundle's digests, when everything was checked. Raises: AuthorError, MalformedRequestError.

        Guarantees: the error is about the first bundle that does not verify, whichever thread found it: what comes
        before in the order was taken before, and is checked to its end.
        """
        digests: list[list[bytes]] = [[] for _ in self._bundles]
        for (number, _), found in sorted(self._found.items(), key=lambda each: each[0]):
            if isinstance(found, ConsentError):
                raise _refusal(number, found) from found
            digests[number] += found
        return [tuple(each) for each in digests]


def _refusal(number: int, error: ConsentError) -> ProblemError:
    if isinstance(error, SignatureError):
        return AuthorError(f"bundles.{number}: a document is not signed as accredited")
    return MalformedRequestError(f"bundles.{number}: {error}")
