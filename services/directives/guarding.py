"""Who acts for whom at one body: judged by the rule table, and carried out when it changes.

G1 the ID centre tells how far a person acts alone and which keys sign for them; an older word changes nothing;
G2 a directive by a guardian carries that guardian's own signature over its terms, and counts only if the table says so
   in the transaction that stores it (stops a former guardian, also one whose request was under way); what was taken
   back counts again only when the guardian is signed in (stops a ward who lays it down once more);
G3 what is over by the table lapses in the transaction that is told so, or when its time is up: its fragments are
   deleted behind the barrier, so that no answer that rests on it is still being sent;
G4 the person's own records on their way to a guardian hold the guardian's right until they were sent, and it is judged
   once more then; what the ID centre tells waits for them (stops an answer after the end of a guardianship).
"""

import logging
from collections.abc import Callable, Iterable

from sqlalchemy import Connection

from consent.directives import Directive
from consent.errors import ConsentError
from consent.guardians import Act, Change, Matter, RuleFault, Signer, act_fault, act_of, matter_of
from consent.identifiers import DirectiveId, Pseudonym
from consent.lifecycle import DirectiveState
from services.contracts.directives import SubmissionFault
from services.contracts.guardianship import PersonState, StatesTold, TellStates
from services.directives import egress
from services.directives.errors import StoredDirectiveChangedError
from services.directives.model import StoredDirective
from services.directives.service import Directives
from services.directives.store import DirectiveStore
from services.directives.wards import KnownGuardian, Ward
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import PersonCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.people import RetiredNameError
from services.kit.problems import ConflictError

logger = logging.getLogger("sekisho")
LAPSE_SECONDS = 60.0
"""How often it is looked whether something has waited long enough for its confirmation."""


def turn(person: Pseudonym) -> str:
    """Return the name under which what changes a person's directives goes one after the other."""
    return f"directives of {person}"


def right(person: Pseudonym) -> str:
    """Return the name under which answers hold who may act for a person (G4)."""
    return f"who acts for {person}"


def directive_fault(
    directives: Directives, conn: Connection, directive: Directive, *, guardian: str | None
) -> SubmissionFault | None:
    """G2: whether who has signed may lay this down now; `guardian` is the key of the guardian who is signed in."""
    ward = directives.store.wards.get(conn, directive.person)
    signers = _signers(ward, directive, guardian=guardian)
    if guardian is None and _taken_back(directives, conn, directive):
        signers -= {Signer.GUARDIAN}
    terms = directive.terms
    return _fault(act_fault(ward.state, act_of(terms), matter_of(terms), signers=signers))


def withdrawal_fault(
    directives: Directives, conn: Connection, stored: StoredDirective, *, guardian: str | None
) -> SubmissionFault | None:
    """G2: whether who is signed in may take a directive back now."""
    ward = directives.store.wards.get(conn, stored.person)
    signers = frozenset({_signed_in(ward, guardian)})
    return _fault(act_fault(ward.state, Act.WITHDRAW, matter_of(stored.terms), signers=signers))


def act_refused(
    store: DirectiveStore,
    conn: Connection,
    caller: PersonCaller,
    act: Act,
    *,
    matter: Matter = Matter.ORDINARY,
) -> SubmissionFault | None:
    """G2: why the table does not let the caller do this in such a matter; None if it does."""
    ward = store.wards.get(conn, caller.pseudonym)
    signers = frozenset({_signed_in(ward, caller.guardian)})
    return _fault(act_fault(ward.state, act, matter, signers=signers))


def keeping_fault(
    store: DirectiveStore, conn: Connection, person: Pseudonym, *, guardian: str | None
) -> SubmissionFault | None:
    """G2: why who is signed in may not make the wallet's keys or parts known now; `guardian` is their key if they act
    for the person. To be asked in the transaction that stores them, taken in by `turn`.
    """
    ward = store.wards.get(conn, person)
    signers = frozenset({_signed_in(ward, guardian)})
    return _fault(act_fault(ward.state, Act.KEEP_WALLET, Matter.ORDINARY, signers=signers))


def nobody_waits(_conn: Connection) -> tuple[DirectiveId, ...]:
    """Name no directives, where what is stored ends none."""
    return ()


def tell(directives: Directives, message: TellStates) -> StatesTold:
    """G1: take what the ID centre says of people.

    Raises: UnavailableError for names that are not told yet, ConflictError for names that count no more.
    """
    people = directives.context.people
    try:
        with directives.context.database.read() as conn:
            names = people.own_names(conn, [Pseudonym(each.person) for each in message.states])
    except RetiredNameError as error:
        raise ConflictError(str(error)) from error
    news = sum(_take(directives, person, told) for person, told in zip(names, message.states, strict=True))
    return egress.states_told(news)


def lapse_due(directives: Directives) -> None:
    """G3: end what was not confirmed in time; rows of one person that were edited keep nobody else's alive."""
    with directives.context.database.read() as conn:
        waiting = directives.store.wards.waiting(conn)
    for person in waiting:
        try:
            _lapse_of(directives, person)
        except StoredDirectiveChangedError:
            logger.error("what is over of somebody was not ended: a row was edited; run the audit")


