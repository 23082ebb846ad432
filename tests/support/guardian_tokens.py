"""Access tokens for the medical centre of somebody who acts for a person."""

from support.medical_world import URL, Running, Someone

from consent.vocabulary import Body
from services.kit.credentials.callers import SignedInBy
from services.kit.credentials.dpop import DpopKey
from services.kit.http import Token


def guardian_token(running: Running, someone: Someone, guardian: str) -> Token:
    """Return an access token of somebody who acts for a person."""
    world, key = running.world, DpopKey(running.world.identity.p256("dpop"))
    value = world._issuer.for_person(
        audience=URL,
        pseudonym=someone.pseudonym(Body.MEDICAL),
        audience_key=world.context.sealing_key.public_key(),
        acr=SignedInBy.GUARDIAN.value,
        jkt=key.thumbprint,
        place=0,
        now=world.now,
        guardian=guardian,
    )
    return Token(value, key)
