"""Enrolment at a municipality's counter: number, register entry, card and wallet, in one visit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from consent.compartments import Compartment
from consent.vocabulary import Body, Category
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import (
    SUBJECT_TYPE,
    Application,
    IssueCard,
    RegisterSubject,
)
from services.contracts.medical.client import MedicalClient
from services.contracts.medical.messages import Publication, Publications
from services.contracts.registry import messages as registry
from services.contracts.registry.change_reasons import ChangeReason
from services.contracts.registry.client import RegistryClient
from services.gateway.card_backends import CardBackend
from services.gateway.card_making import draft
from services.gateway.cards import CardFile, CardTrust
from services.gateway.clinical import BasicItems
from services.gateway.organisation import Organisation
from services.gateway.person import Person, present_at
from services.kit.clock import epoch_seconds
from services.kit.log.evidence import TrustFile

YEARS_BACK: Final = 4
YEARS_AHEAD: Final = 1


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A person with a card. `reference` is how the municipality, and nobody else, names them.

    `suspension_code` stops the card on the telephone; it goes to the person on paper.
    """

    card: CardFile
    person: Person
    reference: str
    personal_number: str = field(repr=False)
    suspension_code: str = field(repr=False)


def enrol(
    counter: Organisation,
    items: BasicItems,
    *,
    pins: Mapping[Application, str],
    years: Iterable[int] = (),
    backend: CardBackend | None = None,
) -> Enrolled:
    """Enrol somebody who stands at the counter.

    `years` are the years beside the usual ones for which records may be sealed; `backend` keeps the card's keys, and
    without one they are in the card file. Raises: RefusedError, CardFileError.
    """
    _wire(items)
    # PINs and items are refused before anybody is enrolled
    making = draft(pins, randomness=counter.randomness, birth_date=_born(items), backend=backend)
    new = counter.ask(Body.IDENTITY, lambda http, token: IdentityClient(http).enrol(token=token))
    register_resident(counter, new.registry_token, items)
    request = IssueCard(reference=new.reference, applications=making.request())
    issued = counter.ask(
        Body.IDENTITY, lambda http, token: IdentityClient(http).issue_card(request, token=token)
    )
    card = making.complete(issued, trust=trust_of(counter), randomness=counter.randomness)
    person = present_at(
        counter,
        card,
        authentication=making.unlocked(Application.AUTHENTICATION, issued),
        signature=making.unlocked(Application.SIGNATURE, issued),
    )
    register_wallet(person)
    publish(person, usual_compartments(counter.clock().year, years))
    return Enrolled(card, person, new.reference, new.personal_number, issued.suspension_code)


def register_resident(counter: Organisation, token: str, items: BasicItems) -> None:
    """Enter somebody in the resident register. Raises: RefusedError."""
    message = registry.RegisterResident(token=token, items=_wire(items))
    counter.ask(Body.REGISTRY, lambda http, token: RegistryClient(http).register(message, token=token))


def change_resident(
    counter: Organisation, reference: str, items: BasicItems, *, reason: ChangeReason | None = None
) -> None:
    """Change somebody's entry in the resident register, for example after a move. Raises: RefusedError."""
    token = counter.name_person(reference, Body.REGISTRY).tokens[Body.REGISTRY]
    message = registry.RegisterResident(token=token, items=_wire(items), reason=reason)
    counter.ask(Body.REGISTRY, lambda http, token: RegistryClient(http).change(message, token=token))


def enter_again(counter: Organisation, reference: str, items: BasicItems) -> None:
    """Enter somebody in the resident register who was taken out of it. Raises: RefusedError."""
    register_resident(counter, counter.name_person(reference, Body.REGISTRY).tokens[Body.REGISTRY], items)


def depart_resident(counter: Organisation, reference: str, *, reason: ChangeReason) -> None:
    """Take somebody out of the resident register, who moved away or died. Raises: RefusedError."""
    token = counter.name_person(reference, Body.REGISTRY).tokens[Body.REGISTRY]
    message = registry.Depart(token=token, reason=reason)
    counter.ask(Body.REGISTRY, lambda http, token: RegistryClient(http).depart(message, token=token))


def _wire(items: BasicItems) -> registry.BasicItems:
    return registry.BasicItems(
        name=items.name, address=items.address, sex=registry.Sex(items.sex), birth_date=items.birth_date
    )


def _born(items: BasicItems) -> date | None:
    try:
        return date.fromisoformat(items.birth_date)
    except ValueError:
        return None  # whether the register takes such a date is for the registry to say


def trust_of(counter: Organisation) -> CardTrust:
    """Return what a new card's holder is told to trust: the register's keys as of today."""
    entries = counter.directory().register.bodies
    evidence = TrustFile(
        logs={each.log_origin: each.log_key for each in entries},
        witnesses={
            each.witness_key.partition("+")[0]: each.witness_key
            for each in entries
            if each.witness_key is not None
        },
        signing_keys={each.body.value: each.signing_key for each in entries},
    )
    return CardTrust(
        urls={each.body.value: each.url for each in entries},
        authority=counter.credentials.authority,
        register_key=counter.credentials.register_key,
        evidence=evidence,
    )


def register_wallet(person: Person) -> None:
    """Make the wallet known: to the medical centre, and to the ID centre, which vouches for it to writers and readers.

    Raises: RefusedError.
    """
    person.pseudonym(Body.MEDICAL)
    proof = person.wallet.sign(Body.MEDICAL, SUBJECT_TYPE, {"at": epoch_seconds(person.clock())})
    message = RegisterSubject(wallet_key=person.wallet.public_jwk(Body.MEDICAL), proof=proof)
    person.ask(Body.IDENTITY, lambda http, token: IdentityClient(http).register_subject(message, token=token))


def usual_compartments(this_year: int, more_years: Iterable[int] = ()) -> list[Compartment]:
    """Return the first version of every category for the last, the present and the coming year, and for more years."""
    years = {*range(this_year - YEARS_BACK, this_year + YEARS_AHEAD + 1), *more_years}
    return [Compartment(category, year, 1) for year in sorted(years) for category in Category]


def publish(person: Person, compartments: Iterable[Compartment]) -> Publications:
    """Publish keys for compartments, signed by the wallet. Raises: RefusedError."""
    signed = person.wallet.publish(compartments, person.clock())
    message = Publication(publication=signed)
    return person.ask(Body.MEDICAL, lambda http, token: MedicalClient(http).publish(message, token=token))
