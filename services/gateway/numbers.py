"""Personal numbers, by their holder and at the municipality's counter."""

from consent.vocabulary import Body
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import ChangeNumber
from services.gateway.organisation import Organisation
from services.gateway.person import Person


def own_number(person: Person) -> str:
    """Return the person's number. Raises: RefusedError."""
    told = person.ask(Body.IDENTITY, lambda http, token: IdentityClient(http).own_number(token=token))
    return told.personal_number


def change_own_number(person: Person) -> str:
    """Have the person given another number and return it; the old one names nobody. Raises: RefusedError."""
    told = person.ask(Body.IDENTITY, lambda http, token: IdentityClient(http).change_own_number(token=token))
    return told.personal_number


def change_number(counter: Organisation, reference: str) -> str:
    """Have somebody at a municipality's counter given another number and return it. Raises: RefusedError."""
    message = ChangeNumber(reference=reference)
    told = counter.ask(
        Body.IDENTITY, lambda http, token: IdentityClient(http).change_number(message, token=token)
    )
    return told.personal_number
