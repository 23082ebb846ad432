"""Keeping parts of wallets, and releasing them. The steps are those of docs/cards.md.

L1 the registrar at the counter confirms, by the operator's card, for which key, card and body; each body checks this
   against its own register, so that the ID centre, which issues the tokens, releases nothing alone;
L2 the person is signed in with the new card;
L3 the proof of the paper, or a second registrar who is another human;
L4 each confirmation counts once, in the transaction of the entry that the person sees;
L5 the part goes out sealed to the key that was confirmed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import Connection

from consent import base64url, jws
from consent.errors import MalformedError, SignatureError
from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from consent.recovery import check_paper
from consent.vocabulary import Body
from consent.wire import parse
from services.contracts.oversight.register import Operator, p256
from services.contracts.recovery import (
    CONFIRMATION,
    DEPOSIT,
    PART_INFO,
    RETIREMENT,
    ConfirmationClaims,
    DepositClaims,
    DepositPart,
    KeptParts,
    RecoveryFault,
    ReleasedParts,
    ReleaseParts,
    RetirementClaims,
    RetireParts,
)
from services.directives.acting import acted
from services.directives.guarding import keeping_fault, nobody_waits, turn
from services.directives.refusing import refused
from services.directives.service import Directives
from services.kit.clock import epoch_seconds
from services.kit.credentials.pseudonyms import open_sealed
from services.kit.events import Colleague, Event, EventKind, Outcome
from services.kit.permissions import policies
from services.recovery import egress
from services.recovery.errors import RecoveryRefusedError
from services.recovery.store import KeptPart, RecoveryStore

KEY_BYTES = 32
REGISTRARS_WITHOUT_PAPER = 2

Claims = TypeVar("Claims", DepositClaims, RetirementClaims)
Guard = Callable[[Connection, Pseudonym, str], bool]
"""Whether the card that registrars confirmed is the person's, as far as this body knows cards."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """The component as one running body has it."""

    directives: Directives
    store: RecoveryStore
    guard: Guard


@dataclass(frozen=True, slots=True)
class _Confirmed:
    operator: Operator
    card: str
    digest: bytes
    at: int


def any_card(_conn: Connection, _person: Pseudonym, _card: str) -> bool:
    """Guard of a body that knows no cards."""
    return True


def deposit(
    recovery: Recovery, person: Pseudonym, message: DepositPart, *, guardian: str | None = None
) -> KeptParts:
    """Keep one part that the registered wallet signed; `guardian` is the key of the guardian who is signed in.

    Raises: RecoveryRefusedError, RefusedError; the person sees each.
    """
    kind = EventKind.RECOVERY_LAID_DOWN
    try:
        claims = _signed(recovery, person, message.deposit, typ=DEPOSIT, model=DepositClaims)
        kept = _kept(recovery, claims)
        with _changing(recovery, person, kind, guardian=guardian) as conn:
            before = recovery.store.of(conn, person)
            if kept.id not in {each.id for each in before}:
                before = _make_room(recovery, conn, person, before)
                number = max((each.number for each in before), default=0) + 1
                recovery.store.put(conn, person, replace(kept, number=number))
                before = [*before, kept]
                _record(recovery, conn, person, Event(kind=kind, outcome=Outcome.DONE), guardian=guardian)
            return KeptParts(parts=len(before))
    except RecoveryRefusedError as refusal:
        raise _told(recovery, person, kind, refusal, guardian=guardian) from None


@contextmanager
def _changing(
    recovery: Recovery, person: Pseudonym, kind: EventKind, *, guardian: str | None
) -> Iterator[Connection]:
    """G2: open the transaction in which parts change, one after the other. Raises: RefusedError, once it is logged."""
    directives = recovery.directives
    with directives.barrier.take_in(turn(person), against=nobody_waits) as conn:
        unfit = keeping_fault(directives.store, conn, person, guardian=guardian)
        if unfit is None:
            yield conn
            return
    raise refused(directives, person, kind=kind, code=unfit, guardian=guardian)


