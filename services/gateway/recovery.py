"""Laying a wallet's parts down, and getting the wallet back after card and device are lost.

The steps L1 to L5 are those of docs/cards.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from consent import base64url, jws
from consent.canonical import JsonObject
from consent.errors import MalformedError, SealError
from consent.recovery import KEEPERS, paper_proof, rebuild, split
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.recovery import (
    CONFIRMATION,
    DEPOSIT,
    PART_INFO,
    RELEASE_INFO,
    RETIREMENT,
    DepositPart,
    RecoveryClient,
    ReleasedParts,
    ReleaseParts,
    RetireParts,
)
from services.contracts.succession import SuccessionClient
from services.gateway.errors import RefusedError, WalletLostError
from services.gateway.organisation import Organisation
from services.gateway.person import Person
from services.kit.clock import epoch_seconds
from services.kit.credentials.pseudonyms import open_sealed, seal_to
from services.kit.http import PeerUnavailableError

ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class LaidDown:
    """The code for the paper, and how each keeper names the part that goes with it."""

    paper: str = field(repr=False)
    names: Mapping[Body, str]


def lay_down_recovery(person: Person, wallet: Wallet | None = None) -> LaidDown:
    """Share the person's wallet, or the one that is to follow it, among the keepers and a paper.

    Guarantees: earlier paper goes on to count; `retire_earlier` ends that, once the person has the new code.
    Raises: RefusedError.
    """
    made = split(wallet or person.wallet, randomness=person.randomness)
    names = {body: base64url.encode(person.randomness(ID_BYTES)) for body in KEEPERS}
    for body in KEEPERS:
        person.pseudonym(body)
        sealed = seal_to(person.directory().sealing_key(body), made.parts[body], info=PART_INFO)
        claims: JsonObject = {
            "id": names[body],
            "part": base64url.encode(sealed),
            "paper_digest": base64url.encode(made.digests[body]),
        }
        _deposit(person, body, DepositPart(deposit=_signed(person, body, DEPOSIT, claims)))
    return LaidDown(made.paper, names)


def retire_earlier(person: Person, laid: LaidDown) -> None:
    """Have every keeper forget the parts from before: earlier paper counts no more. Raises: RefusedError."""
    for body, name in laid.names.items():
        _retire(person, body, RetireParts(retirement=_signed(person, body, RETIREMENT, {"keep": name})))


def recover_wallet(
    person: Person, registrars: Sequence[Organisation], *, card: str, paper: str | None
) -> Wallet:
    """Get the wallet back at the counter, for somebody signed in with the new card.

    One registrar is enough with the paper, and then either the ID centre or the oversight body; without it two
    registrars have to confirm. Raises: WalletLostError, MalformedError for a slip in the paper's code.
    """
    key = X25519PrivateKey.generate()
    parts: dict[Body, list[bytes]] = {}
    refusals: dict[Body, RefusedError | PeerUnavailableError] = {}
    for body in KEEPERS:
        message = _release_message(registrars, body=body, card=card, paper=paper, key=key)
        try:
            parts[body] = [_open(key, each) for each in _release(person, body, message).parts]
        except (RefusedError, PeerUnavailableError) as error:
            refusals[body] = error
    told = person.ask(Body.MEDICAL, lambda http, token: SuccessionClient(http).standing(token=token))
    return _rebuilt(parts, paper, refusals, subject=told.subject)


def confirm_recovery(counter: Organisation, *, body: Body, recovery_key: bytes, card: str) -> str:
    """L1: as a registrar, sign that somebody with a new card is here, for one key and one body."""
    payload: JsonObject = {
        "body": body.value,
        "recovery_key": base64url.encode(recovery_key),
        "card": card,
        "at": epoch_seconds(counter.clock()),
    }
    own = counter.credentials
    return jws.sign(payload, typ=CONFIRMATION, key=own.card_key, kid=f"{own.organisation}/{own.operator}")


def _release_message(
    registrars: Sequence[Organisation],
    *,
    body: Body,
    card: str,
    paper: str | None,
    key: X25519PrivateKey,
) -> ReleaseParts:
    public = key.public_key().public_bytes_raw()
    return ReleaseParts(
        recovery_key=base64url.encode(public),
        confirmations=[
            confirm_recovery(each, body=body, recovery_key=public, card=card) for each in registrars
        ],
        paper_proof=None if paper is None else base64url.encode(paper_proof(paper, body)),
    )


def _open(key: X25519PrivateKey, sealed: str) -> bytes:
    try:
        return open_sealed(key, base64url.decode(sealed), info=RELEASE_INFO)
    except (InvalidTag, ValueError, MalformedError) as error:
        raise WalletLostError("a keeper's answer does not open; try again at the counter") from error


def _rebuilt(
    parts: Mapping[Body, Sequence[bytes]],
    paper: str | None,
    refusals: Mapping[Body, RefusedError | PeerUnavailableError],
    *,
    subject: str,
) -> Wallet:
    try:
        # parts of a wallet to come may lie beside those of the present one
        return rebuild(parts, paper=paper, fits=lambda wallet: wallet.subject == subject)
    except SealError as error:
        told = "; ".join(f"{body.value}: {each}" for body, each in refusals.items())
        raise WalletLostError(f"the wallet cannot be rebuilt from what was released ({told})") from error


def _deposit(person: Person, body: Body, message: DepositPart) -> None:
    person.ask(body, lambda http, token: RecoveryClient(http).deposit(message, token=token))


def _retire(person: Person, body: Body, message: RetireParts) -> None:
    person.ask(body, lambda http, token: RecoveryClient(http).retire(message, token=token))


def _release(person: Person, body: Body, message: ReleaseParts) -> ReleasedParts:
    return person.ask(body, lambda http, token: RecoveryClient(http).release(message, token=token))


def _signed(person: Person, body: Body, typ: str, claims: JsonObject) -> str:
    return person.wallet.sign(body, typ, {**claims, "at": epoch_seconds(person.clock())})
