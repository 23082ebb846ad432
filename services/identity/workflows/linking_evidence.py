"""Evidence that a patient is who the organisation says: verified step by step before anything is linked.

E1 the staff's word: signed by this very operator's card, for this organisation, terminal and patient number, over a
   fresh challenge (stops a confirmation made elsewhere, for somebody else, or replayed);
E2 the card: its own signature where the PIN was given; where the staff compared the photo, the card that they name is
   usable (stops a card that was lost or revoked); with a document instead of the card, which kind of document;
E3 name and birth date as the organisation knows them, against the registry: those of the card's holder, or of exactly
   one resident (stops the right card at the wrong patient number).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from consent import jws
from consent.errors import MalformedError, SignatureError
from consent.identifiers import OperatorId, Pseudonym
from consent.vocabulary import BasicItem, Body
from consent.wire import Count, Identifier, WireModel, parse
from services.contracts.identity.messages import (
    CONFIRMATION_TYPE,
    IdentityDocument,
    LinkPatient,
    StaffCheck,
)
from services.contracts.oversight.register import p256
from services.identity import egress_patients as egress
from services.identity.centre import IdentityCentre
from services.identity.errors import (
    ChallengeError,
    ConfirmationError,
    IdentityMismatchError,
    PresentationError,
)
from services.identity.model import CardKey, Person
from services.identity.workflows.linking import (
    presentation_expiry,
    verify_presentation,
)
from services.kit.credentials.callers import OperatorCaller

AT_ONCE = 1000


class Confirmation(WireModel):
    """What the staff sign; `card` names the card whose photo was compared, `document` what was shown instead."""

    organisation: Identifier
    operator: Identifier
    terminal: Identifier
    patient_number: Identifier
    check: Identifier
    card: Identifier | None = None
    document: Identifier | None = None
    challenge: Identifier
    at: Count

    def staff_check(self) -> StaffCheck:
        """Return how the staff made sure. Raises: ConfirmationError."""
        try:
            return StaffCheck(self.check)
        except ValueError:
            raise ConfirmationError from None


@dataclass(frozen=True, slots=True)
class Evidence:
    """E1 and E2, verified: `card` is the presented one, None with a document; challenges are used up by the caller."""

    check: StaffCheck
    card: CardKey | None
    challenges: tuple[tuple[str, int], ...]
    proofs: tuple[str, ...]


def confirmed(centre: IdentityCentre, caller: OperatorCaller, message: LinkPatient) -> Confirmation:
    """E1. Raises: ConfirmationError."""
    operator = centre.register.directory().operator(caller.organisation, OperatorId(caller.operator))
    if operator is None:
        raise ConfirmationError
    try:
        signed = jws.verify(message.confirmation, typ=CONFIRMATION_TYPE, key=p256(operator.card_key))
        told = parse(Confirmation, signed.payload)
    except (SignatureError, MalformedError) as error:
        raise ConfirmationError from error
    said = (told.organisation, told.operator, told.terminal, told.patient_number)
    meant = (caller.organisation, caller.operator, caller.terminal, message.patient_number)
    if said != meant or abs(centre.seconds() - told.at) > centre.settings.signed_max_age_seconds:
        raise ConfirmationError
    return told


def evidence(
    centre: IdentityCentre, caller: OperatorCaller, message: LinkPatient, told: Confirmation
) -> Evidence:
    """E2. Raises: ConfirmationError, PresentationError."""
    check = told.staff_check()
    try:
        challenges = [(told.challenge, centre.challenges.expiry(told.challenge, centre.seconds()))]
    except ChallengeError as error:
        raise ConfirmationError from error
    proofs = [message.confirmation]
    card: CardKey | None = None
    match check:
        case StaffCheck.PIN:
            if message.presentation is None or told.document is not None:
                raise ConfirmationError
            card, presented = verify_presentation(centre, message.presentation)
            expires = presentation_expiry(centre, caller, card, presented)
            if expires is None or told.card not in (None, card.card.id):
                raise PresentationError
            challenges.append((presented.challenge, expires))
            proofs.append(message.presentation)
        case StaffCheck.PHOTO:
            card = _photographed(centre, message, told)
        case StaffCheck.DOCUMENT:
            known = {each.value for each in IdentityDocument}
            if message.presentation is not None or told.card is not None or told.document not in known:
                raise ConfirmationError
    return Evidence(check, card, tuple(challenges), tuple(proofs))


def _photographed(centre: IdentityCentre, message: LinkPatient, told: Confirmation) -> CardKey:
    if message.presentation is not None or told.card is None or told.document is not None:
        raise ConfirmationError
    with centre.context.database.read() as conn:
        card = centre.store.authentication_key(conn, told.card)
    if card is None or not card.card.usable(centre.seconds()):
        raise PresentationError
    return card


def identified(
    centre: IdentityCentre, caller: OperatorCaller, message: LinkPatient, shown: Evidence
) -> Person:
    """E3: return who the patient is. Raises: IdentityMismatchError, UnavailableError."""
    if shown.card is not None:
        holder = shown.card.card.holder
        told = egress.compare_identity(centre, holder, message, caller=caller)
        fits = {BasicItem.BIRTH_DATE: told.birth_date, BasicItem.NAME: told.name}
        if not all(fits.values()):
            raise IdentityMismatchError(tuple(item.value for item, same in fits.items() if not same))
        return holder
    found = egress.match_identity(centre, message, caller=caller)
    someone = None if found is None else meant_by_registry(centre, found)
    if someone is None:
        raise IdentityMismatchError(())
    return someone


def meant_by_registry(centre: IdentityCentre, handle: str) -> Person | None:
    """Return whom a handle of the registry means; people from before there were handles are entered first."""
    with centre.context.database.read() as conn:
        found = centre.patients.of_handle(conn, handle)
    if found is None:
        for some in _everybody(centre):
            with centre.context.database.write() as conn:
                for name in some:
                    remember(centre, conn, centre.store.person(conn, name))
        with centre.context.database.read() as conn:
            found = centre.patients.of_handle(conn, handle)
    if found is None:
        return None
    with centre.context.database.read() as conn:
        return centre.store.person(conn, found)


def remember(centre: IdentityCentre, conn: Connection, someone: Person) -> None:
    """Keep by which handle the registry means a person."""
    handle = centre.namer.person_handle(Body.REGISTRY, someone.linkage)
    centre.patients.keep_handle(conn, handle, someone.pseudonym)


def _everybody(centre: IdentityCentre) -> Iterator[list[Pseudonym]]:
    last = Pseudonym("")
    while True:
        with centre.context.database.read() as conn:
            some = centre.patients.people_after(conn, last, most=AT_ONCE)
        if not some:
            return
        yield some
        last = some[-1]
