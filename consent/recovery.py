"""Rebuilding a wallet after card and device are lost: two of three shares, and a sealed seed that lies elsewhere.

A random key of 16 bytes seals the wallet's seed. The key is shared 2 of 3 (Shamir): on the person's paper, at the ID
centre, at the oversight body. The sealed seed lies at the medical centre, so the ID centre and the oversight body
together, who have two shares, still have nothing to open; no body alone has anything to begin with.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import product
from typing import Final

from Crypto.Protocol.SecretSharing import Shamir
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from consent import paper_code
from consent.errors import MalformedError, SealError
from consent.randomness import Randomness, draw
from consent.vocabulary import Body
from consent.wallet import Wallet

THRESHOLD: Final = 2
SHARE_BYTES: Final = 16
SEALED_BYTES: Final = 60
"""Nonce 12, seed 32, tag 16."""
KEEPERS: Final = (Body.IDENTITY, Body.OVERSIGHT, Body.MEDICAL)
"""Who keeps a part: two a share, the medical centre the sealed seed."""

_PAPER: Final = 1
_PLACES: Final = {Body.IDENTITY: 2, Body.OVERSIGHT: 3}
_NONCE: Final = 12
_SEED_INFO: Final = b"sekisho-recovery-seed/1"
_PAPER_INFO: Final = b"sekisho-recovery-paper/1"


@dataclass(frozen=True, slots=True)
class RecoveryParts:
    """What goes where. `paper` is the code for the person; `digests` let each keeper check that somebody has it."""

    paper: str = field(repr=False)
    parts: Mapping[Body, bytes] = field(repr=False)
    digests: Mapping[Body, bytes]


def split(wallet: Wallet, *, randomness: Randomness) -> RecoveryParts:
    """Share a wallet among paper and keepers; what was shared before stays what it was."""
    key, nonce = draw(randomness, SHARE_BYTES), draw(randomness, _NONCE)
    shares = dict(Shamir.split(THRESHOLD, len(_PLACES) + 1, key))
    parts = {body: shares[place] for body, place in _PLACES.items()}
    parts[Body.MEDICAL] = nonce + AESGCM(_derive(key, _SEED_INFO)).encrypt(
        nonce, wallet.to_secret_bytes(), _SEED_INFO
    )
    code = paper_code.spell(int.from_bytes(shares[_PAPER]), paper_code.RECOVERY_SIGNS)
    return RecoveryParts(code, parts, {body: sha256(paper_proof(code, body)).digest() for body in KEEPERS})


def paper_proof(code: str, keeper: Body) -> bytes:
    """Return what shows one keeper, and no other, that somebody has the paper; it does not give the share away.

    Raises: MalformedError for a slip in the code.
    """
    return hmac.digest(_derive(_share(code), _PAPER_INFO), keeper.value.encode(), "sha256")


def check_paper(proof: bytes, digest: bytes) -> bool:
    """Compare a proof with what was stored, in time that does not depend on where they differ."""
    return hmac.compare_digest(sha256(proof).digest(), digest)


def rebuild(
    parts: Mapping[Body, Sequence[bytes]],
    *,
    paper: str | None = None,
    fits: Callable[[Wallet], bool] = lambda _wallet: True,
) -> Wallet:
    """Return the wallet from the parts that keepers released, each perhaps of several times, and from the paper.

    `fits` tells the wallet that is wanted from others whose parts lie beside it.
    Raises: SealError when no two shares fit together, or the sealed seed is missing.
    """
    known = [[(place, share) for share in parts.get(body, ())] for body, place in _PLACES.items()]
    if paper is not None:
        known.append([(_PAPER, _share(paper))])
    for sealed in parts.get(Body.MEDICAL, ()):
        for pair in _pairs([each for each in known if each]):
            wallet = _open(pair, sealed)
            if wallet is not None and fits(wallet):
                return wallet
    raise SealError


def _pairs(known: Sequence[Sequence[tuple[int, bytes]]]) -> Iterable[list[tuple[int, bytes]]]:
    for first in range(len(known)):
        for second in range(first + 1, len(known)):
            yield from (list(pair) for pair in product(known[first], known[second]))


def _open(shares: list[tuple[int, bytes]], sealed: bytes) -> Wallet | None:
    try:
        key = Shamir.combine(shares)
        seed = AESGCM(_derive(key, _SEED_INFO)).decrypt(sealed[:_NONCE], sealed[_NONCE:], _SEED_INFO)
        return Wallet.from_secret_bytes(seed)
    except (InvalidTag, ValueError, MalformedError):
        return None


def _share(code: str) -> bytes:
    value = paper_code.read(code, paper_code.RECOVERY_SIGNS)
    if value >= 2 ** (8 * SHARE_BYTES):
        raise MalformedError("This is not a recovery code; read it again.")
    return value.to_bytes(SHARE_BYTES)


def _derive(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