def _make_room(
    recovery: Recovery, conn: Connection, person: Pseudonym, kept: Sequence[KeptPart]
) -> list[KeptPart]:
    """Forget the oldest part of a time that was broken off, where there are too many.

    The first of all stays: when the wallet last retired parts, it was the one to keep, and its paper is in use.
    """
    ordered = sorted(kept, key=lambda each: (each.number, each.id))
    if len(ordered) < recovery.directives.context.settings.recovery_parts:
        return ordered
    recovery.store.forget(conn, person, ordered[1].id)
    return [ordered[0], *ordered[2:]]


def retire(
    recovery: Recovery, person: Pseudonym, message: RetireParts, *, guardian: str | None = None
) -> KeptParts:
    """Forget all parts but the named one. Raises: RecoveryRefusedError, RefusedError; the person sees each."""
    kind = EventKind.RECOVERY_RETIRED
    try:
        claims = _signed(recovery, person, message.retirement, typ=RETIREMENT, model=RetirementClaims)
        with _changing(recovery, person, kind, guardian=guardian) as conn:
            known = any(each.id == claims.keep for each in recovery.store.of(conn, person))
            _require(known, RecoveryFault.NO_RECOVERY)
            recovery.store.forget_others(conn, person, claims.keep)
            _record(recovery, conn, person, Event(kind=kind, outcome=Outcome.DONE), guardian=guardian)
        return KeptParts(parts=1)
    except RecoveryRefusedError as refusal:
        raise _told(recovery, person, kind, refusal, guardian=guardian) from None


def release(recovery: Recovery, person: Pseudonym, message: ReleaseParts) -> ReleasedParts:
    """L1 to L5. Raises: RecoveryRefusedError (the person sees each), ReplayError."""
    kind, confirmed = EventKind.RECOVERY_RELEASED, list[_Confirmed]()
    try:
        key = _recovery_key(message)
        confirmed += _confirmations(recovery, message)  # L1
        with recovery.directives.context.database.write() as conn:
            parts = _choose(recovery.store.of(conn, person), message, confirmed)  # L3
            own = all(recovery.guard(conn, person, each.card) for each in confirmed)
            _require(own, RecoveryFault.NOT_THE_NEW_CARD)
            _use(recovery, conn, confirmed)  # L4
            _record(recovery, conn, person, _event(recovery, Outcome.DONE, confirmed, reason=None))
    except RecoveryRefusedError as refusal:
        raise _told(recovery, person, kind, refusal, confirmed) from None
    return egress.released(parts, key=key)  # L5


def _require(condition: bool, fault: RecoveryFault) -> None:
    if not condition:
        raise RecoveryRefusedError(fault)


def _kept(recovery: Recovery, claims: DepositClaims) -> KeptPart:
    try:
        part = open_sealed(recovery.directives.context.sealing_key, claims.part, info=PART_INFO)
    except (InvalidTag, ValueError):
        raise RecoveryRefusedError(RecoveryFault.NOT_SIGNED_BY_WALLET) from None
    return KeptPart(claims.id, part, claims.paper_digest)


def _signed(recovery: Recovery, person: Pseudonym, token: str, *, typ: str, model: type[Claims]) -> Claims:
    directives = recovery.directives
    with directives.context.database.read() as conn:
        wallet = directives.store.wallet(conn, person)
    refusal = RecoveryRefusedError(RecoveryFault.NOT_SIGNED_BY_WALLET)
    if wallet is None:
        raise refusal
    try:
        claims = parse(model, jws.verify_with_jwk(token, typ=typ, jwk=wallet).payload)
    except (SignatureError, MalformedError):
        raise refusal from None
    if abs(_now(recovery) - claims.at) > _max_age(recovery):
        raise refusal
    return claims


def _recovery_key(message: ReleaseParts) -> X25519PublicKey:
    raw = base64url.decode(message.recovery_key)
    if len(raw) != KEY_BYTES:
        raise RecoveryRefusedError(RecoveryFault.NOT_CONFIRMED)
    return X25519PublicKey.from_public_bytes(raw)


def _confirmations(recovery: Recovery, message: ReleaseParts) -> list[_Confirmed]:
    try:
        found = [_confirmation(recovery, message, each) for each in message.confirmations]
    except (SignatureError, MalformedError):
        raise RecoveryRefusedError(RecoveryFault.NOT_CONFIRMED) from None
    if len({tuple(sorted(each.operator.card_key.items())) for each in found}) != len(found):
        raise RecoveryRefusedError(RecoveryFault.NOT_CONFIRMED)
    return found