def _lapse_of(directives: Directives, person: Pseudonym) -> None:
    now = epoch_seconds(directives.context.clock())
    with directives.barrier.take_in(turn(person), against=_over(directives, person)) as conn:
        directives.context.journal.tree.queue(conn)
        ward = directives.store.wards.get(conn, person)
        _lapse(directives, conn, person, ward)
        if not ward.waiting(now=now):
            directives.store.wards.put(conn, person, ward, now=now)


def _take(directives: Directives, person: Pseudonym, told: PersonState) -> bool:
    ward = Ward(
        told.state,
        told.number,
        tuple(
            KnownGuardian(each.key, each.capacity, each.ended, each.confirm_until) for each in told.guardians
        ),
    )
    over, ending = _over(directives, person, ward), (right(person),)
    with directives.barrier.take_in(turn(person), against=over, ending=ending) as conn:
        directives.context.journal.tree.queue(conn)
        if directives.store.wards.get(conn, person).number >= told.number:
            return False
        directives.store.wards.put(conn, person, ward, now=epoch_seconds(directives.context.clock()))
        counting = sum(each.ended is None for each in ward.guardians)
        event = Event(
            kind=EventKind.LEGAL_STATE_TOLD,
            outcome=Outcome.DONE,
            count=counting,
            detail={"legal_state": told.state.value, "number": told.number},
        )
        directives.context.journal.record(conn, person=person, event=event)
        _lapse(directives, conn, person, ward)
    return True


def _over(
    directives: Directives, person: Pseudonym, ward: Ward | None = None
) -> Callable[[Connection], Iterable[DirectiveId]]:
    """Return what finds the directives that are over, so that nobody still answers by one while it lapses."""

    def found(conn: Connection) -> list[DirectiveId]:
        present = directives.store.wards.get(conn, person) if ward is None else ward
        return [each.id for each, _change in _found(directives, conn, person, present)]

    return found


def _found(
    directives: Directives, conn: Connection, person: Pseudonym, ward: Ward
) -> list[tuple[StoredDirective, Change]]:
    now = epoch_seconds(directives.context.clock())
    active = [
        each for each in directives.store.of_person(conn, person) if each.state is DirectiveState.ACTIVE
    ]
    judged = [(each, ward.over(each, now=now)) for each in active]
    return [(each, change) for each, change in judged if change is not None]


def _lapse(directives: Directives, conn: Connection, person: Pseudonym, ward: Ward) -> None:
    for each, change in _found(directives, conn, person, ward):
        deleted = directives.store.end(conn, each, DirectiveState.LAPSED)
        event = Event(
            kind=EventKind.DIRECTIVE_LAPSED,
            outcome=Outcome.DONE,
            organisation=each.terms.recipient.organisation,
            purpose=" ".join(sorted(each.terms.purposes)),
            count=deleted,
            reason=change.value,
            ground=each.id,
            detail={"effect": each.terms.effect.value},
        )
        directives.context.journal.record(conn, person=person, event=event)


def _signers(ward: Ward, directive: Directive, *, guardian: str | None) -> frozenset[Signer]:
    signature = directive.guardian
    found = set() if guardian is not None else {Signer.PERSON}
    if guardian is not None and _signed_in(ward, guardian) is not Signer.GUARDIAN:
        found.add(_signed_in(ward, guardian))
    if signature is None:
        return frozenset(found)
    try:
        known = ward.guardian(signature.kid)
        if known is None or known.capacity is not signature.capacity or guardian not in (None, known.kid):
            return frozenset({Signer.STRANGER})
        body, person = directive.body, directive.person
        signature.verify(known.key, body=body, person=person, terms=directive.terms)
    except ConsentError:
        return frozenset({Signer.STRANGER})
    return frozenset({*found, Signer.GUARDIAN if known.ended is None else Signer.FORMER_GUARDIAN})


def _taken_back(directives: Directives, conn: Connection, directive: Directive) -> bool:
    """Whether a guardian's word for these terms was given before and stands no more: it does not count anew by itself.

    While a directive with it is in force it does, for fragments under other keys.
    """
    signature = directive.guardian
    if signature is None:
        return False
    states = [
        each.state
        for each in directives.store.of_person(conn, directive.person)
        if each.terms == directive.terms
        and (before := each.verified.directive.guardian) is not None
        and before.kid == signature.kid
    ]
    return bool(states) and DirectiveState.ACTIVE not in states


def _signed_in(ward: Ward, guardian: str | None) -> Signer:
    if guardian is None:
        return Signer.PERSON
    known = ward.guardian(guardian)
    if known is None:
        return Signer.STRANGER
    return Signer.GUARDIAN if known.ended is None else Signer.FORMER_GUARDIAN


def _fault(fault: RuleFault | None) -> SubmissionFault | None:
    return None if fault is None else SubmissionFault(fault.value)
