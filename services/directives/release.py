"""R7: the second proxy checks everything by itself, witnesses the log, and only then releases capsule fragments.

R7a the operator's card signed the statement, in time, once; operator, terminal and organisation are
    accredited now and the operator may read (stops a medical centre that asks in a reader's name);
R7b handle, token and statement name one person (stops one person's permission being used for another);
R7c this body's own copy permits it and covers every capsule (stops a medical centre that decides wrongly);
R7d this very statement is in the medical centre's log, under a checkpoint that extends what was witnessed
    before (no log entry, no plaintext);
R7e the capsules are re-encrypted with this body's own fragments, and what was made of them is signed (F1).
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from pydantic import JsonValue
from sqlalchemy import Connection

from consent import base64url
from consent.compartments import Compartment
from consent.delegation import VerifiedFragment, reencrypt
from consent.errors import ConsentError, MalformedError, SealError
from consent.explanations import RefusalCode
from consent.handles import open_handle
from consent.identifiers import BundleId, OrganisationId, Pseudonym
from consent.recipients import Reader
from consent.statements import AccessStatement, GrantSubject, Selection, UnverifiedStatement
from consent.terms import Effect
from consent.vocabulary import Body
from services.contracts.directives import (
    CapsuleMessage,
    LogProof,
    ReleaseAnswer,
    ReleaseFault,
    ReleaseRequest,
)
from services.contracts.emergency_evidence import is_relay
from services.contracts.gossip import record_contradiction
from services.contracts.oversight.register import Directory, p256
from services.contracts.released import HandedOut, sign_released
from services.directives.egress import release_answer
from services.directives.errors import CheckpointBehindError, RefusedError
from services.directives.model import StoredDirective
from services.directives.release_policy import (
    Fault,
    access_request,
    claimed_operator,
    compartments_fault,
    decision_fault,
    logged_fault,
)
from services.directives.service import Directives
from services.kit.clock import epoch_seconds
from services.kit.credentials.pseudonyms import PseudonymTokenError, VerifiedPseudonym
from services.kit.events import Event, EventKind, Outcome
from services.kit.log.errors import CheckpointConflictError, LogError, SplitViewError
from services.kit.log.witness import Shown, Witness
from services.kit.permissions import policies
from services.kit.problems import ReplayError

STATEMENT_AGE = timedelta(seconds=60)


class _RefusalError(Exception):
    """A check failed; caught here, so that it is logged before it is answered."""

    def __init__(self, code: Fault, *, split: SplitViewError | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.split = split


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request as far as it is known: the copy its handle names and the statement once it verified."""

    request: ReleaseRequest
    directory: Directory
    now: datetime
    stored: StoredDirective | None
    statement: AccessStatement | None = None


@dataclass(frozen=True, slots=True)
class OnBehalf:
    """For which hospital, and about whom, a relay may read: an emergency that two professionals declared here."""

    organisation: OrganisationId
    person: Pseudonym


