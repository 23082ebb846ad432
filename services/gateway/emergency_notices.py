"""The person's inbox of emergencies, from the oversight body."""

from consent.vocabulary import Body
from services.contracts.oversight.emergency_notices import EmergencyNotice, EmergencyNoticesClient
from services.gateway.person import Person


def emergency_notices(person: Person) -> list[EmergencyNotice]:
    """Return what a person is told of emergencies about them, newest first. Raises: RefusedError."""
    return person.ask(
        Body.OVERSIGHT, lambda http, token: EmergencyNoticesClient(http).notices(token=token)
    ).notices
