"""Unmasking staff: a person asks about one entry of their history, two officials decide, the log is what counts.

Q1 the entry is in its body's log, under a checkpoint that a witness co-signed; who shows it has its opening, which only
   its person and the body that logged it have (stops asking about somebody else's entries);
Q2 the organisation, or else the body that checked the cards' signatures, sealed who acted: the opening is in the entry,
   so nobody has to be asked for it any more;
Q3 two officials decide, two humans with two cards (`kit.dual_control`); the person sees that it was proposed and why;
Q4 what opens is compared with the commitment in the entry, which the body computed for the card that signed: a false
   opening names nobody (stops an organisation that says it was somebody else);
Q5 the name goes to the case; the person is told in the same transaction what came of it, and the name only if the two
   decided so.
"""

import hmac
from dataclasses import dataclass

from pydantic import JsonValue

from consent import base64url
from consent.errors import MalformedError, SealError
from consent.identifiers import Pseudonym
from consent.staff import OpenedStaff, StaffOpening, open_mask
from services.contracts.oversight.register import Kind
from services.contracts.oversight.unmasking import (
    AskUnmasking,
    ClaimedOpening,
    Unmasking,
    Unmaskings,
    UnmaskingState,
)
from services.directives.service import Directives, open_cosigner
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.egress import egress
from services.kit.events import Event, EventKind, Outcome
from services.kit.log.entry import Event as Wire
from services.kit.log.errors import LogError
from services.kit.log.evidence import Trust, VerifiedEntry, verify_evidence
from services.kit.log.note import NoteVerifier
from services.kit.problems import ForbiddenError
from services.kit.staff import OPENING, OPERATOR, STAFF, TERMINAL, colleagues, member
from services.oversight.settings import Settings
from services.oversight.unmasking_errors import UnmaskingFault, UnmaskingRefusedError
from services.oversight.unmasking_store import OPEN, Case, Masked, UnmaskingStore

ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Unmasker:
    """What the workflows work with."""

    directives: Directives
    store: UnmaskingStore
    settings: Settings

    @property
    def context(self) -> BodyContext:
        """The running body."""
        return self.directives.context

    def trust(self) -> Trust:
        """Return whom this body believes about logs: the register, and itself as a witness."""
        bodies = self.directives.directory().register.bodies
        keys = {each.witness_key for each in bodies} - {None}
        keys.add(open_cosigner(self.context).verifier.vkey())
        witnesses = [NoteVerifier.parse(each) for each in sorted(filter(None, keys))]
        return Trust(
            {each.log_origin: NoteVerifier.parse(each.log_key) for each in bodies}, tuple(witnesses), 1
        )


def ask(unmasker: Unmasker, caller: PersonCaller, asked: AskUnmasking) -> Unmasking:
    """Q1 and Q2: open a case about one entry, once. Raises: UnmaskingRefusedError."""
    context = unmasker.context
    try:
        masked = _masked(_proven(unmasker, asked), colleague=asked.colleague)
    except UnmaskingRefusedError as refusal:
        with context.database.write() as conn:
            event = _event(EventKind.UNMASKING_ASKED, Outcome.REFUSED, reason=refusal.code)
            context.journal.record(conn, person=caller.pseudonym, event=event)
        raise
    with context.database.write() as conn:
        context.journal.tree.queue(conn)  # first: who asks twice at once gets one case
        known = unmasker.store.about(conn, caller.pseudonym, masked)
        if known is not None:
            return shown(known)
        waiting = [each for each in unmasker.store.of_person(conn, caller.pseudonym) if each.state in OPEN]
        if len(waiting) < unmasker.settings.unmaskings_waiting:
            case = _opened(unmasker, caller.pseudonym, masked, why=asked.why)
            unmasker.store.add(conn, case)
            event = _event(EventKind.UNMASKING_ASKED, Outcome.DONE, case=case)
            context.journal.record(conn, person=caller.pseudonym, event=event)
            return shown(case)
        event = _event(EventKind.UNMASKING_ASKED, Outcome.REFUSED, reason=UnmaskingFault.TOO_MANY)
        context.journal.record(conn, person=caller.pseudonym, event=event)
    raise UnmaskingRefusedError(UnmaskingFault.TOO_MANY)


@egress(
    to="the person",
    fields="their own cases and what became of them; a name only where two officials decided so",
    purpose="the person's own rights",
    ground="the person's own sign-in",
    answers=("GET /unmaskings", "POST /unmaskings"),
)
def own(unmasker: Unmasker, caller: PersonCaller) -> Unmaskings:
    """Return the caller's cases."""
    with unmasker.context.database.read() as conn:
        return Unmaskings(cases=[shown(each) for each in unmasker.store.of_person(conn, caller.pseudonym)])


