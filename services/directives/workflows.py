"""Registering a wallet, permitting (P4 to P7) and withdrawing (W2, W3) at one body.

Every refusal is an entry in the person's history; a fragment never leaves this module but into the store.
"""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta

from sqlalchemy import Connection

from consent import base64url, jws
from consent.delegation import FragmentPackage, VerifiedFragment
from consent.directives import (
    DeletionReceipt,
    Directive,
    LogPosition,
    UnverifiedDirective,
    UnverifiedWithdrawal,
    VerifiedDirective,
    VerifiedWithdrawal,
    deletion_receipt,
)
from consent.errors import ConsentError, MalformedError, SealError, SignatureError
from consent.identifiers import DirectiveId, Pseudonym
from consent.instants import whole_second
from consent.jwk import PublicJwk, thumbprint, to_jwk
from consent.lifecycle import DirectiveState, advance
from consent.terms import Effect, RecordScope, Terms
from services.contracts.directives import (
    WALLET_PROOF,
    DirectiveAccepted,
    DirectiveSubmission,
    SubmissionFault,
    WalletRegistered,
    WalletRegistration,
    WithdrawalOrder,
    WithdrawalReceipt,
)
from services.directives.acting import acted
from services.directives.endings import Ending
from services.directives.errors import DirectiveConflictError
from services.directives.guarding import (
    directive_fault,
    keeping_fault,
    nobody_waits,
    turn,
    withdrawal_fault,
)
from services.directives.model import StoredDirective
from services.directives.policy import (
    Pointers,
    address_fault,
    form_fault,
    fragments_fault,
    moment_fault,
    pointers_fault,
    recipient_fault,
    terms_fault,
)
from services.directives.refusing import NOT_YOURS, refused, require_own
from services.directives.service import Directives
from services.kit.clock import epoch_seconds
from services.kit.events import Event, EventKind, Outcome
from services.kit.problems import NotFoundError

PROOF_AGE = timedelta(minutes=5)


class _FaultError(Exception):
    """A check failed; caught here, so that it is logged before it is answered."""

    def __init__(self, code: SubmissionFault) -> None:
        super().__init__(code)
        self.code = code


def register_wallet(
    directives: Directives,
    person: Pseudonym,
    registration: WalletRegistration,
    *,
    guardian: str | None = None,
) -> WalletRegistered:
    """Store the person's first wallet key; `guardian` is the key of the guardian who is signed in for the person.

    Raises: RefusedError; DirectiveConflictError for another key.
    """
    context, kind = directives.context, EventKind.WALLET_REGISTERED
    if not _proves_wallet(directives, registration):
        code = SubmissionFault.NOT_SIGNED_BY_WALLET
        raise refused(directives, person, kind=kind, code=code, guardian=guardian)
    with directives.barrier.take_in(turn(person), against=nobody_waits) as conn:
        unfit = keeping_fault(directives.store, conn, person, guardian=guardian)  # G2
        present = directives.store.wallet(conn, person)
        if unfit is None and present is None:
            directives.store.put_wallet(conn, person, registration.signing_key)
            event = Event(kind=kind, outcome=Outcome.DONE)
            event = acted(directives.store, conn, person, event, guardian=guardian)
            context.journal.record(conn, person=person, event=event, statement=registration.proof.encode())
    if unfit is not None:
        raise refused(directives, person, kind=kind, code=unfit, guardian=guardian)
    if present not in (None, registration.signing_key):
        refused(directives, person, kind=kind, code=SubmissionFault.OTHER_WALLET, guardian=guardian)
        raise DirectiveConflictError(SubmissionFault.OTHER_WALLET)
    return WalletRegistered(pseudonym=person, subject=thumbprint(registration.signing_key))


def wallet(directives: Directives, person: Pseudonym) -> WalletRegistered:
    """Return what is registered. Raises: NotFoundError."""
    with directives.context.database.read() as conn:
        present = directives.store.wallet(conn, person)
    if present is None:
        raise NotFoundError("no wallet is registered here yet")
    return WalletRegistered(pseudonym=person, subject=thumbprint(present))


