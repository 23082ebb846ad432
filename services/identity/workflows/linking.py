"""Who is meant: a presented card becomes a reference; the wallet's key becomes the person's."""

from consent import jws
from consent.errors import MalformedError, SignatureError
from consent.explanations import RefusalCode
from consent.jwk import thumbprint
from consent.wire import Count, Identifier, WireModel, parse
from services.contracts.identity.messages import (
    PRESENTATION_TYPE,
    SUBJECT_TYPE,
    LinkedPerson,
    RegisteredSubject,
    RegisterSubject,
)
from services.contracts.oversight.register import ed25519, p256
from services.directives.errors import RefusedError
from services.identity import egress
from services.identity.centre import IdentityCentre
from services.identity.errors import (
    ChallengeError,
    PresentationError,
    RoleMissingError,
    SubjectTakenError,
)
from services.identity.holding import hold_person
from services.identity.model import CardKey, Person
from services.identity.workflows.guardian_sign_in import acted, keeping_fault
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator

ROLE_MISSING = RefusalCode.ROLE_MISSING.value
PRESENTATION_REFUSED = "presentation_refused"
SIGNATURE_REFUSED = "signature_refused"
SUBJECT_TAKEN = "subject_taken"


class Presentation(WireModel):
    """What a card signs where it is presented."""

    card: Identifier
    organisation: Identifier
    challenge: Identifier
    at: Count


class _SubjectProof(WireModel):
    at: Count


def link(centre: IdentityCentre, caller: OperatorCaller, presentation: str) -> LinkedPerson:
    """Return how the caller's organisation names the holder of a card presented there (D1).

    Raises: PresentationError, RoleMissingError, ReplayError; the holder sees every refusal.
    """
    key, told = verify_presentation(centre, presentation)
    holder = key.card.holder
    expires = presentation_expiry(centre, caller, key, told)
    if expires is None:
        _record_refusal(centre, caller, holder, kind=EventKind.CARD_LINKED, reason=PRESENTATION_REFUSED)
        raise PresentationError
    if not caller.roles:
        _record_refusal(centre, caller, holder, kind=EventKind.CARD_LINKED, reason=ROLE_MISSING)
        raise RoleMissingError
    reference = egress.reference(centre, holder, caller=caller)
    with centre.context.database.write() as conn:
        centre.context.replays.use(
            conn, kind="challenge", value=told.challenge, expires=expires, now=centre.seconds()
        )
        centre.store.add_link(conn, organisation=caller.organisation, reference=reference, someone=holder)
        linked = by_operator(caller, EventKind.CARD_LINKED, outcome=Outcome.DONE)
        centre.context.journal.record(conn, person=holder.pseudonym, event=linked)
    return LinkedPerson(reference=reference)


def register_subject(
    centre: IdentityCentre, caller: PersonCaller, request: RegisterSubject
) -> RegisteredSubject:
    """Keep the key of the person's wallet for the medical sector; the first one stays.

    Raises: SignatureError, MalformedError, SubjectTakenError, RefusedError; each is in the person's history.
    """
    kind = EventKind.WALLET_REGISTERED
    try:
        verify_subject_proof(centre, request)
    except (SignatureError, MalformedError):
        event = Event(kind=kind, outcome=Outcome.REFUSED, reason=SIGNATURE_REFUSED)
        with centre.context.database.write() as conn:
            event = acted(centre, conn, caller, event)
            centre.context.journal.record(conn, person=caller.pseudonym, event=event)
        raise
    with centre.context.database.write() as conn:
        hold_person(conn, caller.pseudonym)
        unfit = keeping_fault(centre, conn, caller)
        first = unfit is None and centre.store.subject(conn, caller.pseudonym) is None
        if first:
            centre.store.add_subject(conn, caller.pseudonym, request.wallet_key)
        # read anew: on PostgreSQL another registration may have come first between the two
        taken = unfit is None and centre.store.subject(conn, caller.pseudonym) != request.wallet_key
        event = Event(kind=kind, outcome=Outcome.DONE)
        if taken:
            event = Event(kind=kind, outcome=Outcome.REFUSED, reason=SUBJECT_TAKEN)
        if unfit is not None:
            event = Event(kind=kind, outcome=Outcome.REFUSED, reason=unfit.value)
        if first or taken or unfit is not None:
            event = acted(centre, conn, caller, event)
            centre.context.journal.record(conn, person=caller.pseudonym, event=event)
    if unfit is not None:
        raise RefusedError(unfit)
    if taken:
        raise SubjectTakenError("another wallet is registered for this person")
    return RegisteredSubject(subject=thumbprint(request.wallet_key))


def verify_subject_proof(centre: IdentityCentre, request: RegisterSubject) -> None:
    """Check that the wallet proves its key, now. Raises: SignatureError, MalformedError."""
    ed25519(request.wallet_key)
    verified = jws.verify_with_jwk(request.proof, typ=SUBJECT_TYPE, jwk=request.wallet_key)
    if (
        abs(centre.seconds() - parse(_SubjectProof, verified.payload).at)
        > centre.settings.signed_max_age_seconds
    ):
        raise SignatureError


def verify_presentation(centre: IdentityCentre, presentation: str) -> tuple[CardKey, Presentation]:
    """Return the card that signed, and what it signed. Raises: PresentationError."""
    try:
        with centre.context.database.read() as conn:
            key = centre.store.authentication_key_by_kid(conn, jws.peek_kid(presentation))
        if key is None:
            raise PresentationError
        verified = jws.verify(presentation, typ=PRESENTATION_TYPE, key=p256(key.public_key))
        return key, parse(Presentation, verified.payload)
    except (SignatureError, MalformedError) as error:
        raise PresentationError from error


def presentation_expiry(
    centre: IdentityCentre, caller: OperatorCaller, key: CardKey, told: Presentation
) -> int | None:
    """Return until when the challenge counts; None if the presentation is not good here and now."""
    now = centre.seconds()
    try:
        expires = centre.challenges.expiry(told.challenge, now)
    except ChallengeError:
        return None
    fits = told.card == key.card.id and told.organisation == caller.organisation
    fresh = abs(now - told.at) <= centre.settings.signed_max_age_seconds and key.card.usable(now)
    return expires if fits and fresh else None


def _record_refusal(
    centre: IdentityCentre,
    caller: OperatorCaller,
    someone: Person,
    *,
    kind: EventKind,
    reason: str,
) -> None:
    event = by_operator(caller, kind, outcome=Outcome.REFUSED, reason=reason)
    with centre.context.database.write() as conn:
        centre.context.journal.record(conn, person=someone.pseudonym, event=event)