@egress(
    to="officials of the oversight body",
    fields="which entries, under which pseudonyms and why; not who asked, and nobody's name",
    purpose="deciding whether staff is unmasked",
    ground="the role supervisor at the oversight body",
    answers=("GET /unmaskings/waiting",),
)
def waiting(unmasker: Unmasker, caller: OperatorCaller) -> Unmaskings:
    """Return what two officials may decide. Raises: ForbiddenError for anybody else's supervisor."""
    holder = unmasker.directives.directory().organisation(caller.organisation)
    if holder is None or holder.kind is not Kind.OVERSIGHT:
        raise ForbiddenError("cases are decided by the oversight body's own officials")
    with unmasker.context.database.read() as conn:
        return Unmaskings(cases=[shown(each) for each in unmasker.store.open(conn)])


def identify(unmasker: Unmasker, case: Case, claimed: ClaimedOpening | None) -> OpenedStaff | None:
    """Q4: return who acted, by what the organisation sealed or by what is claimed; None when that is false."""
    masked = case.masked
    try:
        if claimed is None:
            found = open_mask(
                unmasker.context.sealing_key,
                base64url.decode(masked.sealed),
                organisation=masked.organisation,
                pseudonym=masked.pseudonym,
            )
        else:
            found = OpenedStaff(_claimed(masked, claimed), claimed.operator)
        return found if found.fits(base64url.decode(masked.commitment)) else None
    except (SealError, MalformedError):
        return None


def shown(case: Case) -> Unmasking:
    """Return a case as its person sees it."""
    return Unmasking(
        case=case.id,
        body=case.masked.body,
        index=case.masked.index,
        organisation=case.masked.organisation,
        pseudonym=case.masked.pseudonym,
        why=case.why,
        asked=case.asked,
        state=case.state,
        name=case.name,
        comment=case.comment,
        colleague=case.masked.colleague,
    )


def told(case: Case) -> dict[str, JsonValue]:
    """Return what events say of a case."""
    return {
        "case": case.id,
        "entry": case.masked.place,
        "of": case.masked.organisation,
    }


def _proven(unmasker: Unmasker, asked: AskUnmasking) -> VerifiedEntry:
    try:
        (entry,) = verify_evidence(asked.evidence, unmasker.trust())
    except (LogError, ValueError):
        raise UnmaskingRefusedError(UnmaskingFault.NOT_PROVEN) from None
    named = entry.event.get("body")
    if not isinstance(named, str) or not hmac.compare_digest(named, entry.origin.rpartition("/")[2]):
        raise UnmaskingRefusedError(UnmaskingFault.NOT_PROVEN)
    return entry


def _masked(entry: VerifiedEntry, *, colleague: int) -> Masked:
    event = entry.event
    if STAFF not in event:
        raise UnmaskingRefusedError(_unstaffed(event), event)
    said = _acted(event) if colleague == 0 else _beside(event, colleague)
    sealed = said.get("sealed") or said.get(OPENING)
    if "commitment" not in said or "pseudonym" not in said:
        raise UnmaskingRefusedError(UnmaskingFault.NOT_COMMITTED)
    if sealed is None:
        raise UnmaskingRefusedError(
            UnmaskingFault.NOT_SEALED, {**event, "organisation": said["organisation"]}
        )
    return Masked(
        origin=entry.origin,
        index=entry.index,
        at=str(event.get("at")),
        kind=str(event.get("kind")),
        organisation=said["organisation"],
        pseudonym=said["pseudonym"],
        commitment=said["commitment"],
        sealed=sealed,
        colleague=colleague,
    )


def _unstaffed(event: Wire) -> UnmaskingFault:
    """Say why there is nobody to unmask in an entry that speaks of no staff."""
    if OPERATOR in event:
        return UnmaskingFault.NAMED
    return UnmaskingFault.TERMINAL if TERMINAL in event else UnmaskingFault.NOBODY


def _acted(event: Wire) -> dict[str, str]:
    told = {name: member(event, name) for name in ("pseudonym", "commitment", "sealed", OPENING)}
    found = {name: value for name, value in told.items() if value is not None}
    return {**found, "organisation": str(event.get("organisation"))}


def _beside(event: Wire, number: int) -> dict[str, str]:
    said = colleagues(event)
    return said[number - 1] if number <= len(said) else {}


def _claimed(masked: Masked, claimed: ClaimedOpening) -> StaffOpening:
    return StaffOpening(
        organisation=masked.organisation,
        operator=claimed.operator,
        terminal=claimed.terminal,
        pseudonym=masked.pseudonym,
        salt=base64url.decode(claimed.salt),
    )


def _opened(unmasker: Unmasker, person: Pseudonym, masked: Masked, *, why: str) -> Case:
    context = unmasker.context
    return Case(
        id=base64url.encode(context.randomness(ID_BYTES)),
        pseudonym=person,
        state=UnmaskingState.ASKED,
        asked=epoch_seconds(context.clock()),
        masked=masked,
        why=why,
    )


def _event(
    kind: EventKind, outcome: Outcome, *, case: Case | None = None, reason: UnmaskingFault | None = None
) -> Event:
    detail = None if case is None else told(case)
    return Event(kind=kind, outcome=outcome, reason=None if reason is None else reason.value, detail=detail)