def submit(
    directives: Directives, person: Pseudonym, message: DirectiveSubmission, *, guardian: str | None = None
) -> DirectiveAccepted:
    """P4 to P7: judge a copy, try its fragments, store it with its log entry.

    `guardian` is the key of the guardian who is signed in for the person.

    Guarantees: once a refusal is acknowledged, no answer that goes against it is still being sent.
    Raises: RefusedError, DirectiveConflictError.
    """
    context, kind = directives.context, EventKind.DIRECTIVE_STORED
    try:
        verified, pointers, packages = _judge(directives, person, message)  # P4
        fragments = _try_out(packages)  # P5
    except _FaultError as fault:
        raise refused(directives, person, kind=kind, code=fault.code, guardian=guardian) from None
    directive = verified.directive
    with _taking_in(directives, person, directive.terms) as conn:  # P6
        # Requests queue here, so that what is not known now is not stored by another before this one ends.
        context.journal.tree.queue(conn)
        known = directives.store.known(conn, directive.id)
        unfit = directive_fault(directives, conn, directive, guardian=guardian)  # G2
        if not known and unfit is None:
            event = _told(directive, kind=kind, count=len(fragments))
            event = acted(directives.store, conn, person, event, guardian=guardian)
            index = context.journal.record(
                conn, person=person, event=event, statement=verified.jws.encode()
            ).index
            state = advance(DirectiveState.RECEIVED, DirectiveState.ACTIVE)
            stored = StoredDirective(verified, state, index, pointers.handles, pointers.reader_notice)
            directives.store.add(conn, stored, fragments=fragments)
    if known:
        refused(directives, person, kind=kind, code=SubmissionFault.DIRECTIVE_KNOWN, guardian=guardian)
        raise DirectiveConflictError(SubmissionFault.DIRECTIVE_KNOWN)
    if unfit is not None:
        raise refused(directives, person, kind=kind, code=unfit, guardian=guardian)
    return DirectiveAccepted(directive=directive.id, state=DirectiveState.ACTIVE.value, log_index=index)  # P7


def withdraw(
    directives: Directives, person: Pseudonym, order: WithdrawalOrder, *, guardian: str | None = None
) -> WithdrawalReceipt:
    """W2, W3: delete the fragments behind the barrier and sign that they are gone.

    Guarantees: the same directive withdrawn again gives the same receipt and nothing else happens.
    Raises: RefusedError; NotFoundError for a directive that is not the person's (both logged).
    """
    context, store = directives.context, directives.store
    kind = EventKind.DIRECTIVE_WITHDRAWN
    try:
        withdrawal = _verified_withdrawal(directives, person, order).withdrawal
    except _FaultError as fault:
        raise refused(directives, person, kind=kind, code=fault.code, guardian=guardian) from None
    # before the barrier: nobody holds up the answers, nor waits for the readers, of somebody else's directive
    require_own(directives, person, withdrawal.directive, kind=kind, guardian=guardian)
    with directives.barrier.exclude(withdrawal.directive) as conn:
        stored = store.own(conn, withdrawal.directive, person)
        if stored is None:
            raise NotFoundError(NOT_YOURS)
        earlier = store.endings.of(conn, [stored.id])
        if earlier:
            return WithdrawalReceipt(receipt=earlier[stored.id].receipt)
        context.journal.tree.queue(conn)
        unfit = withdrawal_fault(directives, conn, stored, guardian=guardian)  # G2
        receipt = (
            None if unfit is not None else _withdrawn(directives, conn, stored, order, guardian=guardian)
        )
    if receipt is None or unfit is not None:
        code = unfit or SubmissionFault.PERSON_DECEASED
        raise refused(directives, person, kind=kind, code=code, guardian=guardian)
    return WithdrawalReceipt(receipt=receipt)


def _withdrawn(
    directives: Directives,
    conn: Connection,
    stored: StoredDirective,
    order: WithdrawalOrder,
    *,
    guardian: str | None,
) -> str:
    context, store = directives.context, directives.store
    deleted = store.withdraw(conn, stored)
    event = _told(stored.verified.directive, kind=EventKind.DIRECTIVE_WITHDRAWN, count=deleted)
    event = acted(store, conn, stored.person, event, guardian=guardian)
    statement = order.withdrawal.encode()
    recorded = context.journal.record(conn, person=stored.person, event=event, statement=statement)
    position = LogPosition(recorded.index, leaf=base64url.encode(recorded.leaf.hash))
    receipt = _receipt(directives, stored, deleted=deleted, position=position)
    store.endings.add(conn, stored.id, Ending(order.withdrawal, receipt))
    return receipt


def _taking_in(directives: Directives, person: Pseudonym, terms: Terms) -> AbstractContextManager[Connection]:
    def against(conn: Connection) -> set[DirectiveId]:
        if terms.effect is Effect.PERMIT:
            return set()
        return directives.store.ids_for(conn, person, terms.recipient.organisation)

    return directives.barrier.take_in(turn(person), against=against)


