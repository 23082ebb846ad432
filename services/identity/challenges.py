"""Challenges for cards: random, dated, ours by their tag; nothing is stored until one is used."""

import hmac
from dataclasses import dataclass

from consent import base64url
from consent.errors import MalformedError
from services.identity.errors import ChallengeError
from services.kit.clock import Randomness

RANDOM_BYTES = 16
TIME_BYTES = 8
TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class Challenges:
    """Makes and reads challenges. Units: seconds. Shape: random 16, expiry 8, tag 16 bytes, base64url."""

    key: bytes
    lifetime: int
    randomness: Randomness

    def __repr__(self) -> str:
        return "Challenges(...)"

    def make(self, now: int) -> str:
        """Return a new challenge."""
        body = self.randomness(RANDOM_BYTES) + (now + self.lifetime).to_bytes(TIME_BYTES, "big")
        return base64url.encode(body + self._tag(body))

    def expiry(self, challenge: str, now: int) -> int:
        """Return until when a challenge counts; the caller marks it as used. Raises: ChallengeError."""
        try:
            raw = base64url.decode(challenge)
        except MalformedError as error:
            raise ChallengeError("the challenge is not ours") from error
        body, tag = raw[:-TAG_BYTES], raw[-TAG_BYTES:]
        if len(raw) != RANDOM_BYTES + TIME_BYTES + TAG_BYTES or not hmac.compare_digest(tag, self._tag(body)):
            raise ChallengeError("the challenge is not ours")
        expires = int.from_bytes(body[RANDOM_BYTES:], "big")
        if expires <= now:
            raise ChallengeError("the challenge is too old")
        return expires

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self.key, b"challenge" + body, "sha256")[:TAG_BYTES]
