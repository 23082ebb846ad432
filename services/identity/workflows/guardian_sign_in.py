"""T5 for a guardian: with the own card, for a ward; and who has died signs in no more.

The card's assertion names the guardianship, so that no relay puts in another one. The token says to each body by which
key it knows the guardian for this ward, and rests on the guardian's own card: what stops that card stops it.
"""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection

from consent.guardians import Act, Matter, Signer, act_fault
from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.contracts.directives import SubmissionFault
from services.contracts.identity.guardianships import TOLD
from services.identity.centre import IdentityCentre
from services.identity.errors import OAuthCode, OAuthError
from services.identity.guardianships import Guardianship, LegalStanding
from services.identity.holding import hold_person
from services.identity.sign_in import SignIn
from services.identity.workflows.token_steps import KINDS, Asker
from services.kit.credentials.callers import PersonCaller, SignedInBy
from services.kit.events import A_GUARDIAN, ACTING, Event, Outcome


def for_ward(centre: IdentityCentre, own: SignIn, asker: Asker, *, guardianship: str) -> SignIn:
    """Return the guardian's sign-in for the ward. Raises: OAuthError, in the history of whom it concerns."""
    asker.by = SignedInBy.GUARDIAN
    with centre.context.database.read() as conn:
        held = centre.guardianships.own(conn, guardianship, own.holder)
    if held is None:
        raise OAuthError(OAuthCode.GUARDIAN_UNKNOWN, "assertion: no such guardianship of the card's holder")
    asker.person, asker.acting = held.ward, held.capacity
    _require_in_force(held)
    kids = {body: kid for body in TOLD if (kid := held.kid(body)) is not None}
    return replace(
        own,
        by=SignedInBy.GUARDIAN,
        holder=held.ward,
        confirm=_confirm(centre, own, asker, guardianship),
        guardian=kids,
    )


def refuse_deceased(centre: IdentityCentre, conn: Connection, person: Pseudonym) -> None:
    """Refuse who has died, by whatever means. Raises: OAuthError."""
    standing = centre.guardianships.standing(conn, person)
    if standing is not None and standing.deceased:
        raise OAuthError(OAuthCode.INVALID_GRANT, "assertion: its issuer does not count now")


def keeping_fault(centre: IdentityCentre, conn: Connection, caller: PersonCaller) -> SubmissionFault | None:
    """G2: why the caller may not make the wallet's key known now, by what the ID centre itself has entered."""
    held = centre.guardianships.of_ward(conn, caller.pseudonym)
    signer = Signer.PERSON
    if caller.guardian is not None:
        by = next((each for each in held if each.kid(Body.IDENTITY) == caller.guardian), None)
        former = Signer.STRANGER if by is None else Signer.FORMER_GUARDIAN
        signer = Signer.GUARDIAN if by is not None and by.ended is None else former
    known = centre.guardianships.standing(conn, caller.pseudonym) or LegalStanding(caller.pseudonym)
    fault = act_fault(known.state(held), Act.KEEP_WALLET, Matter.ORDINARY, signers=frozenset({signer}))
    return None if fault is None else SubmissionFault(fault.value)


def acted(centre: IdentityCentre, conn: Connection, caller: PersonCaller, event: Event) -> Event:
    """Return an entry that says in which capacity a guardian acted, where one is signed in for the person."""
    if caller.guardian is None:
        return event
    held = centre.guardianships.of_ward(conn, caller.pseudonym)
    by = next(
        (each.capacity.value for each in held if each.kid(Body.IDENTITY) == caller.guardian), A_GUARDIAN
    )
    return replace(event, detail={**(event.detail or {}), ACTING: by})


def _confirm(
    centre: IdentityCentre, own: SignIn, asker: Asker, guardianship: str
) -> Callable[[Connection], None]:
    def confirm(conn: Connection) -> None:
        held = centre.guardianships.get(conn, guardianship)
        if held is not None:
            hold_person(conn, held.ward)
            _require_in_force(centre.guardianships.get(conn, guardianship) or held)
        own.confirm(conn)
        event = asker.event(KINDS[SignedInBy.GUARDIAN][0], Outcome.PERMITTED)
        centre.context.journal.record(conn, person=own.holder, event=event)

    return confirm


def _require_in_force(held: Guardianship) -> None:
    if held.ended is not None:
        raise OAuthError(OAuthCode.GUARDIANSHIP_ENDED, "assertion: this guardianship has ended")
