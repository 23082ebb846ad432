"""PINs: tried, changed by their holder, locked by wrong tries, unlocked or renewed at the counter (K1).

The steps are those of docs/cards.md.
"""

from collections.abc import Callable
from typing import TypeVar

from pydantic import JsonValue
from sqlalchemy import Connection

from consent import base64url, pin
from services.contracts.identity.card_messages import (
    ChangePin,
    PinChange,
    RenewApplication,
    UnlockApplication,
    UnlockedApplication,
    presence_content,
)
from services.contracts.identity.messages import IssuedApplication, UnlockCard, UnlockedCard
from services.identity.centre import IdentityCentre
from services.identity.errors import CardNotUsableError, PinLockedError, PresenceError, WrongPinError
from services.identity.holding import hold_card
from services.identity.model import Card, PinSecrets
from services.identity.workflows.card_events import at_home, record_card
from services.identity.workflows.card_presence import require_presence
from services.identity.workflows.cards import (
    certify,
    check_application,
    end_of_card,
    holder_of,
    verifier_bytes,
)
from services.identity.workflows.revocation import card_stopped
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import EventKind, Outcome
from services.kit.operator_events import by_operator

Attempt = UnlockCard | ChangePin
Answer = TypeVar("Answer")
Effect = Callable[[Connection, Card, PinSecrets], Answer]


def unlock(centre: IdentityCentre, request: UnlockCard) -> UnlockedCard:
    """Hand out the share of a card application's wrapping key for the right PIN.

    Raises: WrongPinError (also for a card that does not exist), PinLockedError, CardNotUsableError.
    """

    def share(_conn: Connection, _card: Card, secrets: PinSecrets) -> UnlockedCard:
        return UnlockedCard(share=base64url.encode(secrets.share))

    return _attempt(centre, request, share)


def change_pin(centre: IdentityCentre, request: ChangePin) -> PinChange:
    """Prepare another PIN for who knows the present one; it is in force from its first try on.

    Guarantees: the present PIN opens until then, so that a card file that was not yet written anew is not lost.
    Raises: as `unlock`; CardApplicationsError for a verifier of another form.
    """
    verifier = verifier_bytes(request.pin_verifier)

    def prepare(conn: Connection, held: Card, _secrets: PinSecrets) -> PinChange:
        following = PinSecrets(verifier, centre.context.randomness(pin.SECRET_SIZE))
        centre.cards.put_pending(conn, held, request.application, following)
        event = at_home(EventKind.CARD_PIN_CHANGE_PREPARED, Outcome.DONE, application=request.application)
        centre.context.journal.record(conn, person=held.holder.pseudonym, event=event)
        return PinChange(share=base64url.encode(following.share))

    return _attempt(centre, request, prepare)


def unlock_at_counter(
    centre: IdentityCentre, caller: OperatorCaller, request: UnlockApplication
) -> UnlockedApplication:
    """Give a locked application its tries back, for a registrar and the holder together.

    Raises: UnknownReferenceError (logged), PresenceError (in the holder's history), ReplayError.
    """
    kind, tries = EventKind.CARD_APPLICATION_UNLOCKED, centre.settings.pin_tries(request.application)
    holder = holder_of(centre, caller, request.reference, kind=kind)
    content = presence_content(request.application, None)
    present = require_presence(centre, caller, holder, request=request, content=content, kind=kind)
    with centre.context.database.write() as conn:
        present.use(conn)
        hold_card(conn, request.card)
        centre.store.reset_tries(conn, request.card, request.application, tries=tries)
        told: dict[str, JsonValue] = {"application": request.application.value}
        event = by_operator(caller, kind, outcome=Outcome.DONE, detail=told)
        record_card(centre, conn, holder.pseudonym, card_id=request.card, event=event)
    return UnlockedApplication(application=request.application, tries=tries)