def _confirmation(recovery: Recovery, message: ReleaseParts, token: str) -> _Confirmed:
    organisation, _, name = jws.peek_kid(token).partition("/")
    directory = recovery.directives.directory()
    operator = directory.operator(OrganisationId(organisation), OperatorId(name))
    if operator is None:
        raise SignatureError
    roles = directory.roles(operator.organisation, operator.id)
    if not policies().permits(roles, "confirm-recovery", recovery.directives.context.body):
        raise SignatureError
    verified = jws.verify(token, typ=CONFIRMATION, key=p256(operator.card_key))
    claims = parse(ConfirmationClaims, verified.payload)
    said = (claims.body, claims.recovery_key)
    fresh = abs(_now(recovery) - claims.at) <= _max_age(recovery)
    if said != (recovery.directives.context.body.value, message.recovery_key) or not fresh:
        raise SignatureError
    return _Confirmed(operator, claims.card, verified.digest, claims.at)


def _choose(
    kept: Sequence[KeptPart], message: ReleaseParts, confirmed: Sequence[_Confirmed]
) -> list[KeptPart]:
    if not kept:
        raise RecoveryRefusedError(RecoveryFault.NO_RECOVERY)
    if message.paper_proof is None:
        _require(len(confirmed) >= REGISTRARS_WITHOUT_PAPER, RecoveryFault.SECOND_REGISTRAR_MISSING)
        _require_humans(each.operator.person_tag for each in confirmed)
        return list(kept)
    proof = base64url.decode(message.paper_proof)
    fitting = [each for each in kept if check_paper(proof, each.paper_digest)]
    if not fitting:
        raise RecoveryRefusedError(RecoveryFault.WRONG_PAPER)
    return fitting


def _require_humans(tags: Iterable[str | None]) -> None:
    # two accounts and two cards are cheap for one human; the tag is the ID centre's word on who presented themselves
    known = list(tags)
    _require(None not in known, RecoveryFault.REGISTRAR_NOT_PRESENTED)
    _require(len(set(known)) == len(known), RecoveryFault.ONE_HUMAN_TWICE)


def _use(recovery: Recovery, conn: Connection, confirmed: Sequence[_Confirmed]) -> None:
    context, now = recovery.directives.context, _now(recovery)
    for each in confirmed:
        expires = each.at + 2 * _max_age(recovery)
        value = base64url.encode(each.digest)
        context.replays.use(conn, kind="confirmation", value=value, expires=expires, now=now)


def _event(
    recovery: Recovery, outcome: Outcome, confirmed: Sequence[_Confirmed], *, reason: str | None
) -> Event:
    first = confirmed[0].operator if confirmed else None
    return Event(
        kind=EventKind.RECOVERY_RELEASED,
        outcome=outcome,
        organisation=None if first is None else first.organisation,
        operator=None if first is None else first.id,
        reason=reason,
        colleagues=tuple(Colleague(each.operator.organisation, each.operator.id) for each in confirmed[1:]),
        unmasked_by=recovery.directives.directory().sealing_key(Body.OVERSIGHT) if confirmed else None,
    )


def _told(
    recovery: Recovery,
    person: Pseudonym,
    kind: EventKind,
    refusal: RecoveryRefusedError,
    confirmed: Sequence[_Confirmed] = (),
    *,
    guardian: str | None = None,
) -> RecoveryRefusedError:
    event = Event(kind=kind, outcome=Outcome.REFUSED, reason=refusal.code.value)
    if kind is EventKind.RECOVERY_RELEASED:
        event = _event(recovery, Outcome.REFUSED, confirmed, reason=refusal.code.value)
    with recovery.directives.context.database.write() as conn:
        _record(recovery, conn, person, event, guardian=guardian)
    return refusal


def _record(
    recovery: Recovery, conn: Connection, person: Pseudonym, event: Event, *, guardian: str | None = None
) -> None:
    event = acted(recovery.directives.store, conn, person, event, guardian=guardian)
    recovery.directives.context.journal.record(conn, person=person, event=event)


def _now(recovery: Recovery) -> int:
    return epoch_seconds(recovery.directives.context.clock())


def _max_age(recovery: Recovery) -> int:
    return recovery.directives.context.settings.signed_max_age_seconds
