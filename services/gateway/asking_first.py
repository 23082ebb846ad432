"""Asking the medical centre whether something may be read, before reading (AuthZEN)."""

from dataclasses import dataclass

from pydantic import JsonValue

from consent.compartments import YearSpan
from consent.vocabulary import Body, Category, Purpose
from services.contracts.medical import authzen as a
from services.gateway.exchange import answers
from services.gateway.organisation import Organisation


@dataclass(frozen=True, slots=True)
class MayRead:
    """What the centre says of one category: whether, and why or why not in both languages."""

    category: Category
    decision: bool
    code: str
    ja: str
    en: str


def may_read(
    organisation: Organisation,
    reference: str,
    *,
    categories: frozenset[Category],
    years: YearSpan,
    purpose: Purpose,
) -> list[MayRead]:
    """Ask about each category of a linked person; that it was asked is in the person's history.

    Raises: RefusedError, NotVerifiedError, kit's PeerUnavailableError.
    """
    own, wanted = organisation.credentials, sorted(categories)
    named = organisation.name_person(reference, Body.MEDICAL).tokens[Body.MEDICAL]
    told: dict[str, JsonValue] = {"person": named, "years": {"first": years.first, "last": years.last}}
    message = a.Evaluations(
        subject=a.Subject(
            type=a.SubjectType.OPERATOR.value,
            id=own.operator,
            properties={"organisation": own.organisation},
        ),
        action=a.Action(name=a.READ, properties={"purpose": purpose.value}),
        evaluations=[
            {"resource": {"type": a.RECORDS, "id": each.value, "properties": told}} for each in wanted
        ],
    )
    connection = organisation.connect(Body.MEDICAL)
    token = organisation.tokens.token(connection.base_url)
    with answers():
        found = a.AuthZenClient(connection).evaluations(message, token=token)
    return [said_of(category, each) for category, each in zip(wanted, found.evaluations, strict=True)]


def said_of(category: Category, decided: a.Decided) -> MayRead:
    """Return what a decision says of a category."""
    words = decided.context.get("reason_user")
    said = words if isinstance(words, dict) else {}
    code = str(decided.context.get("code", ""))
    return MayRead(category, decided.decision, code, str(said.get("ja", "")), str(said.get("en", "")))
