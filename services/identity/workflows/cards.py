"""Cards: issued, locked by wrong PINs, suspended, resumed, revoked."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from pydantic import JsonValue

from consent import base64url, pin
from consent.identifiers import OrganisationId
from services.contracts.identity.messages import (
    Application,
    CardState,
    ChangeCard,
    ChangedCard,
    IssueCard,
    IssuedApplication,
    IssuedCard,
    NewApplication,
    UnlockCard,
    UnlockedCard,
)
from services.contracts.oversight.register import p256
from services.identity import egress
from services.identity.centre import IdentityCentre
from services.identity.errors import (
    CardApplicationsError,
    CardExistsError,
    CardNotUsableError,
    NotResidentError,
    PinLockedError,
    UnknownReferenceError,
    WrongPinError,
)
from services.identity.model import Card, CardSecrets, NewCardApplication, Person
from services.identity.policy import next_state
from services.kit.certificates import Usage, issue, to_pem
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import Event, EventKind, Outcome

CARD_ID_BYTES = 16
VERIFIER_BYTES = 32
USAGES = {
    Application.AUTHENTICATION: Usage.CARD_AUTHENTICATION,
    Application.SIGNATURE: Usage.CARD_SIGNATURE,
}


def issue_card(centre: IdentityCentre, caller: OperatorCaller, request: IssueCard) -> IssuedCard:
    """Issue a card to a person whom the registry knows.

    Raises: UnknownReferenceError, NotResidentError, CardExistsError, CardApplicationsError, MalformedError.
    """
    _check_applications(request.applications)
    holder = _holder(centre, caller.organisation, request.reference)
    if not egress.ask_presence(centre, holder):
        raise NotResidentError("the registry does not know the person yet")
    card_id = base64url.encode(centre.context.randomness(CARD_ID_BYTES))
    end = _end_of_validity(centre)
    certified = [
        _certify(centre, card_id, application=name, asked=asked, end=end)
        for name, asked in request.applications.items()
    ]
    card = Card(card_id, holder, CardState.ACTIVE, epoch_seconds(end))
    with centre.context.database.write() as conn:
        if centre.store.has_card(conn, holder):
            raise CardExistsError("the person has a card that is not revoked")
        tries = centre.settings.pin_tries
        centre.store.add_card(conn, card, [new for new, _ in certified], tries=tries)
        centre.context.journal.record(
            conn, person=holder.pseudonym, event=_at_counter(EventKind.CARD_ISSUED, caller)
        )
    return IssuedCard(
        card=card_id,
        applications={
            new.application: IssuedApplication(
                certificate=certificate, share=base64url.encode(new.share), retries=tries
            )
            for new, certificate in certified
        },
    )


def change_card(centre: IdentityCentre, caller: OperatorCaller, request: ChangeCard) -> ChangedCard:
    """Suspend, resume or revoke a card of the person whom the municipality's reference names.

    Raises: UnknownReferenceError, CardTransitionError.
    """
    holder = _holder(centre, caller.organisation, request.reference)
    with centre.context.database.write() as conn:
        card = centre.store.card(conn, request.card)
        if card is None or card.holder.pseudonym != holder.pseudonym:
            raise UnknownReferenceError
        state = next_state(card.state, request.change)
        centre.store.set_card_state(conn, card, state)
        event = _at_counter(
            EventKind.CARD_STATE_CHANGED, caller, detail={"state": state.value, "reason": request.reason}
        )
        centre.context.journal.record(conn, person=holder.pseudonym, event=event)
    return ChangedCard(card=card.id, state=state)


def unlock(centre: IdentityCentre, request: UnlockCard) -> UnlockedCard:
    """Hand out the share of a card application's wrapping key for the right PIN.

    Guarantees: a try is counted, on disk, before it is compared, so that neither a crash nor a second request at
    the same moment gives one more.
    Raises: WrongPinError (also for a card that does not exist), PinLockedError, CardNotUsableError.
    """
    database, store = centre.context.database, centre.store
    with database.write() as conn:
        left = store.count_try(conn, request.card, request.application)
    with database.write() as conn:
        secrets = store.secrets(conn, request.card, request.application)
        refusal = _refuse(centre, request, secrets=secrets, left=left)
        if refusal is None:
            store.reset_tries(conn, request.card, request.application, tries=centre.settings.pin_tries)
        else:
            event = Event(
                kind=EventKind.CARD_UNLOCK_REFUSED,
                outcome=Outcome.REFUSED,
                reason=refusal[0],
                detail={"application": request.application.value},
            )
            holder = secrets.card.holder.pseudonym if secrets is not None else None
            centre.context.journal.record(conn, person=holder, event=event)
    if refusal is not None:
        raise refusal[1]
    if secrets is None:
        raise AssertionError("unreachable: without a card there is a refusal")
    return UnlockedCard(share=base64url.encode(secrets.share))


def _refuse(
    centre: IdentityCentre, request: UnlockCard, *, secrets: CardSecrets | None, left: int | None
) -> tuple[str, Exception] | None:
    if secrets is None:
        return "wrong_pin", WrongPinError(centre.settings.pin_tries - 1)
    if left is None:
        return "pin_locked", PinLockedError("too many wrong PINs")
    if not secrets.card.usable(centre.seconds()):
        return "card_not_usable", CardNotUsableError("the card is suspended, revoked or past its date")
    if not pin.check_proof(base64url.decode(request.pin_proof), secrets.pin_verifier):
        return "wrong_pin", WrongPinError(left)
    return None


def _check_applications(applications: Mapping[Application, NewApplication]) -> None:
    keys = {tuple(sorted(asked.public_key.items())) for asked in applications.values()}
    if set(applications) != set(Application) or len(keys) != len(applications):
        raise CardApplicationsError("a card has each application once, each with a key of its own")
    for asked in applications.values():
        p256(asked.public_key)
        if len(base64url.decode(asked.pin_verifier)) != VERIFIER_BYTES:
            raise CardApplicationsError("a PIN verifier is SHA-256 of the PIN proof, 32 bytes")


def _holder(centre: IdentityCentre, organisation: OrganisationId, reference: str) -> Person:
    with centre.context.database.read() as conn:
        found = centre.store.linked(conn, organisation=organisation, reference=reference)
    if found is None:
        raise UnknownReferenceError
    return found


def _end_of_validity(centre: IdentityCentre) -> datetime:
    # whole days: an exact second would tell which other row was made at the same moment
    last = centre.now().astimezone(UTC).date() + timedelta(days=centre.settings.card_days)
    return datetime.combine(last, time(), UTC)


def _certify(
    centre: IdentityCentre,
    card_id: str,
    *,
    application: Application,
    asked: NewApplication,
    end: datetime,
) -> tuple[NewCardApplication, str]:
    certificate = issue(
        centre.authority,
        p256(asked.public_key),
        common_name=card_id,
        sans=[],
        usages=[USAGES[application]],
        days=centre.settings.card_days,
        now=end - timedelta(days=centre.settings.card_days),
        randomness=centre.context.randomness,
    )
    new = NewCardApplication(
        application=application,
        kid=f"{certificate.serial_number:x}",
        public_key=asked.public_key,
        pin_verifier=base64url.decode(asked.pin_verifier),
        share=centre.context.randomness(pin.SECRET_SIZE),
    )
    return new, to_pem(certificate)


def _at_counter(
    kind: EventKind, caller: OperatorCaller, *, detail: dict[str, JsonValue] | None = None
) -> Event:
    return Event(
        kind=kind,
        outcome=Outcome.DONE,
        organisation=caller.organisation,
        operator=caller.operator,
        terminal=caller.terminal,
        detail=detail,
    )
