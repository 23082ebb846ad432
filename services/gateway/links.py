"""Links of patient numbers that were wrong: cut by the organisation or by the person, and what it means for others."""

from consent.vocabulary import Body
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import DisownLink, LinkFault, OwnLink, UndoLink, UndoneLink
from services.contracts.medical.client import MedicalClient
from services.contracts.medical.messages import ApartNotice
from services.gateway.organisation import Organisation
from services.gateway.person import Person


def undo_link(organisation: Organisation, patient_number: str, fault: LinkFault) -> UndoneLink:
    """Cut the link of a patient number; the number can be linked anew. Raises: RefusedError."""
    message = UndoLink(patient_number=patient_number, fault=fault)
    return organisation.ask(
        Body.IDENTITY, lambda http, token: IdentityClient(http).undo_link(message, token=token)
    )


def disown_link(person: Person, link: str) -> UndoneLink:
    """Cut a link of one's own. Raises: RefusedError."""
    message = DisownLink(link=link, fault=LinkFault.UNKNOWN_TO_ME)
    return person.ask(
        Body.IDENTITY, lambda http, token: IdentityClient(http).disown_link(message, token=token)
    )


def own_links(person: Person) -> list[OwnLink]:
    """Return where patient numbers are linked to the person. Raises: RefusedError."""
    return person.ask(Body.IDENTITY, lambda http, token: IdentityClient(http).own_links(token=token)).links


def apart_notices(organisation: Organisation) -> list[ApartNotice]:
    """Return what was set apart of what the organisation deposited or read. Raises: RefusedError."""
    return organisation.ask(
        Body.MEDICAL, lambda http, token: MedicalClient(http).apart_notices(token=token)
    ).notices
