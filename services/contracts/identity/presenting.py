"""The ID centre's word about who an operator is: a pseudonym for this purpose only, bound to one operator's card."""

from typing import Annotated, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field

from consent import jws
from consent.canonical import JsonValue
from consent.errors import MalformedError, SignatureError
from consent.jwk import thumbprint, to_jwk
from consent.wire import Count, Identifier, WireModel, parse
from services.contracts.identity.messages import Jwk
from services.kit.encoding import Message

OPERATOR_PRESENTATION_TYPE: Final = "sekisho-operator-presentation+jws"
Organisation = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class PresentOperator(Message):
    """POST /operator-presentations: where the person is to be an operator, and with which card key (P-256)."""

    organisation: Organisation
    card_key: Jwk


class OperatorPresentation(Message):
    """What the person hands to the accreditor (JWS by the ID centre)."""

    presentation: str


class _Content(WireModel):
    tag: Identifier
    organisation: Identifier
    card: Identifier
    expires: Count


def sign_presentation(
    asked: PresentOperator, *, tag: str, expires: int, key: Ed25519PrivateKey
) -> OperatorPresentation:
    """State that the human with this tag presented their own card for this operator. Raises: MalformedError."""
    content: dict[str, JsonValue] = {
        "tag": tag,
        "organisation": asked.organisation,
        "card": thumbprint(asked.card_key),
        "expires": expires,
    }
    kid = thumbprint(to_jwk(key.public_key()))
    return OperatorPresentation(
        presentation=jws.sign(content, typ=OPERATOR_PRESENTATION_TYPE, key=key, kid=kid)
    )


def presented_tag(
    presentation: str, *, key: Ed25519PublicKey, organisation: str, card_key: Jwk, now: int
) -> str:
    """Return the tag of whoever presented themselves for exactly this operator.

    Raises: SignatureError for anything that the ID centre did not say, or not for this organisation, card and moment.
    """
    try:
        told = parse(_Content, jws.verify(presentation, typ=OPERATOR_PRESENTATION_TYPE, key=key).payload)
        fits = (told.organisation, told.card) == (organisation, thumbprint(card_key))
    except MalformedError as error:
        raise SignatureError from error
    if not fits or told.expires <= now:
        raise SignatureError
    return told.tag
