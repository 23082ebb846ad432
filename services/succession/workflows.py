"""A wallet follows another at one body. The steps are those of docs/cards.md.

Y3 the registered wallet names its successor, before any body lets it take over (stops a thief who has the card but not
   the wallet, and a device that dies half-way with the only copy of a key that some bodies know);
Y5, Y6 the successor takes over what was announced, in the transaction of what the body does about it; what the former
   wallet signed before stays verifiable, and it signs nothing more.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from consent.errors import MalformedError, SignatureError
from consent.identifiers import Pseudonym
from consent.jwk import thumbprint
from consent.succession import VerifiedRenewal, verify_renewal, verify_succession
from services.contracts.succession import (
    AnnounceSuccessor,
    RenewWallet,
    SuccessionFault,
    WalletStanding,
)
from services.directives.model import KeptWallet
from services.directives.service import Directives
from services.kit.clock import epoch_seconds
from services.kit.events import Event, EventKind, Outcome
from services.kit.problems import NotFoundError, ProblemError
from services.succession.errors import SuccessionRefusedError

Announced = Callable[[Connection, Pseudonym], None]
"""What a body does, in the transaction, when another successor is announced."""
Effect = Callable[[Connection, Pseudonym, VerifiedRenewal, RenewWallet], None]
"""What a body does, in the transaction, when the successor takes over; it may refuse by a ProblemError."""


def nothing_announced(_conn: Connection, _person: Pseudonym) -> None:
    """What a body does that prepares nothing."""


def nothing_more(
    _conn: Connection, _person: Pseudonym, _renewal: VerifiedRenewal, _message: RenewWallet
) -> None:
    """What a body does that keeps nothing under the wallet's keys but directives."""


@dataclass(frozen=True, slots=True)
class Succession:
    """The component as one running body has it."""

    directives: Directives
    announced: Announced = nothing_announced
    effect: Effect = nothing_more


def standing(succession: Succession, person: Pseudonym) -> WalletStanding:
    """Return where the wallet stands. Raises: NotFoundError."""
    with succession.directives.context.database.read() as conn:
        kept = succession.directives.store.wallets.get(conn, person)
    if kept is None:
        raise NotFoundError("no wallet is registered here yet")
    return _told(person, kept)


def announce(succession: Succession, person: Pseudonym, message: AnnounceSuccessor) -> WalletStanding:
    """Y3: keep the present wallet's word about its successor; another one takes its place.

    Raises: SuccessionRefusedError; the person sees each.
    """
    kind, context = EventKind.WALLET_SUCCESSOR_ANNOUNCED, succession.directives.context
    wallets = succession.directives.store.wallets
    try:
        former = _succession(succession, message)
        with context.database.write() as conn:
            wallets.lock(conn, person)
            kept = _signer(wallets.get(conn, person), former)
            if kept.announced != message.succession:
                kept = replace(kept, announced=message.succession)
                wallets.replace(conn, person, kept)
                succession.announced(conn, person)
                context.journal.record(
                    conn, person=person, event=_done(kind), statement=message.succession.encode()
                )
            return _told(person, kept)
    except SuccessionRefusedError as refusal:
        _record_refusal(succession, person, kind, refusal)
        raise


def renew(succession: Succession, person: Pseudonym, message: RenewWallet) -> WalletStanding:
    """Y5, Y6: let the announced successor take over; a second time nothing happens.

    Raises: SuccessionRefusedError, what the body's own effect raises; the person sees each.
    """
    kind, context = EventKind.WALLET_RENEWED, succession.directives.context
    wallets = succession.directives.store.wallets
    try:
        renewal = _renewal(succession, message)
        successor = renewal.succession.successor
        with context.database.write() as conn:
            wallets.lock(conn, person)
            kept = wallets.get(conn, person)
            if kept is not None and thumbprint(kept.key) == thumbprint(successor):
                return _told(person, kept)
            kept = _announcer(kept, renewal)
            succession.effect(conn, person, renewal, message)
            kept = KeptWallet(successor, (kept.key, *kept.former), (*kept.renewals, message.renewal))
            wallets.replace(conn, person, kept)
            context.journal.record(conn, person=person, event=_done(kind), statement=message.renewal.encode())
        return _told(person, kept)
    except ProblemError as refusal:
        _record_refusal(succession, person, kind, refusal)
        raise


def _signer(kept: KeptWallet | None, former: str) -> KeptWallet:
    if kept is None or thumbprint(kept.key) != former:
        raise SuccessionRefusedError(SuccessionFault.NOT_SIGNED_BY_WALLET)
    return kept


def _announcer(kept: KeptWallet | None, renewal: VerifiedRenewal) -> KeptWallet:
    if kept is None or kept.announced != renewal.announced:
        raise SuccessionRefusedError(SuccessionFault.NOT_ANNOUNCED)
    return kept


def _succession(succession: Succession, message: AnnounceSuccessor) -> str:
    try:
        told = verify_succession(message.succession)
    except (SignatureError, MalformedError):
        raise SuccessionRefusedError(SuccessionFault.NOT_SIGNED_BY_WALLET) from None
    _require_now(succession, told.at)
    if told.body is not succession.directives.context.body:
        raise SuccessionRefusedError(SuccessionFault.NOT_SIGNED_BY_WALLET)
    return thumbprint(told.former)


def _renewal(succession: Succession, message: RenewWallet) -> VerifiedRenewal:
    try:
        renewal = verify_renewal(message.renewal)
    except (SignatureError, MalformedError):
        raise SuccessionRefusedError(SuccessionFault.NOT_SIGNED_BY_WALLET) from None
    _require_now(succession, renewal.at)
    return renewal


def _require_now(succession: Succession, at: int) -> None:
    if (
        abs(epoch_seconds(succession.directives.context.clock()) - at)
        > succession.directives.context.settings.signed_max_age_seconds
    ):
        raise SuccessionRefusedError(SuccessionFault.NOT_SIGNED_BY_WALLET)


def _done(kind: EventKind) -> Event:
    return Event(kind=kind, outcome=Outcome.DONE)


def _record_refusal(
    succession: Succession, person: Pseudonym, kind: EventKind, refusal: ProblemError
) -> None:
    context = succession.directives.context
    event = Event(kind=kind, outcome=Outcome.REFUSED, reason=refusal.problem.code)
    with context.database.write() as conn:
        context.journal.record(conn, person=person, event=event)


def _told(person: Pseudonym, kept: KeptWallet) -> WalletStanding:
    return WalletStanding(
        pseudonym=person,
        subject=thumbprint(kept.key),
        announced=kept.announced,
        renewals=list(kept.renewals),
    )
