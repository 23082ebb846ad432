"""Where a card stands: suspended by its telephone code at any hour, resumed and revoked at the counter (R4, K5)."""

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from consent.paper_code import SUSPENSION_SIGNS, canonical, random_code
from services.contracts.identity.card_messages import (
    ApplicationStanding,
    AttributeToken,
    CardStanding,
    LookUpCard,
    SuspendByCode,
    SuspensionCode,
    SuspensionReceived,
)
from services.contracts.identity.messages import Application, CardChange, CardState, ChangeCard, ChangedCard
from services.identity import egress
from services.identity.centre import IdentityCentre
from services.identity.errors import CardNotUsableError, NoCardError, TooManyTriesError, UnknownReferenceError
from services.identity.holding import hold_card
from services.identity.model import STATE_AFTER, TRANSITIONS, Card
from services.identity.policy import next_state
from services.identity.workflows.card_events import record_card
from services.identity.workflows.cards import holder_of
from services.identity.workflows.revocation import card_stopped
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.unknown_names import noting_unknown

UNKNOWN_CODE = "unknown_code"
TOO_MANY_TRIES = "too_many_tries"
BY_TELEPHONE = "telephone code"
EVERYBODY = b"everybody"
NO_CARD = "none"


def new_code(centre: IdentityCentre, conn: Connection, held: Card) -> str:
    """Make another telephone code for a card; only its keyed hash is stored."""
    code = random_code(centre.context.randomness)
    centre.cards.put_standing(conn, held, code=centre.code_digest(code), now=centre.seconds())
    return code


def change_card(centre: IdentityCentre, caller: OperatorCaller, request: ChangeCard) -> ChangedCard:
    """Suspend, resume or revoke a card of the person whom the municipality's reference names.

    Guarantees: a card that is resumed has another telephone code, as the one before was said aloud.
    Raises: UnknownReferenceError (logged), CardTransitionError.
    """
    kind = EventKind.CARD_STATE_CHANGED
    holder = holder_of(centre, caller, request.reference, kind=kind)
    with (
        noting_unknown(
            centre.context,
            by_operator(caller, kind, outcome=Outcome.DONE),
            person=holder.pseudonym,
            unknown=UnknownReferenceError,
        ),
        centre.context.database.write() as conn,
    ):
        hold_card(conn, request.card)
        card = centre.store.card_of(conn, request.card, holder.pseudonym)
        if card is None:
            raise UnknownReferenceError
        state = _move(centre, conn, card, request.change)
        code = new_code(centre, conn, card) if state is CardState.ACTIVE else None
        event = by_operator(
            caller, kind, outcome=Outcome.DONE, detail={"state": state.value, "reason": request.reason}
        )
        record_card(centre, conn, holder.pseudonym, card_id=card.id, event=event)
    return ChangedCard(card=card.id, state=state, suspension_code=code)


def suspend_by_code(centre: IdentityCentre, request: SuspendByCode, *, source: bytes) -> SuspensionReceived:
    """Suspend the card whose telephone code is said; whoever says another learns nothing.

    Guarantees: the answer and the work are the same for codes that exist and codes that do not. `source` tells callers
    apart. Raises: MalformedError for a slip that the check sign shows, TooManyTriesError.
    """
    code = canonical(request.code, SUSPENSION_SIGNS)
    _count(centre, source)
    now = centre.seconds()
    with centre.context.database.write() as conn:
        held = centre.cards.by_code(conn, centre.code_digest(code))
        if held is not None and CardChange.SUSPEND in TRANSITIONS[held.state]:
            _move(centre, conn, held, CardChange.SUSPEND)
            event = Event(
                kind=EventKind.CARD_STATE_CHANGED,
                outcome=Outcome.DONE,
                detail={"state": STATE_AFTER[CardChange.SUSPEND].value, "reason": BY_TELEPHONE},
            )
        else:
            centre.cards.imitate_change(conn, now=now)
            card_stopped(centre, conn, NO_CARD)
            event = _refused(UNKNOWN_CODE if held is None else f"card is {held.state.value}")
        person = None if held is None else held.holder.pseudonym
        record_card(centre, conn, person, card_id=NO_CARD if held is None else held.id, event=event)
    return SuspensionReceived(state="received")


def own_card(centre: IdentityCentre, caller: PersonCaller) -> CardStanding:
    """Return where the person's card stands. Raises: NoCardError."""
    with centre.context.database.read() as conn:
        return _standing(centre, conn, _own(centre, conn, caller.pseudonym))


