"""The keys that sign access tokens: one after another takes over, known everywhere before it signs."""

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection

from services.identity.settings import Settings
from services.identity.token_store import KeyTerm, TokenStore
from services.kit.clock import Randomness
from services.kit.credentials.tokens import TokenIssuer
from services.kit.keys import KeyFolder

FIRST: Final = 1
GRACE_SECONDS: Final = 60


@dataclass(frozen=True)
class TokenKeys:
    """Key files `token-<number>`; which of them signs is in the database, so all processes agree."""

    folder: KeyFolder
    store: TokenStore
    settings: Settings
    randomness: Randomness
    _issuers: dict[int, TokenIssuer] = field(default_factory=dict, repr=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def begin(self, conn: Connection) -> None:
        """Make the first key unless there is one."""
        self.store.add_key(conn, KeyTerm(FIRST, 0, None))
        self.issuer(FIRST)

    def present(self, conn: Connection, *, now: int) -> TokenIssuer:
        """Return the issuer with the newest key that has started."""
        started = [each.number for each in self.store.counting_keys(conn, now=now) if each.starts <= now]
        return self.issuer(started[-1])

    def published(self, conn: Connection, *, now: int) -> list[Ed25519PublicKey]:
        """Return the keys whose tokens can count, and the one that takes over next."""
        return [self.issuer(each.number).key.public_key() for each in self.store.counting_keys(conn, now=now)]

    def rotate(self, conn: Connection, *, now: int) -> KeyTerm:
        """Plan the next key and the end of the present one; while one is planned, return that.

        Guarantees: no token ever is by a key that the bodies do not know, or know no more: the next key is published
        before it signs, the present one until its last token has expired.
        """
        newest = self.newest(conn)
        if newest.starts > now:
            return newest
        planned = KeyTerm(newest.number + 1, now + self.settings.token_key_lead_seconds, None)
        self.issuer(planned.number)
        self.store.end_keys(conn, ends=planned.starts + self.settings.token_seconds + GRACE_SECONDS)
        self.store.add_key(conn, planned)
        return planned

    def newest(self, conn: Connection) -> KeyTerm:
        """Return the key that was planned last."""
        return self.store.key_terms(conn)[-1]

    def issuer(self, number: int) -> TokenIssuer:
        """Return the issuer with one key."""
        with self._opening:
            if number not in self._issuers:
                self._issuers[number] = TokenIssuer(
                    self.settings.public_url,
                    self._key(number),
                    timedelta(seconds=self.settings.token_seconds),
                    self.randomness,
                )
            return self._issuers[number]

    def _key(self, number: int) -> Ed25519PrivateKey:
        return self.folder.ed25519(f"token-{number}")
