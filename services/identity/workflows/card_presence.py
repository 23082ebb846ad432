"""The holder's presence at the counter, proved by the other application of the same card.

A registrar alone unlocks nothing (OP4): what the locked application cannot sign, the other one does, under its own
PIN, for this organisation, this request and a challenge that counts once. Who has neither PIN gets a new card.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from consent import jws
from consent.errors import MalformedError, SignatureError
from consent.wire import Count, Identifier, WireModel, parse
from services.contracts.identity.card_messages import PRESENCE_TYPE, RenewApplication, UnlockApplication
from services.contracts.oversight.register import p256
from services.identity.centre import IdentityCentre
from services.identity.errors import ChallengeError, PresenceError
from services.identity.model import ApplicationKey, Card, Person
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import EventKind, Outcome
from services.kit.operator_events import by_operator

PRESENCE_REFUSED = "presence_refused"


class _Presence(WireModel):
    card: Identifier
    organisation: Identifier
    challenge: Identifier
    content: Identifier
    at: Count


@dataclass(frozen=True, slots=True)
class Present:
    """A holder who is here. Units: `expires` epoch seconds."""

    centre: IdentityCentre
    card: Card
    challenge: str
    expires: int

    def use(self, conn: Connection) -> None:
        """Use the challenge up, in the transaction of the effect. Raises: ReplayError."""
        self.centre.context.replays.use(
            conn, kind="challenge", value=self.challenge, expires=self.expires, now=self.centre.seconds()
        )


def require_presence(
    centre: IdentityCentre,
    caller: OperatorCaller,
    holder: Person,
    *,
    request: UnlockApplication | RenewApplication,
    content: str,
    kind: EventKind,
) -> Present:
    """Check that the other application of the holder's card signed `content` here and now.

    Raises: PresenceError; it is in the holder's history as a refusal of `kind`.
    """
    try:
        return _verify(centre, caller, holder, request=request, content=content)
    except (SignatureError, MalformedError, ChallengeError, PresenceError) as error:
        event = by_operator(
            caller,
            kind,
            outcome=Outcome.REFUSED,
            reason=PRESENCE_REFUSED,
            detail={"application": request.application.value},
        )
        with centre.context.database.write() as conn:
            centre.context.journal.record(conn, person=holder.pseudonym, event=event)
        raise PresenceError from error


def _verify(
    centre: IdentityCentre,
    caller: OperatorCaller,
    holder: Person,
    *,
    request: UnlockApplication | RenewApplication,
    content: str,
) -> Present:
    with centre.context.database.read() as conn:
        key = centre.cards.key_by_kid(conn, jws.peek_kid(request.presence))
    if key is None:
        raise PresenceError
    verified = jws.verify(request.presence, typ=PRESENCE_TYPE, key=p256(key.public_key))
    told, now = parse(_Presence, verified.payload), centre.seconds()
    if not _fits(key, holder, request) or not key.card.usable(now):
        raise PresenceError
    said = (told.card, told.organisation, told.content)
    if (
        said != (request.card, caller.organisation, content)
        or abs(now - told.at) > centre.settings.signed_max_age_seconds
    ):
        raise PresenceError
    return Present(centre, key.card, told.challenge, centre.challenges.expiry(told.challenge, now))


def _fits(key: ApplicationKey, holder: Person, request: UnlockApplication | RenewApplication) -> bool:
    same = key.card.id == request.card and key.card.holder.pseudonym == holder.pseudonym
    return same and key.application is not request.application
