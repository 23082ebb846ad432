"""What would change if the person laid down or withdrew something; nothing is stored, and nobody else is told."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends

from consent.errors import ConsentError
from consent.identifiers import DirectiveId, Pseudonym
from consent.simulation import simulate_laying_down, simulate_withdrawal
from consent.terms import RecordScope, Terms, TermsWire
from consent.vocabulary import PROXIES
from consent.wire import parse
from services.contracts.simulating import SIMULATIONS, DifferenceMessage, Simulate, Simulated
from services.directives.service import Directives
from services.kit.access import person
from services.kit.credentials.callers import PersonCaller
from services.kit.problems import MalformedRequestError, NotFoundError

Person = Annotated[PersonCaller, Depends(person())]


def simulation_routes(directives: Directives) -> APIRouter:
    """Return the router."""
    routes = APIRouter()

    @routes.post(SIMULATIONS)
    def simulate(caller: Person, message: Simulate) -> Simulated:
        """Tell who would gain or lose what."""
        return _simulate(directives, caller.pseudonym, message)

    return routes


def _simulate(directives: Directives, person: Pseudonym, message: Simulate) -> Simulated:
    """Raises: MalformedRequestError; NotFoundError for a directive that is not the person's."""
    now = directives.context.clock()
    if (message.terms is None) is (message.withdraw is None):
        raise MalformedRequestError("give terms, or the id of the directive to be withdrawn")
    with directives.context.database.read() as conn:
        held = [each.held for each in directives.store.of_person(conn, person)]
    roles = directives.directory().roles
    if message.terms is not None:
        terms = _terms(directives, json.dumps(message.terms).encode())
        found = simulate_laying_down(held, terms, roles=roles, now=now)
    else:
        directive = DirectiveId(message.withdraw or "")
        if all(each.id != directive for each in held):
            raise NotFoundError("no such directive of yours is stored here")
        found = simulate_withdrawal(held, directive, roles=roles, now=now)
    return Simulated(differences=[DifferenceMessage.of(each) for each in found])


def _terms(directives: Directives, payload: bytes) -> Terms:
    try:
        terms = parse(TermsWire, payload).to_terms()
    except ConsentError as error:
        raise MalformedRequestError(f"terms: {error}") from error
    if isinstance(terms.scope, RecordScope) is not (directives.context.body in PROXIES):
        raise MalformedRequestError(
            "ask about records at the medical centre, about basic items at the registry"
        )
    return terms
