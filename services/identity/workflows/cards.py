"""Cards are issued: two applications, a certificate each, and a code for the telephone."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from consent import base64url, pin
from consent.guardians import LegalState
from consent.paper_code import random_code
from services.contracts.identity.messages import (
    Application,
    CardState,
    IssueCard,
    IssuedApplication,
    IssuedCard,
    NewApplication,
)
from services.contracts.oversight.register import p256
from services.identity import egress
from services.identity.card_certificates import issue_card_certificate
from services.identity.centre import IdentityCentre
from services.identity.errors import (
    CardApplicationsError,
    CardExistsError,
    DeceasedError,
    NotResidentError,
    UnknownReferenceError,
)
from services.identity.holding import hold_person
from services.identity.model import Card, NewCardApplication, Person
from services.identity.workflows.card_events import record_card
from services.identity.workflows.guardian_ends import note_age
from services.kit.certificates import to_pem
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.unknown_names import note_unknown

CARD_ID_BYTES = 16
VERIFIER_BYTES = 32


def issue_card(centre: IdentityCentre, caller: OperatorCaller, request: IssueCard) -> IssuedCard:
    """Issue a card to a person whom the registry knows.

    Raises: UnknownReferenceError, NotResidentError, CardExistsError, CardApplicationsError, DeceasedError,
    MalformedError.
    """
    _check_applications(request.applications)
    holder = holder_of(centre, caller, request.reference, kind=EventKind.CARD_ISSUED)
    present = egress.ask_presence(centre, holder)
    if not present.registered:
        raise NotResidentError("the registry does not know the person yet")
    card_id = base64url.encode(centre.context.randomness(CARD_ID_BYTES))
    end = _end_of_validity(centre)
    certified = [
        certify(centre, card_id, application=name, asked=asked, end=end)
        for name, asked in request.applications.items()
    ]
    card = Card(card_id, holder, CardState.ACTIVE, epoch_seconds(end))
    with centre.context.database.write() as conn:
        hold_person(conn, holder.pseudonym)
        if centre.store.has_card(conn, holder):
            raise CardExistsError("the person has a card that is not revoked")
        standing = centre.guardianships.standing(conn, holder.pseudonym)
        if standing is not None and standing.deceased:
            raise DeceasedError
        centre.store.add_card(conn, card, [new for new, _ in certified], tries=centre.settings.pin_tries)
        code = random_code(centre.context.randomness)
        centre.cards.put_standing(conn, card, code=centre.code_digest(code), now=centre.seconds())
        event = by_operator(caller, EventKind.CARD_ISSUED, outcome=Outcome.DONE)
        record_card(centre, conn, holder.pseudonym, card_id=card_id, event=event)
        note_age(centre, conn, holder.pseudonym, present.state or LegalState.OF_AGE)
    return IssuedCard(
        card=card_id,
        applications={
            new.application: IssuedApplication(
                certificate=certificate,
                share=base64url.encode(new.share),
                retries=centre.settings.pin_tries(new.application),
            )
            for new, certificate in certified
        },
        suspension_code=code,
    )


def _check_applications(applications: Mapping[Application, NewApplication]) -> None:
    keys = {tuple(sorted(asked.public_key.items())) for asked in applications.values()}
    if set(applications) != set(Application) or len(keys) != len(applications):
        raise CardApplicationsError("a card has each application once, each with a key of its own")
    for asked in applications.values():
        check_application(asked)


def check_application(asked: NewApplication) -> None:
    """Check what one application is to be. Raises: CardApplicationsError, MalformedError."""
    p256(asked.public_key)
    verifier_bytes(asked.pin_verifier)


def verifier_bytes(text: str) -> bytes:
    """Return a PIN verifier's bytes. Raises: CardApplicationsError, MalformedError."""
    verifier = base64url.decode(text)
    if len(verifier) != VERIFIER_BYTES:
        raise CardApplicationsError("a PIN verifier is SHA-256 of the PIN proof, 32 bytes")
    return verifier


def holder_of(centre: IdentityCentre, caller: OperatorCaller, reference: str, *, kind: EventKind) -> Person:
    """Return whom a reference of the caller's organisation names, for what is an entry of that kind.

    Raises: UnknownReferenceError (logged).
    """
    with centre.context.database.read() as conn:
        found = centre.store.linked(conn, organisation=caller.organisation, reference=reference)
    if found is None:
        note_unknown(centre.context, by_operator(caller, kind, outcome=Outcome.DONE))
        raise UnknownReferenceError
    return found


def _end_of_validity(centre: IdentityCentre) -> datetime:
    # whole days: an exact second would tell which other row was made at the same moment
    last = centre.now().astimezone(UTC).date() + timedelta(days=centre.settings.card_days)
    return datetime.combine(last, time(), UTC)


def end_of_card(card: Card) -> datetime:
    """Return until when a card's certificates are valid."""
    return datetime.fromtimestamp(card.expires, UTC)


def certify(
    centre: IdentityCentre,
    card_id: str,
    *,
    application: Application,
    asked: NewApplication,
    end: datetime,
) -> tuple[NewCardApplication, str]:
    """Return what is stored of an application, and its certificate (PEM)."""
    certificate = issue_card_certificate(
        centre.authority,
        p256(asked.public_key),
        card_id=card_id,
        application=application,
        start=end - timedelta(days=centre.settings.card_days),
        days=centre.settings.card_days,
        ocsp_url=centre.ocsp_url,
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
