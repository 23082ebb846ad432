"""The work behind the FHIR face: seal and deposit a document, read and open what is permitted, list permissions."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

from consent import base64url
from consent.compartments import Compartment, YearSpan
from consent.directives import RecordScope
from consent.identifiers import DocumentId
from consent.sealing import PlainDocument
from consent.statements import Selection
from consent.vocabulary import Body, Category, Purpose
from services.gateway.clinic import OpenedDocument, read_opened
from services.gateway.clinical import KINDS
from services.gateway.deposit_book import Place
from services.gateway.fhir_face.asking import Asked
from services.gateway.fhir_face.audit import AuditBook
from services.gateway.fhir_face.documents import (
    REFERENCES,
    NewDocument,
    ShownDocument,
    new_document,
    patient_id,
    reference_in,
    shown_document,
)
from services.gateway.fhir_face.errors import FHIR_JSON, SAME_DOCUMENT, TOO_LARGE, FaceError, Resource
from services.gateway.fhir_face.held import Held
from services.gateway.fhir_face.permitted import consent, permissions, proposal
from services.gateway.fhir_face.resources import new_resource, shown_resource
from services.gateway.hospital import DocumentNamer, find_keys, hand_over, in_parts, seal
from services.gateway.naming import NamesAhead
from services.gateway.organisation import Organisation

YEARS_BACK = 4
DOCUMENT, CONSENT, PATIENT = "DocumentReference", "Consent", "Patient"


class Records:
    """One organisation's documents, for its own systems; `purpose` is what they read for."""

    def __init__(self, organisation: Organisation, held: Held, book: AuditBook, *, purpose: Purpose) -> None:
        self._organisation = organisation
        self._book = book
        self._held = held
        self._purpose = purpose

    def create(self, resource: Resource) -> ShownDocument:
        """Seal and deposit a DocumentReference. Raises: FaceError, GatewayError, PeerUnavailableError."""
        (made,) = self._create([(DOCUMENT, new_document(resource))])
        return made

    def create_resource(self, kind: str, resource: Resource) -> Resource:
        """Seal and deposit a resource of a type of `KINDS`. Raises: as `create`."""
        (made,) = self._create([(kind, new_resource(kind, resource, this_year=self.this_year))])
        return shown_resource(kind, made) or made.resource

    def create_together(self, new: Sequence[tuple[str, NewDocument]]) -> list[str]:
        """Seal and deposit what is new about one person, all or nothing; return their ids. Raises: as `create`."""
        return [each.id for each in self._create(new)]

    @property
    def this_year(self) -> int:
        """The present year, to which what has no date of its own belongs."""
        return self._organisation.clock().year

    def search_resources(self, kind: str, asked: Asked) -> list[Resource]:
        """Read and open what there is of a type, as `search` does for its category. Raises: as `search`."""
        whole = replace(asked, categories=frozenset({KINDS[kind].category}))
        shown = (shown_resource(kind, each) for each in self._search(kind, whole))
        return [each for each in shown if each is not None]

    def find_resource(self, kind: str, identifier: str) -> Resource | None:
        """Return a resource that was created or found a moment ago. Raises: AuditFileError."""
        held = self._held.find(identifier)
        shown = None if held is None else shown_resource(kind, held)
        return shown if shown is not None and self.find(kind, identifier) is not None else None

    def _create(self, new: Sequence[tuple[str, NewDocument]]) -> list[ShownDocument]:
        own, reference = self._organisation, new[0][1].reference
        with ExitStack() as noting:
            noted = [noting.enter_context(self._book.noting("create", kind, reference)) for kind, _ in new]
            plain = [self._plain(each) for _, each in new]
            if len({each.id for each in plain}) < len(plain):
                raise FaceError(SAME_DOCUMENT, "a document is in it twice; send each once")
            groups: dict[Place, list[PlainDocument]] = defaultdict(list)
            for (_, each), document in zip(new, plain, strict=True):
                groups[each.category, each.year].append(document)
            if len(in_parts(groups)) > 1:
                raise FaceError(TOO_LARGE, "this is more than one deposit holds; send fewer at once")
            names = NamesAhead(own, reference, Body.MEDICAL)
            known = find_keys(own, names.take(needed=2), groups)
            bundles = [seal(own, known, place, content) for place, content in groups.items()]
            hand_over(own, names.take(needed=1), bundles)
            made = [
                self._show(
                    OpenedDocument(document, Compartment(each.category, each.year, 1), own.id), reference
                )
                for (_, each), document in zip(new, plain, strict=True)
            ]
            for entry, one in zip(noted, made, strict=True):
                entry.documents.append(one.id)
        return made

    def _plain(self, new: NewDocument) -> PlainDocument:
        if new.replaces is not None:
            return PlainDocument(new.replaces.document, new.replaces.version + 1, FHIR_JSON, new.content)
        return PlainDocument(self._name(new), 1, FHIR_JSON, new.content)

    def search(self, asked: Asked) -> list[ShownDocument]:
        """Read and open what is asked for and permitted. Raises: GatewayError, PeerUnavailableError.

        Guarantees: categories or years that the search names are read as a whole, or refused by the medical centre
        and told to the person; those that it does not name are as far as the person permits.
        """
        return self._search(DOCUMENT, asked)

    def _search(self, kind: str, asked: Asked) -> list[ShownDocument]:
        with self._book.noting("search-type", kind, asked.reference) as noted:
            found = [
                self._show(each, asked.reference)
                for selection in self._selections(asked)
                for each in read_opened(
                    self._organisation, asked.reference, selection=selection, purpose=self._purpose
                )
            ]
            noted.documents += [each.id for each in found]
        return found

    def find(self, kind: str, identifier: str) -> ShownDocument | None:
        """Return a document that was created or found a moment ago, as `kind` of resource. Raises: AuditFileError."""
        held = self._held.find(identifier)
        if held is None or (held.resource["resourceType"] == CONSENT) != (kind == CONSENT):
            return None
        with self._book.noting("read", kind, held.reference) as noted:
            noted.documents.append(identifier)
        return held

    def patient(self, reference: str) -> Resource:
        """Return the person of a reference, as far as this organisation's face knows them: that they are linked.

        Raises: GatewayError, PeerUnavailableError.
        """
        with self._book.noting("read", PATIENT, reference) as noted:
            self._organisation.name_person(reference, Body.MEDICAL)
            noted.documents.append(patient_id(reference))
        return {
            "resourceType": PATIENT,
            "id": patient_id(reference),
            "identifier": [{"system": REFERENCES, "value": reference}],
            "active": True,
        }

    def consents(self, reference: str) -> list[Resource]:
        """Return what a person permits. Raises: GatewayError, PeerUnavailableError."""
        with self._book.noting("search-type", CONSENT, reference) as noted:
            found = [
                consent(each, reference=reference) for each in permissions(self._organisation, reference)
            ]
            noted.documents += [self._hold_consent(each, reference) for each in found]
        return found

    def propose(self, resource: Resource) -> Resource:
        """Take a proposal of a permission for this organisation, and hold it for a while; it permits nothing.

        Raises: FaceError, GatewayError, PeerUnavailableError.
        """
        reference = reference_in(resource, "patient")
        with self._book.noting("create", CONSENT, reference) as noted:
            self._organisation.name_person(reference, Body.MEDICAL)
            identifier = self._organisation.randomness(16).hex()
            made = proposal(resource, organisation=self._organisation.id, reference=reference)
            made |= {"id": identifier}
            noted.documents.append(self._hold_consent(made, reference))
        return made

    def find_consent(self, identifier: str) -> Resource | None:
        """Return a permission or proposal that was found or made a moment ago. Raises: AuditFileError."""
        held = self.find(CONSENT, identifier)
        return None if held is None else held.resource

    def _hold_consent(self, resource: Resource, reference: str) -> str:
        identifier = str(resource["id"])
        self._held.hold(ShownDocument(identifier, reference, resource, FHIR_JSON, b""))
        return identifier

    def events(self, reference: str, since: str) -> list[Resource]:
        """Return what this face did about a person since then, oldest first. Raises: AuditFileError."""
        return self._book.entries(reference, since=since)

    def _name(self, new: NewDocument) -> DocumentId:
        if new.name is None:
            return DocumentId(base64url.encode(self._organisation.randomness(16)))
        return DocumentNamer(self._organisation, new.reference).name(new.name)

    def _show(self, opened: OpenedDocument, reference: str) -> ShownDocument:
        shown = shown_document(opened, reference=reference)
        self._held.hold(shown)
        return shown

    def _selections(self, asked: Asked) -> list[Selection]:
        if asked.categories is not None and asked.years is not None:
            return [Selection(asked.categories, asked.years)]
        wanted = asked.categories or frozenset(Category)
        scopes = [
            each.scope
            for each in permissions(self._organisation, asked.reference)
            if self._purpose in each.notice.purposes and _overlap(each.scope.years, asked.years)
        ]
        permitted = frozenset(category for scope in scopes for category in scope.categories)
        if permitted and wanted & permitted == (asked.categories or permitted):
            return list(_distinct(scopes, wanted, asked.years))
        this_year = self._organisation.clock().year
        return [Selection(wanted, asked.years or YearSpan(this_year - YEARS_BACK, this_year))]


def _distinct(
    scopes: list[RecordScope], wanted: frozenset[Category], years: YearSpan | None
) -> Iterator[Selection]:
    seen: set[tuple[Category, int]] = set()
    for scope in scopes:
        selection = Selection(scope.categories & wanted, years or scope.years)
        span = range(selection.years.first, selection.years.last + 1)
        places = {(category, year) for category in selection.categories for year in span}
        if places - seen:
            seen |= places
            yield selection


def _overlap(one: YearSpan, other: YearSpan | None) -> bool:
    return other is None or (one.first <= other.last and other.first <= one.last)
