"""What would change if the person laid down or withdrew something; nothing is stored, and nobody else is told."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends

from consent.errors import ConsentError
from consent.guardians import Act, Matter, matter_of
from consent.identifiers import DirectiveId
from consent.simulation import simulate_laying_down, simulate_withdrawal
from consent.terms import RecordScope, Terms, TermsWire
from consent.vocabulary import PROXIES
from consent.wire import parse
from services.contracts.simulating import SIMULATIONS, DifferenceMessage, Simulate, Simulated
from services.directives.guarding import act_refused
from services.directives.refusing import refused
from services.directives.service import Directives
from services.kit.access import person_or_guardian
from services.kit.credentials.callers import PersonCaller
from services.kit.events import EventKind
from services.kit.problems import MalformedRequestError, NotFoundError

Person = Annotated[PersonCaller, Depends(person_or_guardian())]


def simulation_routes(directives: Directives) -> APIRouter:
    """Return the router."""
    routes = APIRouter()

    @routes.post(SIMULATIONS)
    def simulate(caller: Person, message: Simulate) -> Simulated:
        """Tell who would gain or lose what."""
        return simulated(directives, caller, message)

    return routes


def simulated(directives: Directives, caller: PersonCaller, message: Simulate) -> Simulated:
    """Return who would gain or lose what, to the person or to who acts for them, by the directives that they may see.

    Raises: MalformedRequestError; NotFoundError for a directive that they do not see; RefusedError, also for terms
    about what the caller may not be told of.
    """
    now, person = directives.context.clock(), caller.pseudonym
    if (message.terms is None) is (message.withdraw is None):
        raise MalformedRequestError("give terms, or the id of the directive to be withdrawn")
    terms = None if message.terms is None else _terms(directives, json.dumps(message.terms).encode())
    with directives.context.database.read() as conn:
        unseen = {
            matter: act_refused(directives.store, conn, caller, Act.GET_RECEIPTS, matter=matter)
            for matter in Matter
        }
        stored = directives.store.of_person(conn, person)
    unfit = unseen[Matter.ORDINARY if terms is None else matter_of(terms)]
    if unfit is not None:
        raise refused(directives, person, kind=EventKind.GRANTS_LISTED, code=unfit, guardian=caller.guardian)
    # what a youth decides alone is no more told as a difference than in the list (G2)
    held = [each.held for each in stored if unseen[matter_of(each.terms)] is None]
    roles = directives.directory().roles
    if terms is not None:
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
