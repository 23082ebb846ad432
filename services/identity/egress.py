"""The only code of the ID centre that builds something about a person for another body.

Each function says which fields go to whom, for what, and takes what was verified as the ground for it.
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


def person_token(
    centre: IdentityCentre, signed_in: Person, *, audience: BodyEntry, jkt: str, now: datetime
) -> str:
    """Return an access token for a person.

    Fields: the audience's own pseudonym of the person, sealed to it. Purpose: signing in.
    Recipient: the audience. Ground: the card's answer to a challenge.
    """
    return centre.access_tokens.for_person(
        audience=audience.url,
        pseudonym=centre.namer.pseudonym(audience.body, signed_in.linkage),
        audience_key=centre.register.directory().sealing_key(audience.body),
        jkt=jkt,
        now=now,
    )


def pseudonym_tokens(
    centre: IdentityCentre, someone: Person, *, bodies: Sequence[Body], caller: OperatorCaller
) -> dict[Body, str]:
    """Return tokens by which a participant means the person towards each body.

    Fields: each body's own pseudonym of the person, sealed to that body. Purpose: the participant's task.
    Recipients: `bodies`, through the participant, who cannot read them. Ground: the caller's verified role and the
    reference that a presented card gave to the caller's organisation.
    """
    return {body: _token(centre, someone, body=body, organisation=caller.organisation) for body in bodies}


def ask_presence(centre: IdentityCentre, someone: Person) -> bool:
    """Ask the registry whether the person is registered.

    Fields: the registry's own pseudonym of the person, sealed to it. Purpose: no card for somebody unregistered.
    Recipient: the registry. Ground: a registrar who issues a card to this person.
    """
    token = _token(centre, someone, body=Body.REGISTRY, organisation=ASKED_BY)
    return centre.registry.presence(token).registered


def _token(centre: IdentityCentre, someone: Person, *, body: Body, organisation: OrganisationId) -> str:
    pseudonym: Pseudonym = centre.namer.pseudonym(body, someone.linkage)
    return centre.pseudonym_tokens.issue(
        body=body,
        body_key=centre.register.directory().sealing_key(body),
        organisation=organisation,
        pseudonym=pseudonym,
        now=centre.now(),
    )
