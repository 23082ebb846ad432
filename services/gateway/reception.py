"""Reception at a clinic (UC10): who is there, whether insured, what may be looked at today, and the patient number.

Nothing of it is written to the terminal's disk: answers are returned to the caller and shown, keys stay in memory.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import Final

from pydantic import ValidationError

from consent import base64url, jws
from consent.canonical import JsonValue
from consent.compartments import FIRST_YEAR, LAST_YEAR, YearSpan
from consent.decision import more_specific
from consent.directives import Effect, RecordScope, Terms
from consent.errors import ConsentError
from consent.jwk import thumbprint, to_jwk
from consent.recipients import Recipient
from consent.shown import Medium, MediumKind, Notice
from consent.vocabulary import PROXIES, Body, Category, Purpose
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import (
    CONFIRMATION_TYPE,
    IdentityDocument,
    LinkedPatient,
    LinkPatient,
    StaffCheck,
)
from services.contracts.registry.client import RegistryClient
from services.contracts.registry.messages import (
    ELIGIBILITY_TYPE,
    AskEligibility,
    EligibilityClaims,
    Membership,
    RegisterMembership,
)
from services.gateway.errors import NotVerifiedError
from services.gateway.exchange import answers
from services.gateway.organisation import Organisation
from services.gateway.people import YEARS_BACK
from services.gateway.person import Person
from services.gateway.wallet_actions import Permission, lay_down, permissions, withdraw
from services.kit.clock import JAPAN, epoch_seconds

ASKED: Final = (Category.MEDICATION, Category.CHECKUP)
"""What is asked about at a reception, each by itself."""
TIME_BOX: Final = timedelta(hours=24)
TEXT_ID: Final = "reception"
TEXT_VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Patient:
    """Somebody as the clinic's own file has them."""

    number: str
    name: str = field(repr=False)
    birth_date: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StaffWord:
    """How the staff made sure who is there; a photo check names the card, a document check the kind of document."""

    check: StaffCheck
    card: str | None = None
    document: IdentityDocument | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One consent screen: its text, and what each answer means, as it was shown."""

    category: Category
    language: str
    text: str
    no_means: str


def link_patient(
    organisation: Organisation, patient: Patient, word: StaffWord, *, person: Person | None = None
) -> LinkedPatient:
    """Link the clinic's number to who is there; `person` is the holder of the card whose PIN was given.

    Raises: RefusedError with the code of what was wrong, NotVerifiedError, kit's PeerUnavailableError.
    """
    presentation = person.present(organisation.id) if person is not None else None
    message = LinkPatient(
        patient_number=patient.number,
        name=patient.name,
        birth_date=patient.birth_date,
        confirmation=_confirmation(organisation, patient, word),
        presentation=presentation,
    )
    return organisation.ask(
        Body.IDENTITY, lambda http, token: IdentityClient(http).link_patient(message, token=token)
    )


def eligibility(organisation: Organisation, token: str) -> EligibilityClaims:
    """Ask whether who was linked just now is insured; the answer is the registry's, for this clinic and question.

    Raises: RefusedError, NotVerifiedError, kit's PeerUnavailableError.
    """
    message = AskEligibility(token=token)
    told = organisation.ask(
        Body.REGISTRY, lambda http, access: RegistryClient(http).eligibility(message, token=access)
    )
    key = organisation.directory().signing_key(Body.REGISTRY)
    try:
        signed = jws.verify(told.eligibility, typ=ELIGIBILITY_TYPE, key=key)
        claims = EligibilityClaims.model_validate_json(signed.payload)
    except (ConsentError, ValidationError) as error:
        raise NotVerifiedError("the registry's answer about insurance does not verify; report it") from error
    question = base64url.encode(sha256(token.encode()).digest())
    if (claims.organisation, claims.question) != (organisation.id, question):
        raise NotVerifiedError("the registry's answer about insurance is to another question; report it")
    return claims


def register_membership(counter: Organisation, reference: str, membership: Membership) -> None:
    """At the municipality: enter that somebody is insured. Raises: RefusedError."""
    named = counter.name_person(reference, Body.REGISTRY).tokens[Body.REGISTRY]
    message = RegisterMembership(token=named, membership=membership)
    counter.ask(
        Body.REGISTRY, lambda http, token: RegistryClient(http).register_membership(message, token=token)
    )


def answer(person: Person, organisation: Organisation, question: Question, effect: Effect) -> Permission:
    """Lay down the person's yes or no to one question, signed, for this clinic and the next 24 hours.

    A no is a directive too: it holds against whatever was permitted to this clinic before, of any year. An earlier
    answer at this reception to the same question is taken back. Raises: as `lay_down` and `withdraw`.
    """
    for each in earlier_answers(person, organisation, question.category):
        withdraw(person, each)
    now = person.clock()
    this_year = now.astimezone(JAPAN).year  # records have the year of the day they were made on here
    recent, all_years = YearSpan(this_year - YEARS_BACK, this_year), YearSpan(FIRST_YEAR, LAST_YEAR)
    years = recent if effect is Effect.PERMIT else all_years
    terms = Terms(
        recipient=Recipient(organisation.id),
        effect=effect,
        purposes=frozenset({Purpose.TREAT}),
        scope=RecordScope(frozenset({question.category}), years),
        valid_from=now,
        valid_until=now + TIME_BOX,
        notice=Notice.of_text(
            question.text,
            text_id=TEXT_ID,
            version=TEXT_VERSION,
            language=question.language,
            refusal_meaning=question.no_means,
            medium=Medium(MediumKind.COUNTER, organisation.credentials.operator),
        ),
    )
    for narrower in _as_narrow(person, terms) if effect is Effect.DENY else ():
        lay_down(person, narrower)
    return lay_down(person, terms)


def _as_narrow(person: Person, no: Terms) -> Iterable[Terms]:
    """Return a no for each permission that would hold against a wider one, with just that permission's reach."""
    now = person.clock()
    standing = (each.terms for each in permissions(person, bodies=PROXIES) if each.active(now))
    return dict.fromkeys(
        replace(no, recipient=each.recipient, purposes=each.purposes, scope=each.scope)
        for each in standing
        if each.effect is Effect.PERMIT and isinstance(each.scope, RecordScope) and more_specific(each, no)
    )


