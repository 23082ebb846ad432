"""Signing with a name: the registry's statement about the signature certificate, kept sealed beside the card (K2)."""

from consent import base64url
from consent.attributes import AttributeStatement, keep, kept, verify
from consent.errors import ConsentError
from consent.vocabulary import Body
from services.contracts.identity.card_client import CardClient
from services.contracts.identity.messages import Application
from services.contracts.registry.attributes import AttributeClient, StateAttributes
from services.gateway.cards import CardFile
from services.gateway.errors import CardFileError, NotVerifiedError
from services.gateway.person import Person


def fetch_attributes(person: Person) -> CardFile:
    """Return the person's card file with a fresh statement in it. Raises: RefusedError, NotVerifiedError."""
    serial = person.card.applications[Application.SIGNATURE].kid
    told = person.ask(Body.IDENTITY, lambda http, token: CardClient(http).attribute_token(token=token))
    message = StateAttributes(certificate=told.certificate, token=told.token)
    stated = person.ask(
        Body.REGISTRY, lambda http, token: AttributeClient(http).state_attributes(message, token=token)
    ).statement
    try:
        verify(stated, registry_key=person.directory().signing_key(Body.REGISTRY), certificate=serial)
    except ConsentError as error:
        raise NotVerifiedError(
            "the statement is not the registry's about this card; nothing is kept"
        ) from error
    sealed = keep(person.wallet, stated, randomness=person.randomness)
    return person.card.model_copy(update={"attributes": base64url.encode(sealed)})


def shown_attributes(person: Person) -> tuple[str, AttributeStatement]:
    """Return the kept statement, to be handed to whom the person chooses, and what it says.

    Raises: CardFileError when there is none, NotVerifiedError when it is not about this card.
    """
    if person.card.attributes is None:
        raise CardFileError("the card file keeps no statement; fetch one first")
    serial = person.card.applications[Application.SIGNATURE].kid
    key = person.directory().signing_key(Body.REGISTRY)
    try:
        statement = kept(person.wallet, base64url.decode(person.card.attributes))
        return statement, verify(statement, registry_key=key, certificate=serial)
    except ConsentError as error:
        raise NotVerifiedError("what the card file keeps is not about this card; fetch it anew") from error