class Releases:
    """The second proxy of one body."""

    def __init__(
        self,
        directives: Directives,
        witness: Witness,
        emergencies: Callable[[AccessStatement], OnBehalf | None] = lambda _statement: None,
    ) -> None:
        """`emergencies` finds the emergency that a relay's statement is for; a body that keeps none knows none."""
        self._directives = directives
        self._emergencies = emergencies
        self._context = directives.context
        self._witness = witness

    def release(self, request: ReleaseRequest, *, hold: ExitStack) -> ReleaseAnswer:
        """Release capsule fragments, or refuse; both are entries of this body's own log.

        Guarantees: the directive is held against withdrawal and refusal until `hold` is closed, after the answer was
        sent.
        Raises: RefusedError; CheckpointBehindError when another checkpoint must be shown, nothing decided.
        """
        stored = self._copy(request, hold)
        asked = _Asked(request, self._directives.directory(), self._context.clock(), stored)
        try:
            statement = self._statement(asked)  # R7a
        except _RefusalError as refusal:
            raise self._refuse(asked, refusal) from None
        asked = _Asked(request, asked.directory, asked.now, stored, statement)
        try:
            _require_accredited(asked.directory, statement, at=self._context.body)  # R7a
            copy = _known(stored)
            token = self._subject(asked, statement, copy)  # R7b
            fragments = self._fragments(asked, statement, copy)  # R7c, R7e
            shown = self._shown(asked)  # R7d
            cosignature = self._take_effect(
                asked, statement, copy, token=token, shown=shown
            )  # R7a once, R7c, R7d
        except _RefusalError as refusal:
            raise self._refuse(asked, refusal) from None
        signed = sign_released(
            self._context.body, fragments, statement=request.statement, key=self._context.signing_key
        )
        return release_answer(fragments, cosignature, signed=signed)

    def _copy(self, request: ReleaseRequest, hold: ExitStack) -> StoredDirective | None:
        try:
            handle = base64url.decode(request.handle)
            directive = open_handle(self._context.sealing_key, handle, info=self._context.body)
        except (SealError, MalformedError):
            return None
        hold.enter_context(self._directives.barrier.hold([directive]))
        with self._context.database.read() as conn:
            return self._directives.store.get(conn, directive)

    def _statement(self, asked: _Asked) -> AccessStatement:
        operator = claimed_operator(asked.request.statement, asked.directory)
        if operator is None:
            raise _RefusalError(RefusalCode.NOT_ACCREDITED)
        medical = asked.directory.body(Body.MEDICAL).url
        unverified = UnverifiedStatement(asked.request.statement)
        try:
            verified = unverified.verify(p256(operator.card_key), asked.now, STATEMENT_AGE, audience=medical)
        except ConsentError:
            raise _RefusalError(ReleaseFault.STATEMENT_REFUSED) from None
        return verified.statement

    def _subject(
        self, asked: _Asked, statement: AccessStatement, stored: StoredDirective
    ) -> VerifiedPseudonym | None:
        subject, token, body = statement.subject, asked.request.subject_token, self._context.body
        behalf = self._behalf(asked, statement)
        if behalf is None and isinstance(subject, GrantSubject):
            if token is not None or subject.handles.get(body) != base64url.decode(asked.request.handle):
                raise _RefusalError(ReleaseFault.OTHER_PERSON)
            return None
        if token is None or isinstance(subject, GrantSubject) or not subject.names(body, token):
            raise _RefusalError(ReleaseFault.OTHER_PERSON)
        whose = statement.organisation if behalf is None else behalf.organisation
        try:
            named = self._context.whom(token, issuer=asked.directory.token_key(), organisation=whose)
        except PseudonymTokenError:
            raise _RefusalError(RefusalCode.SUBJECT_UNKNOWN) from None
        if named.pseudonym != stored.person or (behalf and behalf.person != stored.person):
            raise _RefusalError(ReleaseFault.OTHER_PERSON)
        return named

    def _behalf(self, asked: _Asked, statement: AccessStatement) -> OnBehalf | None:
        """R7b: return the hospital for which an emergency relay reads; None for who reads for themselves."""
        if not is_relay(asked.directory, statement.organisation):
            return None
        found = self._emergencies(statement)
        if found is None:
            raise _RefusalError(RefusalCode.EMERGENCY_UNPROVEN)
        return found

    def _fragments(
        self, asked: _Asked, statement: AccessStatement, stored: StoredDirective
    ) -> list[HandedOut]:
        capsules = asked.request.capsules
        try:
            compartments = [Compartment.parse(each.compartment) for each in capsules]
        except MalformedError:
            raise _RefusalError(ReleaseFault.CAPSULE_REFUSED) from None
        roles = asked.directory.roles(statement.organisation, statement.operator)
        reader = Reader(statement.organisation, statement.operator, frozenset(roles))
        wanted = access_request(statement, compartments, reader=reader, now=asked.now)
        with self._context.database.read() as conn:
            others = self._directives.store.of_person_for(
                conn, stored.person, statement.organisation, besides=stored.id
            )
            held = self._directives.store.fragments(conn, stored.id, compartments)
        denials = [each.held for each in others if each.terms.effect is Effect.DENY]
        _require(decision_fault(wanted, stored.held, denials))
        _require(compartments_fault(compartments, request=wanted, terms=stored.terms))
        if not held.keys() >= set(compartments):
            raise _RefusalError(RefusalCode.NO_PERMISSION)
        try:
            return [
                _made(capsule, held[compartment])
                for capsule, compartment in zip(capsules, compartments, strict=True)
            ]
        except SealError:
            raise _RefusalError(ReleaseFault.CAPSULE_REFUSED) from None

    def _take_effect(
        self,
        asked: _Asked,
        statement: AccessStatement,
        stored: StoredDirective,
        *,
        token: VerifiedPseudonym | None,
        shown: Shown,
    ) -> str:
        """Use up statement and use, witness the checkpoint and log the release: all, or nothing and no answer."""
        with self._context.database.write() as conn:
            try:
                self._use_up(conn, asked, statement, token=token)
            except ReplayError:
                raise _RefusalError(ReleaseFault.STATEMENT_REPLAYED) from None
            if not self._directives.store.use(conn, stored, now=asked.now):
                raise _RefusalError(RefusalCode.FREQUENCY_USED_UP)
            cosignature = self._add_checkpoint(conn, shown, asked.request.log, asked.now)
            self._record(conn, asked, Outcome.PERMITTED)
        return cosignature

    def _use_up(
        self, conn: Connection, asked: _Asked, statement: AccessStatement, *, token: VerifiedPseudonym | None
    ) -> None:
        now = epoch_seconds(asked.now)
        # named for this body: the other proxy may be asked with the same statement, and keeps no equal row
        nonce = (
            f"{self._context.body.value}\n{statement.organisation}\n{statement.operator}\n{statement.nonce}"
        )
        expires = now + 2 * int(STATEMENT_AGE.total_seconds())
        self._context.replays.use(conn, kind="access statement", value=nonce, expires=expires, now=now)
        if token is not None:
            self._context.replays.use(
                conn, kind="pseudonym token", value=token.jti, expires=token.expires, now=now
            )

    def _shown(self, asked: _Asked) -> Shown:
        # before the transaction: the register, too, may lie in this database
        request = asked.request
        try:
            shown = self._witness.look_at(request.log.checkpoint)
        except LogError:
            raise _RefusalError(ReleaseFault.LOG_REFUSED) from None
        log = asked.directory.body(Body.MEDICAL).log_origin
        _require(logged_fault(request.log, statement=request.statement, log=log, checkpoint=shown.verified))
        return shown

    def _add_checkpoint(self, conn: Connection, shown: Shown, proof: LogProof, now: datetime) -> str:
        try:
            consistency = [base64url.decode(each) for each in proof.consistency]
            return self._witness.add_checkpoint(
                conn, shown, old_size=proof.old_size, proof=consistency, now=now
            )
        except SplitViewError as split:
            raise _RefusalError(ReleaseFault.LOG_REFUSED, split=split) from None
        except CheckpointConflictError as conflict:
            raise CheckpointBehindError(conflict.known_size) from None
        except LogError:
            raise _RefusalError(ReleaseFault.LOG_REFUSED) from None

    def _refuse(self, asked: _Asked, refusal: _RefusalError) -> RefusedError:
        split, notes = refusal.split, dict[str, JsonValue]()
        if split is not None:
            # not in the person's history alone: all bodies are to hear of it, as of one that is shown to the witness
            record_contradiction(
                self._context, asked.request.log.origin, (split.known_note, split.submitted_note)
            )
            notes = {"known": split.known_note, "submitted": split.submitted_note}
        with self._context.database.write() as conn:
            self._record(conn, asked, Outcome.REFUSED, reason=refusal.code, detail=notes)
        return RefusedError(refusal.code)

    def _record(
        self,
        conn: Connection,
        asked: _Asked,
        outcome: Outcome,
        *,
        reason: Fault | None = None,
        detail: dict[str, JsonValue] | None = None,
    ) -> None:
        """Log who asked for what; nothing of a statement that did not verify.

        The statement's digest is in the hidden event, not in the leaf: the leaf of the medical centre's entry has it,
        and what two logs share would lead from one body's pseudonym to the other's (LN1).
        """
        stored, statement = asked.stored, asked.statement
        selection = None if statement is None else statement.selection
        records = selection if isinstance(selection, Selection) else None
        read: dict[str, JsonValue] = {
            "statement": base64url.encode(sha256(asked.request.statement.encode()).digest())
        }
        if outcome is Outcome.PERMITTED:
            read["log_index"] = asked.request.log.index
        event = Event(
            kind=EventKind.FRAGMENTS_RELEASED,
            outcome=outcome,
            organisation=None if statement is None else statement.organisation,
            operator=None if statement is None else statement.operator,
            roles=_roles(asked),
            staff=None if statement is None else statement.staff,
            terminal=None if statement is None else statement.terminal,
            purpose=None if statement is None else statement.purpose.value,
            categories=() if records is None else tuple(sorted(records.categories)),
            years=None if records is None else (records.years.first, records.years.last),
            count=len(asked.request.capsules),
            reason=None if reason is None else reason.value,
            ground=None if stored is None else stored.id,
            detail={**read, **(detail or {})},
        )
        person = None if stored is None else stored.person
        self._context.journal.record(conn, person=person, event=event)


def _roles(asked: _Asked) -> frozenset[str]:
    said = asked.statement
    return frozenset() if said is None else asked.directory.roles(said.organisation, said.operator)


def _require_accredited(directory: Directory, statement: AccessStatement, *, at: Body) -> None:
    terminal = directory.terminal(statement.terminal)
    if terminal is None or terminal.organisation != statement.organisation:
        raise _RefusalError(RefusalCode.NOT_ACCREDITED)
    roles = directory.roles(statement.organisation, statement.operator)
    if not policies().permits(roles, "read-records", at):
        raise _RefusalError(RefusalCode.ROLE_MISSING)


def _known(stored: StoredDirective | None) -> StoredDirective:
    if stored is None:
        raise _RefusalError(RefusalCode.SUBJECT_UNKNOWN)
    return stored


def _require(fault: Fault | None) -> None:
    if fault is not None:
        raise _RefusalError(fault)


def _made(told: CapsuleMessage, fragment: VerifiedFragment) -> HandedOut:
    capsule = base64url.decode(told.capsule)
    return HandedOut(BundleId(told.bundle), capsule, reencrypt(capsule, fragment), fragment.keys)
