"""What would change: asked by the person about their own directives, at the body that keeps them."""

import json
from typing import Annotated, Protocol

from pydantic import Field, JsonValue

from consent.simulation import Difference, difference_in_words
from consent.terms import Terms, scope_payload, terms_payload
from services.kit.encoding import Message
from services.kit.http import Http, Token

Name = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
SIMULATIONS = "/simulations"


class Simulate(Message):
    """POST /simulations: terms as a directive carries them, or the id of a directive to be withdrawn."""

    terms: dict[str, JsonValue] | None = None
    withdraw: Name | None = None


class DifferenceMessage(Message):
    """One line of the answer, in codes and in words."""

    organisation: str | None
    role: str | None
    professional: str | None
    shift: str
    purposes: list[str]
    scope: dict[str, JsonValue]
    ja: str
    en: str

    @classmethod
    def of(cls, difference: Difference) -> "DifferenceMessage":
        """Write one line."""
        words, who = difference_in_words(difference), difference.who
        return cls(
            organisation=who.organisation,
            role=who.role,
            professional=who.professional,
            shift=difference.shift.value,
            purposes=sorted(each.value for each in difference.purposes),
            scope=json.loads(json.dumps(scope_payload(difference.scope))),
            ja=words.ja,
            en=words.en,
        )


class Simulated(Message):
    """Answer of POST /simulations; empty when nobody would gain or lose anything."""

    differences: list[DifferenceMessage]


class Simulations(Protocol):
    """What the client and the fake both do. Raises from every method: RemoteProblemError, PeerUnavailableError."""

    def laying_down(self, terms: Terms, *, token: Token) -> Simulated:
        """Tell what would change if these terms were laid down (the person)."""

    def withdrawing(self, directive: str, *, token: Token) -> Simulated:
        """Tell what would change if this directive were withdrawn (the person)."""


class SimulationClient:
    """A person's questions at one body. See `Simulations`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def laying_down(self, terms: Terms, *, token: Token) -> Simulated:
        """Ask what would change if these terms were laid down."""
        return self._ask(Simulate(terms=json.loads(json.dumps(terms_payload(terms)))), token)

    def withdrawing(self, directive: str, *, token: Token) -> Simulated:
        """Ask what would change if this directive were withdrawn."""
        return self._ask(Simulate(withdraw=directive), token)

    def _ask(self, message: Simulate, token: Token) -> Simulated:
        told = message.model_dump(mode="json", exclude_none=True)
        return Simulated.model_validate(self._http.post(SIMULATIONS, told, token=token))
