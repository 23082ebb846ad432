"""Patients at a reception: the staff's signed confirmation, and the whole message of linking a patient number."""

from typing import Final

from support.identity_people import IDENTITY, Holder, Participant
from support.identity_world import World

from consent import jws
from consent.canonical import JsonValue
from consent.jwk import thumbprint, to_jwk
from services.contracts.identity.messages import (
    CONFIRMATION_TYPE,
    IdentityDocument,
    LinkedPatient,
    LinkPatient,
    StaffCheck,
)
from services.kit.clock import epoch_seconds

NUMBER: Final = "P-0001"
NAME: Final = "山田 花子"
BIRTH_DATE: Final = "1984-02-29"


def confirmation(world: World, at: Participant, /, **members: JsonValue) -> str:
    """Return the operator's signed word, members replaced as told (None leaves one out)."""
    told: dict[str, JsonValue] = {
        "organisation": at.organisation,
        "operator": at.operator,
        "terminal": at.terminal,
        "patient_number": NUMBER,
        "check": StaffCheck.PIN.value,
        "challenge": world.identity(at).challenge().challenge,
        "at": epoch_seconds(world.clock()),
        **members,
    }
    kept = {name: value for name, value in told.items() if value is not None}
    kid = thumbprint(to_jwk(at.card_key.public_key()))
    return jws.sign(kept, typ=CONFIRMATION_TYPE, key=at.card_key, kid=kid)


def by_pin(world: World, holder: Holder, at: Participant, /, **members: str) -> LinkPatient:
    """Return the message for a card whose PIN was given."""
    message = LinkPatient(
        patient_number=NUMBER,
        name=NAME,
        birth_date=BIRTH_DATE,
        confirmation=confirmation(world, at, patient_number=members.get("patient_number", NUMBER)),
        presentation=world.presentation(holder, at).presentation,
    )
    return message.model_copy(update=members)


def by_photo(world: World, holder: Holder, at: Participant, /, **members: str) -> LinkPatient:
    """Return the message for a card whose photo the staff compared."""
    signed = confirmation(world, at, check=StaffCheck.PHOTO.value, card=holder.issued.card)
    message = LinkPatient(patient_number=NUMBER, name=NAME, birth_date=BIRTH_DATE, confirmation=signed)
    return message.model_copy(update=members)


def by_document(world: World, at: Participant, /, **members: str) -> LinkPatient:
    """Return the message for somebody without a card who showed a passport."""
    document = IdentityDocument.PASSPORT.value
    signed = confirmation(world, at, check=StaffCheck.DOCUMENT.value, document=document)
    message = LinkPatient(patient_number=NUMBER, name=NAME, birth_date=BIRTH_DATE, confirmation=signed)
    return message.model_copy(update=members)


def link(world: World, at: Participant, message: LinkPatient) -> LinkedPatient:
    """Send the message as the organisation's operator."""
    return world.identity(at).link_patient(message, token=world.operator_token(at, IDENTITY))
