"""Who and what the story is about: the running bodies, the organisations, the people and what they hold."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from consent.compartments import YearSpan
from consent.directives import BasicScope, Effect, Notice, RecordScope, Terms
from consent.guardians import Ages, LegalState, state_at
from consent.identifiers import DocumentId, OrganisationId
from consent.recipients import Recipient
from consent.vocabulary import Category, Purpose
from services.contracts.identity.messages import Application
from services.demo.checks import Steps
from services.deployment.layout import Layout
from services.deployment.organisations import credential_folder, officials, second_official
from services.deployment.processes import Processes
from services.gateway.clinical import ClinicalData, ClinicalRecord, Patient
from services.gateway.organisation import Organisation
from services.gateway.people import Enrolled
from services.gateway.person import Person
from services.gateway.supervisor import Pair
from services.gateway.wallet_actions import Permission
from services.kit.clock import JAPAN, system_clock

AT_ONCE: Final = 4
PINS: Final = {Application.AUTHENTICATION: "2583", Application.SIGNATURE: "kaki5678"}

T = TypeVar("T")
R = TypeVar("R")


@dataclass
class Inhabitant:
    """One person of the story, with how each organisation names them and which documents were deposited."""

    patient: Patient
    enrolled: Enrolled
    references: dict[str, str] = field(default_factory=dict)
    documents: dict[str, DocumentId] = field(default_factory=dict)

    @property
    def person(self) -> Person:
        """The person with an unlocked card."""
        return self.enrolled.person


@dataclass
class Scene:
    """Everything the checks pass on to each other."""

    layout: Layout
    register_key: str
    processes: Processes
    data: ClinicalData
    recalls: Path | None
    people: list[Inhabitant] = field(default_factory=list)
    permission: Permission | None = None
    _organisations: dict[str, Organisation] = field(default_factory=dict)

    def organisation(self, name: str) -> Organisation:
        """Return an accredited organisation at work."""
        if name not in self._organisations:
            self._organisations[name] = Organisation.at(credential_folder(self.layout, name))
        return self._organisations[name]

    @property
    def officials(self) -> Organisation:
        """The oversight body's officials."""
        if "officials" not in self._organisations:
            self._organisations["officials"] = officials(self.layout)
        return self._organisations["officials"]

    @property
    def both_officials(self) -> Pair:
        """Two supervisors of the oversight body."""
        if "second" not in self._organisations:
            self._organisations["second"] = second_official(self.layout)
        return Pair(self.officials, self._organisations["second"])

    def records(self, inhabitant: Inhabitant) -> Sequence[ClinicalRecord]:
        """The records that hospital A has of a person."""
        return self.data.of(inhabitant.patient.id)

    @property
    def adults(self) -> list[Inhabitant]:
        """Those who permit by themselves: a child takes a guardian's signature."""
        today, ages = system_clock().astimezone(JAPAN).date(), Ages()
        return [
            each
            for each in self.people
            if state_at(date.fromisoformat(each.patient.items.birth_date), today=today, ages=ages)
            is LegalState.OF_AGE
        ]

    @property
    def protagonist(self) -> Inhabitant:
        """The person whose permission the story follows: who has the most prescriptions."""
        return max(self.adults, key=lambda each: len(self.of_category(each, Category.MEDICATION)))

    def of_category(self, inhabitant: Inhabitant, category: Category) -> list[ClinicalRecord]:
        """A person's records of one category."""
        return [each for each in self.records(inhabitant) if each.category is category]


def at_once(function: Callable[[T], R], items: Iterable[T], steps: Steps) -> list[R]:
    """Apply `function` to all items, a few at a time, showing progress; the first error ends it."""
    found: list[R] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for result in pool.map(function, items):
            found.append(result)
            steps.advance()
    return found


def medical_terms(
    recipient: str, *, categories: Iterable[Category], years: YearSpan, purpose: Purpose = Purpose.TREAT
) -> Terms:
    """Return the terms of a permission to read records, for a year from now."""
    scope = RecordScope(frozenset(categories), years)
    return _terms(recipient, scope, purpose, "読んでもよい記録・期間・目的を選んでください。")


def basic_terms(recipient: str, scope: BasicScope) -> Terms:
    """Return the terms of a permission to confirm basic items."""
    return _terms(
        recipient, scope, Purpose.IDENTITY_VERIFICATION, "銀行が氏名と住所を確かめてよいか選んでください。"
    )


def _terms(recipient: str, scope: RecordScope | BasicScope, purpose: Purpose, text: str) -> Terms:
    now: datetime = system_clock().replace(microsecond=0)
    return Terms(
        recipient=Recipient(OrganisationId(recipient)),
        effect=Effect.PERMIT,
        purposes=frozenset({purpose}),
        scope=scope,
        valid_from=now - timedelta(minutes=1),
        valid_until=now + timedelta(days=365),
        notice=Notice.of_text(
            text,
            text_id="demo-notice",
            version="1",
            language="ja",
            refusal_meaning="断っても診療や取引はこれまでどおり受けられます。",
        ),
    )
