"""R7 as the medical centre sees it: ask the second body, and go to the next one when it is down."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from consent import base64url
from consent.explanations import RefusalCode
from consent.identifiers import BundleId
from consent.vocabulary import Body
from services.contracts.directives import ReleaseAnswer, ReleaseFault, ReleaseRequest
from services.directives.errors import RefusedError
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.log.errors import LogCorruptError, LogError
from services.kit.log.note import NoteVerifier
from services.kit.problems import UnavailableError
from services.kit.witness_link import Submission, WitnessLink
from services.medical.errors import StoredLogDamagedError

logger = logging.getLogger("sekisho")
FORBIDDEN = 403


class FaultyReleaseError(PeerUnavailableError):
    """The second body answered, and what it answered cannot be used; the next one is asked."""


@dataclass(frozen=True, slots=True)
class SecondRelease:
    """What a second body handed out for one read, and its signature of that (F1).

    `key` is that by which the signature was compared (F2), None before.
    """

    body: Body
    fragments: Mapping[BundleId, bytes]
    signed: str
    key: Ed25519PublicKey | None = None


class Releases(Protocol):
    """The second body's side of R7; `contracts.directives.SecondProxyClient` or a fake."""

    def release(self, request: ReleaseRequest) -> ReleaseAnswer:
        """Raises: CheckpointConflictError, RemoteProblemError, PeerUnavailableError."""


@dataclass(frozen=True, slots=True)
class SecondProxy:
    """A body that can serve beside us. `link` is this body's one exchange with it as a witness.

    Guarantees: calls to it are made one after the other; a conflict about the size is answered with a new proof.
    """

    body: Body
    client: Releases
    link: WitnessLink
    witness: Callable[[], NoteVerifier]

    def release(
        self, build: Callable[[Submission], ReleaseRequest], *, index: int, bundles: Collection[BundleId]
    ) -> SecondRelease:
        """Return its capsule fragments for `bundles`, for the access logged at `index`.

        Raises: RefusedError when it refuses; StoredLogDamagedError when our own log contradicts itself;
        PeerUnavailableError when nothing came back; FaultyReleaseError when nothing usable did.
        """

        def ask(submission: Submission) -> tuple[str, ReleaseAnswer]:
            answer = self.client.release(build(submission))
            return answer.cosignature, answer

        try:
            answer = self.link.exchange(ask, witness=self.witness, index=index)
        except RemoteProblemError as problem:
            code = _refusal(problem)
            if code is not None:
                raise RefusedError(code) from problem
            raise PeerUnavailableError(f"{self.body.value} answered {problem.status}") from problem
        except LogCorruptError as error:
            raise StoredLogDamagedError from error
        except (LogError, ValidationError) as error:
            raise FaultyReleaseError(f"{self.body.value}: {type(error).__name__}") from error
        except UnavailableError as error:
            raise PeerUnavailableError(f"{self.body.value}: {type(error).__name__}") from error
        released = {BundleId(each.bundle): base64url.decode(each.cfrag) for each in answer.fragments}
        if released.keys() != set(bundles):
            raise FaultyReleaseError(f"{self.body.value} released fragments for other bundles")
        return SecondRelease(self.body, released, answer.signed)


def ask_in_turn(seconds: Sequence[SecondProxy], ask: Callable[[SecondProxy], SecondRelease]) -> SecondRelease:
    """Return the first answer. A refusal is final: nobody is asked to overrule it.

    Raises: RefusedError; UnavailableError when all are down.
    """
    for second in seconds:
        try:
            return ask(second)
        except PeerUnavailableError as error:
            logger.warning("second proxy %s gave nothing: %s", second.body.value, error)
    raise UnavailableError("no second body answers; the access was logged and nothing was released")


def _refusal(problem: RemoteProblemError) -> RefusalCode | ReleaseFault | None:
    if problem.status != FORBIDDEN:
        return None
    for kind in (RefusalCode, ReleaseFault):
        if problem.code in tuple(kind):
            return kind(problem.code)
    return None
