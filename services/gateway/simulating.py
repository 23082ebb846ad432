"""What would change if the person laid down or withdrew something, asked before doing it."""

from functools import partial

from consent.terms import RecordScope, Scope, Terms
from consent.vocabulary import Body
from services.contracts.simulating import DifferenceMessage, Simulated, SimulationClient
from services.gateway.person import Person
from services.gateway.wallet_actions import Permission
from services.kit.http import Http, Token


def simulate_laying_down(person: Person, terms: Terms) -> list[DifferenceMessage]:
    """Return who would gain or lose what. Raises: RefusedError, NotVerifiedError, kit's PeerUnavailableError."""
    return person.ask(
        _keeper(terms.scope), lambda http, token: SimulationClient(http).laying_down(terms, token=token)
    ).differences


def simulate_withdrawal(person: Person, permission: Permission) -> list[DifferenceMessage]:
    """Return who would gain or lose what if the permission were withdrawn. Raises: as `simulate_laying_down`."""
    body = _keeper(permission.terms.scope)
    found: list[DifferenceMessage] = []
    for copy in permission.copies.get(body, ()):
        found += person.ask(body, partial(_withdrawing, copy.id)).differences
    return found


def _withdrawing(directive: str, http: Http, token: Token) -> Simulated:
    return SimulationClient(http).withdrawing(directive, token=token)


def _keeper(scope: Scope) -> Body:
    return Body.MEDICAL if isinstance(scope, RecordScope) else Body.REGISTRY
