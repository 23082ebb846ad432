"""The only code of the ID centre that builds something about a person for another body.

Each function declares which fields go to whom, for what, and takes what was verified as the ground for it.
"""

from collections.abc import Sequence
from datetime import datetime

from consent.identifiers import OrganisationId, Pseudonym
from consent.vocabulary import Body
from services.contracts.oversight.register import BodyEntry
from services.contracts.registry.messages import ASKED_BY
from services.identity.centre import IdentityCentre
from services.identity.model import Person
from services.kit.credentials.callers import OperatorCaller
from services.kit.egress import egress
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.problems import UnavailableError


@egress(
    to="the body that the person signs in to",
    fields="that body's own pseudonym of the person, sealed to it, in an access token bound to the person's key",
    purpose="signing in",
    ground="the card's answer to a challenge",
    answers=("POST /oauth/token",),
)
def person_token(
    centre: IdentityCentre, signed_in: Person, *, audience: BodyEntry, jkt: str, now: datetime
) -> str:
    """T8: return an access token for a person."""
    return centre.access_tokens.for_person(
        audience=audience.url,
        pseudonym=centre.namer.pseudonym(audience.body, signed_in.linkage),
        audience_key=centre.register.directory().sealing_key(audience.body),
        jkt=jkt,
        now=now,
    )


@egress(
    to="each body named, through the participant, who cannot read them",
    fields="each body's own pseudonym of the person, sealed to that body",
    purpose="the participant's task",
    ground="the caller's verified role and the reference that a presented card gave to the caller's organisation",
    answers=("POST /persons", "POST /pseudonym-tokens"),
)
def pseudonym_tokens(
    centre: IdentityCentre, someone: Person, *, bodies: Sequence[Body], caller: OperatorCaller
) -> dict[Body, str]:
    """Return tokens by which a participant means the person towards each body."""
    return {body: _token(centre, someone, body=body, organisation=caller.organisation) for body in bodies}


@egress(
    to="the organisation where the card was presented",
    fields="how this organisation, and no other, names the person from now on",
    purpose="the participant's task",
    ground="a presentation signed by the card for this organisation, for a fresh challenge",
    answers=("POST /links",),
)
def reference(centre: IdentityCentre, holder: Person, *, caller: OperatorCaller) -> str:
    """Return how the caller's organisation names the holder of a card."""
    return centre.namer.reference(caller.organisation, holder.linkage)


@egress(
    to="registry",
    fields="the registry's own pseudonym of the person, sealed to it",
    purpose="no card for somebody unregistered",
    ground="a registrar who issues a card to this person",
)
def ask_presence(centre: IdentityCentre, someone: Person) -> bool:
    """Ask the registry whether the person is registered. Raises: UnavailableError."""
    token = _token(centre, someone, body=Body.REGISTRY, organisation=ASKED_BY)
    try:
        return centre.registry.presence(token).registered
    except (PeerUnavailableError, RemoteProblemError) as error:
        raise UnavailableError("the registry does not say whether the person is registered") from error


def _token(centre: IdentityCentre, someone: Person, *, body: Body, organisation: OrganisationId) -> str:
    pseudonym: Pseudonym = centre.namer.pseudonym(body, someone.linkage)
    return centre.pseudonym_tokens.issue(
        body=body,
        body_key=centre.register.directory().sealing_key(body),
        organisation=organisation,
        pseudonym=pseudonym,
        now=centre.now(),
    )
