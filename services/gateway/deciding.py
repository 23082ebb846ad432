"""A person asks the decision endpoint (AuthZEN) what their directives mean: who may read what, and why not."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from consent.compartments import YearSpan
from consent.identifiers import OperatorId, OrganisationId
from consent.vocabulary import Body, Category, Purpose
from services.contracts.medical import authzen as a
from services.gateway.asking_first import MayRead, said_of
from services.gateway.errors import NotVerifiedError
from services.gateway.person import Person


@dataclass(frozen=True, slots=True)
class Reading:
    """What somebody would read, and for what."""

    categories: Sequence[Category]
    years: YearSpan
    purpose: Purpose


def may(
    person: Person, reading: Reading, organisation: OrganisationId, operator: OperatorId | None = None
) -> list[MayRead]:
    """Ask whether an organisation, or one professional of it, may read; one answer for each category.

    Raises: RefusedError, NotVerifiedError, kit's PeerUnavailableError.
    """
    subject = (
        a.Subject(type=a.SubjectType.ORGANISATION, id=organisation)
        if operator is None
        else a.Subject(type=a.SubjectType.OPERATOR, id=operator, properties={"organisation": organisation})
    )
    message = a.Evaluations(
        subject=subject,
        action=_action(reading),
        evaluations=[
            {"resource": _records(each, reading).model_dump(mode="json")} for each in reading.categories
        ],
    )
    told = person.ask(
        Body.MEDICAL, lambda http, token: a.AuthZenClient(http).evaluations(message, token=token)
    ).evaluations
    if len(told) != len(reading.categories):
        raise NotVerifiedError("the medical centre did not answer every question; report this")
    return [said_of(category, each) for category, each in zip(reading.categories, told, strict=True)]


def who_may(person: Person, reading: Reading) -> dict[Category, list[OrganisationId]]:
    """Ask which organisations may read, by category. Raises: as `may`."""
    found = {}
    for category in reading.categories:
        message = a.SubjectSearch(
            subject=a.SubjectSought(type=a.SubjectType.ORGANISATION),
            action=_action(reading),
            resource=_records(category, reading),
        )
        found[category] = _organisations(person, message)
    return found


def _organisations(person: Person, message: a.SubjectSearch) -> list[OrganisationId]:
    told = person.ask(
        Body.MEDICAL, lambda http, token: a.AuthZenClient(http).search_subject(message, token=token)
    )
    found = [OrganisationId(str(each["id"])) for each in told.results]
    if not told.page.next_token:
        return found
    onward = message.model_copy(update={"page": a.Page(token=told.page.next_token)})
    return found + _organisations(person, onward)


def _action(reading: Reading) -> a.Action:
    return a.Action(name=a.READ, properties={"purpose": reading.purpose.value})


def _records(category: Category, reading: Reading) -> a.Resource:
    years: JsonValue = {"first": reading.years.first, "last": reading.years.last}
    return a.Resource(type=a.RECORDS, id=category.value, properties={"years": years})