def look_up_card(centre: IdentityCentre, caller: OperatorCaller, request: LookUpCard) -> CardStanding:
    """Return which card the person of a municipality's reference has; the person sees it.

    Raises: UnknownReferenceError (logged), NoCardError.
    """
    holder = holder_of(centre, caller, request.reference, kind=EventKind.CARD_LOOKED_UP)
    with centre.context.database.write() as conn:
        centre.context.journal.record(
            conn,
            person=holder.pseudonym,
            event=by_operator(caller, EventKind.CARD_LOOKED_UP, outcome=Outcome.DONE),
        )
    with centre.context.database.read() as conn:
        return _standing(centre, conn, _own(centre, conn, holder.pseudonym))


def _standing(centre: IdentityCentre, conn: Connection, held: Card) -> CardStanding:
    standing = centre.cards.standing(conn, held)
    applications = {
        name: ApplicationStanding(tries_left=left, kid=kid) for name, (left, kid) in standing.items()
    }
    return CardStanding(card=held.id, state=held.state, expires=held.expires, applications=applications)


def attribute_token(centre: IdentityCentre, caller: PersonCaller) -> AttributeToken:
    """Give the person a word for the registry about the signature certificate of the card in force (K2).

    Raises: NoCardError, CardNotUsableError.
    """
    with centre.context.database.write() as conn:
        held = _own(centre, conn, caller.pseudonym)
        if not held.usable(centre.seconds()):
            raise CardNotUsableError("the card is suspended or past its date")
        kid = centre.cards.standing(conn, held)[Application.SIGNATURE][1]
        event = Event(kind=EventKind.CERTIFICATE_NAMED, outcome=Outcome.DONE)
        centre.context.journal.record(conn, person=caller.pseudonym, event=event)
    return egress.attribute_token(centre, held.holder, certificate=kid)


def make_code(centre: IdentityCentre, caller: PersonCaller) -> SuspensionCode:
    """Give the person another telephone code; the one before counts no more. Raises: NoCardError."""
    with centre.context.database.write() as conn:
        code = new_code(centre, conn, _own(centre, conn, caller.pseudonym))
        event = Event(kind=EventKind.CARD_SUSPENSION_CODE_MADE, outcome=Outcome.DONE)
        centre.context.journal.record(conn, person=caller.pseudonym, event=event)
    return SuspensionCode(suspension_code=code)


def revoke_own(centre: IdentityCentre, conn: Connection, holder: Pseudonym) -> None:
    """Revoke the card of somebody who has died, if there is one, and end its tokens."""
    held = centre.cards.own(conn, holder)
    if held is None:
        return
    hold_card(conn, held.id)
    state = _move(centre, conn, held, CardChange.REVOKE)
    event = Event(
        kind=EventKind.CARD_STATE_CHANGED,
        outcome=Outcome.DONE,
        detail={"state": state.value, "reason": "death"},
    )
    record_card(centre, conn, holder, card_id=held.id, event=event)


def _own(centre: IdentityCentre, conn: Connection, holder: Pseudonym) -> Card:
    held = centre.cards.own(conn, holder)
    if held is None:
        raise NoCardError("there is no card that is not revoked")
    return held


def _move(centre: IdentityCentre, conn: Connection, held: Card, change: CardChange) -> CardState:
    state = next_state(held.state, change)
    centre.store.set_card_state(conn, held, state)
    centre.cards.put_changed(conn, held, now=centre.seconds())
    card_stopped(centre, conn, held.id)
    return state


def _count(centre: IdentityCentre, source: bytes) -> None:
    settings, now = centre.settings, centre.seconds()
    window = now // settings.suspension_window_seconds
    expires = (window + 1) * settings.suspension_window_seconds
    limits = {
        b"source" + source: settings.suspension_tries_of_one,
        EVERYBODY: settings.suspension_tries_of_all,
    }
    over = False
    with centre.context.database.write() as conn:
        for who, limit in limits.items():
            name = centre.window_name(b"%d" % window + who)
            tries = centre.cards.count_in_window(conn, name, expires=expires, now=now)
            over = over or tries > limit
            if tries == limit + 1:  # said once: a flood of tries must not become a flood of entries
                centre.context.journal.record(conn, person=None, event=_refused(TOO_MANY_TRIES))
    if over:
        raise TooManyTriesError("too many codes were tried from here; wait, or come to the counter")


def _refused(reason: str) -> Event:
    return Event(kind=EventKind.CARD_SUSPENSION_REFUSED, outcome=Outcome.REFUSED, reason=reason)
