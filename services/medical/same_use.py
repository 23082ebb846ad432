"""F5: a read asked again because a fragment of it was wrong is the same use of a permission that counts its uses.

Nobody gains a use by it: a second body's own signature shows the wrong fragment, the log has the first read, and the
second asks for the same, soon, and once for one wrong release.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import Connection

from consent import base64url
from consent.errors import ConsentError
from consent.identifiers import DirectiveId, Pseudonym
from consent.statements import AccessStatement, UnverifiedStatement, VerifiedStatement
from consent.vocabulary import Body
from services.contracts.medical.messages import FirstRead, ReadRequest
from services.contracts.oversight.register import p256
from services.contracts.released import UnprovenError, verify_wrong
from services.directives.model import StoredDirective
from services.kit.clock import epoch_seconds
from services.kit.columns import ColumnError
from services.kit.events import EventKind, Outcome
from services.kit.log.errors import LogError
from services.medical.centre import Centre
from services.medical.errors import StoredLogDamagedError


@dataclass(frozen=True, slots=True)
class SameUse:
    """An earlier read that counted as a use of `ground`, and of which a second body's fragment was wrong.

    Shape: `statement` 32 bytes, the digest of what was signed then.
    """

    ground: DirectiveId
    statement: bytes

    def without_it(self, held: StoredDirective) -> StoredDirective:
        """Return the directive as it was before that use, where it is the one that was used."""
        if held.id != self.ground or not held.uses:
            return held
        uses = list(held.uses)
        uses.remove(max(uses))
        return replace(held, uses=tuple(uses))


def same_use(
    centre: Centre, request: ReadRequest, statement: VerifiedStatement, person: Pseudonym
) -> SameUse | None:
    """Return the use that a read belongs to which was asked before; None where it is one of its own.

    Raises: StoredLogDamagedError.
    """
    first, wrong = request.first, request.wrong
    if first is None or wrong is None or not _asked_the_same(centre, first, statement.statement):
        return None
    try:
        proven = verify_wrong(wrong, keys=centre.register.directory().signing_key)
    except UnprovenError:
        return None
    digest = sha256(first.statement.encode()).digest()
    if proven.body is Body.MEDICAL or proven.statement != digest:
        return None
    ground = _ground(centre, first.entry, digest, person)
    return None if ground is None else SameUse(ground, digest)


def use_up(centre: Centre, conn: Connection, same: SameUse) -> None:
    """Let a wrong release serve for no other read, in the transaction of this one. Raises: ReplayError."""
    now = epoch_seconds(centre.context.clock())
    centre.context.replays.use(
        conn,
        kind="wrong release",
        value=base64url.encode(same.statement),
        expires=now + 2 * centre.settings.same_use_seconds,
        now=now,
    )


def _asked_the_same(centre: Centre, first: FirstRead, now: AccessStatement) -> bool:
    operator = centre.register.directory().operator(now.organisation, now.operator)
    if operator is None:
        return False
    try:
        said = UnverifiedStatement(first.statement).verify(
            p256(operator.card_key),
            centre.context.clock(),
            timedelta(seconds=centre.settings.same_use_seconds),
            audience=centre.context.settings.public_url,
        )
    except ConsentError:
        return False
    then = said.statement
    return (then.organisation, then.operator, then.selection, then.purpose) == (
        now.organisation,
        now.operator,
        now.selection,
        now.purpose,
    )


def _ground(centre: Centre, entry: int, digest: bytes, person: Pseudonym) -> DirectiveId | None:
    """Return on which directive the entry says that this statement was permitted, for this person."""
    journal = centre.context.journal
    try:
        with centre.context.database.read() as conn:
            if entry not in journal.positions(conn, person):
                return None
            opening = journal.openings(conn, [entry])[entry]
    except (ColumnError, LogError) as error:
        raise StoredLogDamagedError from error
    event = opening.event
    read = (
        event.get("kind") == EventKind.RECORDS_READ.value and event.get("outcome") == Outcome.PERMITTED.value
    )
    if not read or opening.statement_digest != digest:
        return None
    return DirectiveId(str(event.get("ground")))
