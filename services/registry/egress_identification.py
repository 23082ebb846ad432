"""What leaves the registry when somebody is identified at an organisation."""

from collections.abc import Collection
from hashlib import sha256

from consent import base64url, jws
from consent.identifiers import OrganisationId
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import BasicItem, Body
from services.contracts.registry.messages import (
    ELIGIBILITY_TYPE,
    MATCH_INFO,
    ComparedIdentity,
    Eligibility,
    EligibilityClaims,
    MatchedIdentity,
    Membership,
)
from services.kit.clock import epoch_seconds
from services.kit.credentials.pseudonyms import seal_to
from services.kit.egress import egress
from services.registry.centre import Registry


@egress(
    to="identity",
    fields="yes or no for name and for birth date",
    purpose="no patient number linked to the wrong person",
    ground="the ID centre's own token for the person who was identified at an organisation",
    answers=("POST /comparisons",),
)
def compared(fitting: Collection[BasicItem]) -> ComparedIdentity:
    """Return which items fit."""
    return ComparedIdentity(name=BasicItem.NAME in fitting, birth_date=BasicItem.BIRTH_DATE in fitting)


@egress(
    to="identity",
    fields="the handle by which the ID centre finds one person, sealed to it, or nothing",
    purpose="linking a patient who has no card with them",
    ground="name and birth date that exactly one resident has, told by an organisation's operator",
    answers=("POST /matches",),
)
def matched(registry: Registry, handle: str | None) -> MatchedIdentity:
    """Return whom name and birth date mean."""
    if handle is None:
        return MatchedIdentity(person=None)
    key = registry.register.directory().sealing_key(Body.IDENTITY)
    return MatchedIdentity(person=base64url.encode(seal_to(key, handle.encode(), info=MATCH_INFO)))


@egress(
    to="the clinic or hospital where the person is",
    fields="whether insured today and by which membership, signed",
    purpose="eligibility at reception",
    ground="a token that the ID centre gives only when the person was identified there just now",
    answers=("POST /eligibilities",),
)
def eligibility(
    registry: Registry, held: Membership | None, *, organisation: OrganisationId, token: str
) -> Eligibility:
    """Return the signed answer to the question that `token` was used for."""
    key = registry.context.signing_key
    claims = EligibilityClaims(
        organisation=organisation,
        question=base64url.encode(sha256(token.encode()).digest()),
        at=epoch_seconds(registry.context.clock()),
        eligible=held is not None,
        membership=held,
    )
    kid = thumbprint(to_jwk(key.public_key()))
    return Eligibility(
        eligibility=jws.sign(claims.model_dump(mode="json"), typ=ELIGIBILITY_TYPE, key=key, kid=kid)
    )
