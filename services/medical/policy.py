"""Pure rules of the medical centre: which keys are open, which documents are current, what a selection means."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from consent.compartments import Compartment, YearSpan
from consent.decision import AccessRequest
from consent.identifiers import DirectiveId, DocumentId
from consent.publication import VerifiedPublication
from consent.recipients import Reader
from consent.statements import AccessStatement, DocumentSelection, Selection
from consent.terms import Effect
from services.directives.model import StoredDirective
from services.kit.events import Event
from services.medical.errors import CompartmentClosedError, LabelTakenError
from services.medical.model import LoggedBundle, Place


def newest_versions(publications: Iterable[VerifiedPublication]) -> dict[Place, int]:
    """Return the newest key version of every category and year: the only one open for writing."""
    newest: dict[Place, int] = {}
    for publication in publications:
        for each in publication.keys:
            place = (each.category, each.year)
            newest[place] = max(each.version, newest.get(place, 0))
    return newest


def next_versions(publications: Iterable[VerifiedPublication]) -> list[Compartment]:
    """Return the version after the newest of every category and year: what a wallet's successor publishes."""
    newest = newest_versions(publications)
    return [Compartment(category, year, version + 1) for (category, year), version in sorted(newest.items())]


def check_labels(known: Mapping[Place, int], published: Iterable[Compartment]) -> None:
    """Refuse keys for a label that is set, or out of order: versions count up one by one.

    Raises: LabelTakenError.
    """
    present = dict(known)
    for each in sorted(published):
        place = (each.category, each.year)
        if each.version != present.get(place, 0) + 1:
            raise LabelTakenError(
                f"the next version of {each.category}/{each.year} is {present.get(place, 0) + 1}; "
                "a label is set once"
            )
        present[place] = each.version


def check_open(open_versions: Mapping[Place, int], compartment: Compartment) -> None:
    """Refuse a compartment that is not open for writing. Raises: CompartmentClosedError."""
    if open_versions.get((compartment.category, compartment.year)) != compartment.version:
        raise CompartmentClosedError(
            f"the compartment {compartment.label} is not open; ask for the keys again and seal anew"
        )


def current_documents(bundles: Sequence[LoggedBundle]) -> list[LoggedBundle]:
    """Return the bundles with only the newest version of each document; bundles left empty are dropped."""
    newest: dict[DocumentId, int] = {}
    for bundle in bundles:
        for each in bundle.documents:
            newest[each.id] = max(each.version, newest.get(each.id, 0))
    return _keep(bundles, set(newest.items()))


def only_documents(bundles: Sequence[LoggedBundle], ids: frozenset[DocumentId]) -> list[LoggedBundle]:
    """Return the bundles with only the named documents; bundles left empty are dropped."""
    wanted = {(each.id, each.version) for bundle in bundles for each in bundle.documents if each.id in ids}
    return _keep(bundles, wanted)


def selects(selection: Selection, place: Place) -> bool:
    """Tell whether records of this category and year are asked for."""
    return place[0] in selection.categories and place[1] in selection.years


def access_request(
    statement: AccessStatement, selected: Sequence[LoggedBundle], *, reader: Reader, now: datetime
) -> AccessRequest | None:
    """Return what is to be decided; None when single documents were named that are not there."""
    match statement.selection:
        case Selection(categories=categories, years=years):
            return AccessRequest(reader, categories, years, statement.purpose, now)
        case DocumentSelection(ids=ids):
            if ids - {each.id for bundle in selected for each in bundle.documents}:
                return None
            places = [bundle.place for bundle in selected]
            years = YearSpan(min(year for _, year in places), max(year for _, year in places))
            categories = frozenset(category for category, _ in places)
            return AccessRequest(reader, categories, years, statement.purpose, now)


def relied_on(held: Sequence[StoredDirective], grant: DirectiveId) -> list[StoredDirective]:
    """Return what counts when the reader names its permission: that one, and every refusal by the person."""
    return [each for each in held if each.id == grant or each.terms.effect is Effect.DENY]


def asked(event: Event, selection: Selection | DocumentSelection) -> Event:
    """Add to an event what was asked for, as far as the person's history says it."""
    match selection:
        case Selection(categories=categories, years=years):
            return replace(event, categories=tuple(sorted(categories)), years=(years.first, years.last))
        case DocumentSelection(ids=ids):
            return replace(event, count=len(ids), detail={**(event.detail or {}), "selection": "documents"})


def _keep(bundles: Sequence[LoggedBundle], wanted: set[tuple[DocumentId, int]]) -> list[LoggedBundle]:
    kept: list[LoggedBundle] = []
    for bundle in bundles:
        documents = tuple(each for each in bundle.documents if (each.id, each.version) in wanted)
        if documents:
            kept.append(LoggedBundle(bundle.id, bundle.compartment, documents))
    return kept