def renew_application(
    centre: IdentityCentre, caller: OperatorCaller, request: RenewApplication
) -> IssuedApplication:
    """Give an application another key, certificate and PIN; the certificate before is revoked.

    Raises: as `unlock_at_counter`; CardApplicationsError, MalformedError.
    """
    check_application(request.new)
    content, kind = presence_content(request.application, request.new), EventKind.CARD_APPLICATION_RENEWED
    holder = holder_of(centre, caller, request.reference, kind=kind)
    present = require_presence(centre, caller, holder, request=request, content=content, kind=kind)
    end = end_of_card(present.card)
    new, certificate = certify(
        centre, request.card, application=request.application, asked=request.new, end=end
    )
    tries = centre.settings.pin_tries(request.application)
    with centre.context.database.write() as conn:
        present.use(conn)
        hold_card(conn, request.card)
        held = centre.store.card(conn, request.card)
        if held is None or not held.usable(centre.seconds()):
            raise PresenceError
        centre.cards.renew(conn, held, new, tries=tries, now=centre.seconds())
        card_stopped(centre, conn, held.id)  # what the former key signed in ends with it
        told: dict[str, JsonValue] = {"application": request.application.value}
        event = by_operator(caller, kind, outcome=Outcome.DONE, detail=told)
        record_card(centre, conn, holder.pseudonym, card_id=request.card, event=event)
    return IssuedApplication(certificate=certificate, share=base64url.encode(new.share), retries=tries)


def _attempt(centre: IdentityCentre, request: Attempt, effect: Effect[Answer]) -> Answer:
    """Count a try, on disk, before it is compared, so that neither a crash nor a second request at the same moment
    gives one more; then have the effect in the transaction that gives the tries back.
    """
    database, store = centre.context.database, centre.store
    with database.write() as conn:
        left = store.count_try(conn, request.card, request.application)
    with database.write() as conn:
        hold_card(conn, request.card)
        found = store.secrets(conn, request.card, request.application)
        held = None if found is None else found.card
        present = None if found is None else PinSecrets(found.pin_verifier, found.share)
        pending = None if held is None else centre.cards.pending(conn, held, request.application)
        matching = _matching(request.pin_proof, present, pending)
        refusal = _refuse(centre, request, held=held, matching=matching, left=left)
        if refusal is None and held is not None and matching is not None:
            tries = centre.settings.pin_tries(request.application)
            store.reset_tries(conn, request.card, request.application, tries=tries)
            if left is not None and left < tries - 1:
                _given_back(centre, conn, held, request)
            if matching is pending:
                _take_over(centre, conn, held, request, pending)
            return effect(conn, held, matching)
        reason, error = refusal or _wrong(centre, request, left)
        event = at_home(
            EventKind.CARD_UNLOCK_REFUSED, Outcome.REFUSED, application=request.application, reason=reason
        )
        person = None if held is None else held.holder.pseudonym
        record_card(centre, conn, person, card_id=request.card, event=event)
    raise error


def _take_over(
    centre: IdentityCentre, conn: Connection, held: Card, request: Attempt, pending: PinSecrets
) -> None:
    centre.cards.adopt(conn, held, request.application, pending)
    event = at_home(EventKind.CARD_PIN_CHANGED, Outcome.DONE, application=request.application)
    record_card(centre, conn, held.holder.pseudonym, card_id=held.id, event=event)


def _given_back(centre: IdentityCentre, conn: Connection, held: Card, request: Attempt) -> None:
    event = at_home(EventKind.CARD_TRIES_GIVEN_BACK, Outcome.DONE, application=request.application)
    record_card(centre, conn, held.holder.pseudonym, card_id=held.id, event=event)


def _matching(proof: str, present: PinSecrets | None, pending: PinSecrets | None) -> PinSecrets | None:
    given = base64url.decode(proof)
    # both are always compared: the time does not tell which one a proof fits
    fits = [
        (each, each is not None and pin.check_proof(given, each.pin_verifier)) for each in (present, pending)
    ]
    return next((each for each, good in fits if good), None)


def _refuse(
    centre: IdentityCentre,
    request: Attempt,
    *,
    held: Card | None,
    matching: PinSecrets | None,
    left: int | None,
) -> tuple[str, Exception] | None:
    if held is None:
        return _wrong(centre, request, None)
    if left is None:
        return "pin_locked", PinLockedError("too many wrong PINs")
    if not held.usable(centre.seconds()):
        return "card_not_usable", CardNotUsableError("the card is suspended, revoked or past its date")
    return _wrong(centre, request, left) if matching is None else None


def _wrong(centre: IdentityCentre, request: Attempt, left: int | None) -> tuple[str, Exception]:
    told = centre.settings.pin_tries(request.application) - 1 if left is None else left
    return "wrong_pin", WrongPinError(told)