def _proves_wallet(directives: Directives, registration: WalletRegistration) -> bool:
    context = directives.context
    try:
        proof = jws.verify_with_jwk(registration.proof, typ=WALLET_PROOF, jwk=registration.signing_key)
    except ConsentError:
        return False
    said = json.loads(proof.payload)
    at = said.get("at")
    fresh = type(at) is int and abs(at - epoch_seconds(context.clock())) <= PROOF_AGE.total_seconds()
    return fresh and said == {"body": context.body.value, "at": at}


def _judge(
    directives: Directives, person: Pseudonym, message: DirectiveSubmission
) -> tuple[VerifiedDirective, Pointers, list[FragmentPackage]]:
    wallet = _wallet(directives, person)
    try:
        verified = UnverifiedDirective(message.directive).verify(wallet)
    except SignatureError:
        raise _FaultError(SubmissionFault.NOT_SIGNED_BY_WALLET) from None
    except MalformedError as malformed:
        raise _FaultError(form_fault(malformed)) from None
    directive = verified.directive
    _require(address_fault(directive, body=directives.context.body, person=person))
    _require(moment_fault(directive, now=directives.context.clock()))
    directory, named = directives.directory(), directive.terms.recipient
    recipient = None if named.organisation is None else directory.organisation(named.organisation)
    _require(terms_fault(directive.terms, recipient=recipient, now=directives.context.clock()))
    _require(recipient_fault(named, directory=directory))
    try:
        packages = [each.to_package() for each in message.fragments]
    except MalformedError:
        raise _FaultError(SubmissionFault.FRAGMENTS_DO_NOT_MATCH) from None
    _require(fragments_fault(directive.terms, recipient=recipient, packages=packages))
    handles = {body: base64url.decode(handle) for body, handle in message.handles.items()}
    pointers = Pointers(handles, message.reader_notice)
    _require(pointers_fault(directive, pointers, wallet=wallet, packages=packages))
    return verified, pointers, packages


def _try_out(packages: Sequence[FragmentPackage]) -> list[VerifiedFragment]:
    try:
        return [package.verify() for package in packages]
    except SealError:
        raise _FaultError(SubmissionFault.FRAGMENT_REFUSED) from None


def _verified_withdrawal(
    directives: Directives, person: Pseudonym, order: WithdrawalOrder
) -> VerifiedWithdrawal:
    wallet = _wallet(directives, person)
    try:
        verified = UnverifiedWithdrawal(order.withdrawal).verify(wallet)
    except ConsentError:
        raise _FaultError(SubmissionFault.NOT_SIGNED_BY_WALLET) from None
    if verified.withdrawal.body is not directives.context.body or verified.withdrawal.person != person:
        raise _FaultError(SubmissionFault.OTHER_BODY_OR_PERSON)
    return verified


def _wallet(directives: Directives, person: Pseudonym) -> PublicJwk:
    with directives.context.database.read() as conn:
        wallet = directives.store.wallet(conn, person)
    if wallet is None:
        raise _FaultError(SubmissionFault.WALLET_UNKNOWN)
    return wallet


def _receipt(directives: Directives, stored: StoredDirective, *, deleted: int, position: LogPosition) -> str:
    context = directives.context
    receipt = DeletionReceipt(context.body, stored.id, whole_second(context.clock()), deleted, position)
    key = context.signing_key
    return deletion_receipt(receipt, key=key, kid=thumbprint(to_jwk(key.public_key())))


def _require(fault: SubmissionFault | None) -> None:
    if fault is not None:
        raise _FaultError(fault)


def _told(directive: Directive, *, kind: EventKind, count: int) -> Event:
    terms = directive.terms
    categories, years = scope_told(terms)
    by = {} if directive.guardian is None else {"capacity": directive.guardian.capacity.value}
    return Event(
        kind=kind,
        outcome=Outcome.DONE,
        organisation=terms.recipient.organisation,
        purpose=" ".join(sorted(terms.purposes)),
        categories=categories,
        years=years,
        count=count,
        ground=directive.id,
        detail={"effect": terms.effect.value, **by},
    )


def scope_told(terms: Terms) -> tuple[tuple[str, ...], tuple[int, int] | None]:
    """Return how the log words what a directive is about: kinds, and years where there are any."""
    scope = terms.scope
    if isinstance(scope, RecordScope):
        return tuple(sorted(scope.categories)), (scope.years.first, scope.years.last)
    return tuple(sorted(scope.items)), None