def earlier_answers(person: Person, organisation: Organisation, category: Category) -> list[Permission]:
    """Return the answers of this reception about a category that are still in force."""
    now = person.clock()
    return [
        each
        for each in permissions(person, bodies=PROXIES)
        if each.terms.recipient.organisation == organisation.id
        and each.terms.notice.text_id == TEXT_ID
        and isinstance(each.terms.scope, RecordScope)
        and each.terms.scope.categories == {category}
        and each.active(now)
    ]


def receipts(permission: Permission) -> Iterable[str]:
    """Return under which id each body keeps the person's answer."""
    for body, copies in sorted(permission.copies.items()):
        for copy in copies:
            yield f"{body.value} {copy.id}"


def _confirmation(organisation: Organisation, patient: Patient, word: StaffWord) -> str:
    own = organisation.credentials
    with answers():
        challenge = IdentityClient(organisation.connect(Body.IDENTITY)).challenge().challenge
    told: dict[str, JsonValue] = {
        "organisation": own.organisation,
        "operator": own.operator,
        "terminal": own.terminal,
        "patient_number": patient.number,
        "check": word.check.value,
        "challenge": challenge,
        "at": epoch_seconds(organisation.clock()),
    }
    if word.card is not None:
        told["card"] = word.card
    if word.document is not None:
        told["document"] = word.document.value
    kid = thumbprint(to_jwk(own.card_key.public_key()))
    return jws.sign(told, typ=CONFIRMATION_TYPE, key=own.card_key, kid=kid)
