"""The reading path of the medical centre (proxy 1).

R3  the statement is signed by the operator's card, in time, by this caller, and used once (stops a request in
    another's name, and a replay); the token or grant in it says whom it is about: `asking`;
R4  the person's own signed directives decide, read again from the store and verified (stops reading without
    permission); the records are compared with the log (stops swapped and rolled-back rows): `deciding`;
R5  the access is in the log, committed, before any other body is asked (no log entry, no plaintext);
R6  this centre's own fragments are used, while
R7  the second body checks everything by itself, witnesses the log and uses its fragments; when the oversight body
    is down, or its answer cannot be used, the ID centre is asked; what both made is signed (F1, F2: `handing_out`),
    and a body that a reader shows to have handed out a wrong fragment (F3) is left out;
    a read that is asked again for it counts as no further use of the permission (F5: `same_use`);
R8  the directive is looked at once more, and whether the person has said no since, and held against withdrawal and
    refusal until the answer was sent (stops an answer after an acknowledged withdrawal or refusal).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection

from consent.delegation import reencrypt
from consent.errors import SealError
from consent.explanations import RefusalCode
from consent.identifiers import BundleId
from consent.streams import StreamName
from consent.vocabulary import Body
from services.contracts.directives import ReleaseRequest
from services.contracts.medical.messages import ReadRequest
from services.directives.errors import RefusedError
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import Event, Outcome
from services.kit.journal import Recorded
from services.kit.log.errors import LogCorruptError
from services.kit.permissions import policies
from services.kit.problems import ProblemError
from services.kit.witness_link import Submission
from services.medical import egress, handing_out
from services.medical.answer import Released, read_answer
from services.medical.asking import Asked, identify, require_acceptable
from services.medical.centre import Centre
from services.medical.deciding import Admitted, Deciding
from services.medical.errors import (
    SetApartMeanwhileError,
    StoredDocumentDamagedError,
    StoredLogDamagedError,
)
from services.medical.pace import ReadingPace
from services.medical.same_use import SameUse, same_use, use_up
from services.medical.second_proxy import FaultyReleaseError, SecondProxy, SecondRelease, ask_in_turn
from services.medical.tickets import Ticket, Tickets


@dataclass(frozen=True, slots=True)
class Answer:
    """What may be sent if the final check (R8) holds."""

    content: bytes
    asked: Asked
    admitted: Admitted


class _ChangedMeanwhileError(Exception):
    """The final check failed; caught where it can be logged, never seen outside."""

    def __init__(self, problem: ProblemError) -> None:
        super().__init__(problem.problem.code)
        self.problem = problem


class Reading:
    """Decides, logs, and brings two bodies' fragments together."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._context = centre.context
        self._deciding = Deciding(centre)
        self._pace = ReadingPace(centre.context.cipher, centre.settings)

    def read(self, caller: OperatorCaller, request: ReadRequest) -> Answer:
        """Return the answer, to be sent only within `final_check`.

        Raises: RefusedError, StoredDirectiveDamagedError, StoredDocumentDamagedError, ReplayError, UnavailableError;
        each is an entry of the log, and of the person's history when it is known whom it is about.
        """
        asked = identify(self._centre, caller, request)  # R3
        try:
            statement = require_acceptable(self._centre, asked)
            if asked.person is None:
                raise RefusedError(RefusalCode.SUBJECT_UNKNOWN)
            same = same_use(self._centre, request, statement, asked.person)  # F5
            admitted = self._deciding.admit(statement, asked.person, same=same)  # R4
            asked = replace(asked, event=_counted(asked, admitted))
            shown = handing_out.accused(self._centre, request, admitted)  # F3
            recorded = self._log(asked, admitted, shown, same=same)  # R5
            besides = None if shown is None else shown.body
            released = self._release(asked, admitted, recorded, besides=besides)  # R6, R7
        except ProblemError as refusal:
            self._record_refusal(asked, refusal.problem.code)
            raise
        content = read_answer(
            admitted.bundles,
            released,
            wallet=admitted.wallet,
            ground=admitted.ground,
            publications=admitted.publications,
            renewals=admitted.renewals,
            index=recorded.index,
            tickets=self._tickets(asked.caller, admitted, entry=recorded.index),
        )
        return Answer(content, asked, admitted)

    def _tickets(self, caller: OperatorCaller, admitted: Admitted, *, entry: int) -> dict[str, str]:
        tickets, ground = Tickets(self._context.cipher), admitted.ground
        until = self._context.clock() + timedelta(seconds=self._centre.settings.ticket_seconds)
        return {
            each.id: tickets.seal(
                Ticket(
                    person=admitted.person,
                    bundle=bundle.stored.id,
                    document=each.id,
                    version=each.version,
                    category=bundle.stored.compartment.category.value,
                    year=bundle.stored.compartment.year,
                    purpose=admitted.request.purpose.value,
                    ground=ground.id,
                    organisation=caller.organisation,
                    operator=caller.operator,
                    terminal=caller.terminal,
                    entry=entry,
                    until=epoch_seconds(min(until, ground.terms.valid_until)),
                )
            )
            for bundle in admitted.bundles
            for each in bundle.documents
            if StreamName.of(each.media_type) is not None
        }

    @contextmanager
    def final_check(self, answer: Answer) -> Iterator[None]:
        """R8: hold the directive against withdrawal and refusal while the answer is sent.

        Raises: RefusedError; SetApartMeanwhileError when a link that something in it came under was cut on the way;
        StoredDirectiveDamagedError.
        """
        ground = answer.admitted.ground
        try:
            with self._centre.barrier.hold([ground.id]) as in_force:
                self._require_still(answer, in_force=ground.id in in_force)
                yield
        except _ChangedMeanwhileError as change:
            # The hold is over: its entry is a write, and a hold never waits for the database's writer.
            self._record_refusal(answer.asked, change.problem.problem.code)
            raise change.problem from None

    def _require_still(self, answer: Answer, *, in_force: bool) -> None:
        """Raises: _ChangedMeanwhileError."""
        try:
            if not in_force:
                raise RefusedError(RefusalCode.WITHDRAWN_IN_FLIGHT)
            code = self._obstacle(answer)
            if code is not None:
                raise RefusedError(code)
            with self._context.database.read() as conn:
                if self._deciding.denied_since(conn, answer.admitted):
                    raise RefusedError(RefusalCode.DENIED_BY_PERSON)
                # an access that is in the log before the cut is told to the reader, one after it ends here
                if self._centre.apart.holds_any(conn, answer.admitted.bundle_ids):
                    raise SetApartMeanwhileError
        except ProblemError as problem:
            raise _ChangedMeanwhileError(problem) from problem

    def _obstacle(self, answer: Answer) -> RefusalCode | None:
        if answer.admitted.ground.terms.valid_until <= self._context.clock():
            return RefusalCode.EXPIRED
        caller = answer.asked.caller
        roles = self._centre.register.roles(caller.organisation, caller.operator)
        return None if policies().permits(roles, "read-records", Body.MEDICAL) else RefusalCode.ROLE_MISSING

    def _log(
        self, asked: Asked, admitted: Admitted, shown: handing_out.Accused | None, *, same: SameUse | None
    ) -> Recorded:
        """R5: use up statement, token and one use of the permission; commit the access to the log and sign its head.

        What the reader has shown of a body (F3) goes before it, in the person's history too.

        Raises: ReplayError, RefusedError, StoredLogDamagedError.
        """
        journal, caller = self._context.journal, asked.caller
        accounts = self._centre.register.directory().accounts(caller.organisation, caller.operator)
        try:
            with self._context.database.write() as conn:
                self._use_up(conn, asked, admitted)
                now = epoch_seconds(self._context.clock())
                if not self._pace.admits(conn, caller, admitted.person, accounts=accounts, now=now):
                    raise RefusedError(RefusalCode.READS_STOPPED)
                self._count(conn, admitted, same)
                if shown is not None:
                    told = handing_out.faulty_event(asked.event, shown.body, shown=shown.shown)
                    journal.record(conn, person=admitted.person, event=told)
                recorded = journal.record(
                    conn,
                    person=admitted.person,
                    event=replace(asked.event, outcome=Outcome.PERMITTED),
                    statement=admitted.statement.jws.encode(),
                )
                journal.checkpoints.sign_head(conn, now=self._context.clock())
        except LogCorruptError as error:
            raise StoredLogDamagedError from error
        return recorded

    def _count(self, conn: Connection, admitted: Admitted, same: SameUse | None) -> None:
        """Count one use of the permission, or none where it is the same (F5). Raises: RefusedError, ReplayError."""
        if same is not None and same.ground == admitted.ground.id:
            use_up(self._centre, conn, same)
        elif not self._centre.directives.use(conn, admitted.ground, now=self._context.clock()):
            raise RefusedError(RefusalCode.FREQUENCY_USED_UP)

    def _use_up(self, conn: Connection, asked: Asked, admitted: Admitted) -> None:
        if asked.token is not None:
            self._centre.use_token(conn, asked.token)
        statement = admitted.statement.statement
        now = epoch_seconds(self._context.clock())
        self._context.replays.use(
            conn,
            kind="access statement",
            value=f"{statement.organisation} {statement.operator} {statement.nonce}",
            expires=now + 2 * self._centre.settings.statement_max_age_seconds,
            now=now,
        )

    def _release(
        self, asked: Asked, admitted: Admitted, recorded: Recorded, *, besides: Body | None
    ) -> Released:
        """R6 beside R7. Raises: RefusedError, UnavailableError, StoredDocumentDamagedError."""
        if not admitted.bundles:
            return Released(own={}, second={}, body=None)
        own = self._centre.workers.submit(_reencrypt_all, admitted)
        try:
            left = [each for each in self._centre.seconds if each.body is not besides]
            second = ask_in_turn(
                [each for each in left if not asked.tokens or each.body in asked.tokens],
                lambda proxy: self._ask(proxy, asked, admitted=admitted, recorded=recorded),
            )
            return handing_out.signed(self._centre, admitted, own.result(), second)
        except SealError as error:
            raise StoredDocumentDamagedError("bundle: a stored capsule does not work") from error
        finally:
            own.cancel()

    def _ask(
        self, proxy: SecondProxy, asked: Asked, *, admitted: Admitted, recorded: Recorded
    ) -> SecondRelease:
        def build(submission: Submission) -> ReleaseRequest:
            return egress.release_request(
                admitted.statement,
                admitted.ground,
                to=proxy.body,
                token=asked.tokens.get(proxy.body),
                recorded=recorded,
                submission=submission,
                bundles=admitted.bundles,
            )

        bundles = [each.stored.id for each in admitted.bundles]
        try:
            release = proxy.release(build, index=recorded.index, bundles=bundles)
            return handing_out.require_word(self._centre, release, admitted)  # F2
        except FaultyReleaseError:
            with self._context.database.write() as conn:
                told = handing_out.faulty_event(asked.event, proxy.body)
                self._context.journal.record(conn, person=admitted.person, event=told)
            raise

    def _record_refusal(self, asked: Asked, code: str) -> None:
        statement = asked.statement.jws.encode() if asked.statement else None
        with self._context.database.write() as conn:
            self._context.journal.record(
                conn, person=asked.person, event=replace(asked.event, reason=code), statement=statement
            )


def _counted(asked: Asked, admitted: Admitted) -> Event:
    count = sum(len(each.documents) for each in admitted.bundles)
    return replace(asked.event, count=count, ground=admitted.ground.id)


def _reencrypt_all(admitted: Admitted) -> dict[BundleId, bytes]:
    return {
        each.stored.id: reencrypt(each.stored.capsule, admitted.fragments[each.stored.compartment.label])
        for each in admitted.bundles
    }
