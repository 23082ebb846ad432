"""An honest fake of the medical centre's answers to "what would change"; the contract tests keep it true."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from consent.decision import HeldDirective
from consent.identifiers import DirectiveId
from consent.simulation import Roles, simulate_laying_down, simulate_withdrawal
from consent.terms import RecordScope, Terms
from services.contracts.fake_credentials import problem
from services.contracts.simulating import DifferenceMessage, Simulated
from services.kit.http import Token


@dataclass(frozen=True)
class FakeSimulations:
    """Serves `Simulations`; `held` are the directives of whoever holds a token (a person, or it refuses)."""

    held: Callable[[Token], Sequence[HeldDirective]]
    roles: Callable[[], Roles]
    clock: Callable[[], datetime]

    def laying_down(self, terms: Terms, *, token: Token) -> Simulated:
        """See `Simulations`."""
        held = self.held(token)
        if not isinstance(terms.scope, RecordScope):
            raise problem(400, "malformed_request")
        found = simulate_laying_down(held, terms, roles=self.roles(), now=self.clock())
        return Simulated(differences=[DifferenceMessage.of(each) for each in found])

    def withdrawing(self, directive: str, *, token: Token) -> Simulated:
        """See `Simulations`."""
        held, chosen = self.held(token), DirectiveId(directive)
        if all(each.id != chosen for each in held):
            raise problem(404, "not_found")
        found = simulate_withdrawal(held, chosen, roles=self.roles(), now=self.clock())
        return Simulated(differences=[DifferenceMessage.of(each) for each in found])
