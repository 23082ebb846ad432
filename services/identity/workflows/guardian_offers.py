"""H1, H2: what two supervisors are shown of a guardian to be entered, and what is refused before they are."""

from sqlalchemy import Connection

from consent import jws
from consent.errors import MalformedError, SignatureError
from consent.guardians import SUITS, LegalState
from consent.identifiers import Pseudonym
from consent.wire import parse
from services.contracts.identity.guardianships import (
    EVIDENCE,
    OFFER,
    TOLD,
    EnteringDeath,
    EnteringGuardianship,
    OfferClaims,
    RegisterDeath,
    RegisterGuardianship,
)
from services.contracts.identity.messages import Application
from services.contracts.oversight.register import ed25519, p256
from services.identity.centre import IdentityCentre
from services.identity.errors import (
    CapacityError,
    DeceasedError,
    GuardianOfferError,
    TooManyGuardiansError,
    UnknownReferenceError,
    WardUnknownError,
)
from services.identity.guardianships import LegalStanding
from services.identity.model import Person
from services.identity.workflows.guardian_ends import in_force
from services.kit.credentials.callers import OperatorCaller
from services.kit.dual_control.kinds import Shown, read_parameters


def settle_guardianship(
    centre: IdentityCentre, conn: Connection, caller: OperatorCaller, parameters: Shown
) -> EnteringGuardianship:
    """H1: verify the offer now, and keep what it stands for.

    Raises: MalformedRequestError, UnknownReferenceError, GuardianOfferError.
    """
    asked = read_parameters(RegisterGuardianship, parameters, kind="register-guardianship")
    ward = referred(centre, conn, caller, asked.reference)
    guardian, claims = _offered(centre, conn, asked.offer)
    fresh = abs(centre.seconds() - claims.at) <= centre.settings.signed_max_age_seconds
    if not fresh or claims.organisation != caller.organisation or guardian.pseudonym == ward.pseudonym:
        raise GuardianOfferError
    return EnteringGuardianship(
        guardianship=claims.guardianship,
        organisation=caller.organisation,
        ward=ward.pseudonym,
        guardian=guardian.pseudonym,
        capacity=claims.capacity,
        keys=claims.keys,
        evidence=asked.evidence,
        document=asked.document,
    )


def settle_death(
    centre: IdentityCentre, conn: Connection, caller: OperatorCaller, parameters: Shown
) -> EnteringDeath:
    """Keep whose death it is. Raises: MalformedRequestError, UnknownReferenceError."""
    asked = read_parameters(RegisterDeath, parameters, kind="register-death")
    person = referred(centre, conn, caller, asked.reference).pseudonym
    return EnteringDeath(organisation=caller.organisation, person=person, document=asked.document)


def preview_guardianship(centre: IdentityCentre, conn: Connection, asked: EnteringGuardianship) -> Shown:
    """H2: tell what would be entered.

    Raises: WardUnknownError, CapacityError, TooManyGuardiansError, GuardianOfferError.
    """
    ward, guardian = Pseudonym(asked.ward), Pseudonym(asked.guardian)
    held = in_force(centre.guardianships.of_ward(conn, ward))
    standing = centre.guardianships.standing(conn, ward)
    if standing is None and LegalState.OF_AGE not in SUITS[asked.capacity]:
        raise WardUnknownError
    state = (standing or LegalStanding(ward)).state(held)
    own = centre.guardianships.standing(conn, guardian) or LegalStanding(guardian)
    alone = own.state(centre.guardianships.of_ward(conn, guardian)) is LegalState.OF_AGE
    if state not in SUITS[asked.capacity] or asked.evidence not in EVIDENCE[asked.capacity] or not alone:
        raise CapacityError
    if centre.guardianships.get(conn, asked.guardianship) is not None:
        raise GuardianOfferError
    if any(each.guardian == guardian for each in held) or len(held) >= centre.settings.guardians_at_most:
        raise TooManyGuardiansError
    return {
        "capacity": asked.capacity.value,
        "state_of_ward": state.value,
        "evidence": asked.evidence.value,
        "document": asked.document,
        "other_guardians": len(held),
    }


def preview_death(centre: IdentityCentre, conn: Connection, asked: EnteringDeath) -> Shown:
    """Tell what would end. Raises: DeceasedError."""
    person = Pseudonym(asked.person)
    standing = centre.guardianships.standing(conn, person)
    if standing is not None and standing.deceased:
        raise DeceasedError
    card = centre.cards.own(conn, person)
    return {
        "document": asked.document,
        # what was proposed before a death was corrected does not enter it again
        "standing": 0 if standing is None else standing.number,
        "card_in_force": card is not None,
        "guardians": len(in_force(centre.guardianships.of_ward(conn, person))),
        "wards": len(in_force(centre.guardianships.of_guardian(conn, person))),
    }


def referred(centre: IdentityCentre, conn: Connection, caller: OperatorCaller, reference: str) -> Person:
    """Return whom a reference of the caller's organisation names. Raises: UnknownReferenceError."""
    found = centre.store.linked(conn, organisation=caller.organisation, reference=reference)
    if found is None:
        raise UnknownReferenceError
    return found


def _offered(centre: IdentityCentre, conn: Connection, offer: str) -> tuple[Person, OfferClaims]:
    try:
        key = centre.store.application_key(conn, jws.peek_kid(offer), Application.SIGNATURE)
        if key is None or not key.card.usable(centre.seconds()):
            raise GuardianOfferError
        claims = parse(OfferClaims, jws.verify(offer, typ=OFFER, key=p256(key.public_key)).payload)
        if set(claims.keys) != {body.value for body in TOLD}:
            raise GuardianOfferError
        for each in claims.keys.values():
            ed25519(each)
    except (SignatureError, MalformedError) as error:
        raise GuardianOfferError from error
    return key.card.holder, claims
