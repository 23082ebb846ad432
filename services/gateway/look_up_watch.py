"""The supervisor's side: stopped cards, reports about look-ups, and proof that former items are gone."""

from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError

from consent import jws
from consent.errors import SignatureError
from consent.vocabulary import Body
from services.contracts.registry.analysis import AskReport, LookUpReport
from services.contracts.registry.client import RegistryClient
from services.contracts.registry.supervision import ERASURE_TYPE, ErasureSearch, StoppedOperator
from services.gateway.errors import NotVerifiedError
from services.gateway.organisation import Organisation
from services.gateway.person import Person
from services.kit.http import Token

Answer = TypeVar("Answer")


def stops(supervisor: Organisation) -> list[StoppedOperator]:
    """Return the stopped cards that the supervisor may see. Raises: RefusedError."""
    return _ask(supervisor, lambda registry, token: registry.stops(token=token)).stops


def look_up_report(supervisor: Organisation, *, days: int) -> LookUpReport:
    """Have the look-ups of the last days analysed. Raises: RefusedError."""
    message = AskReport(days=days)
    return _ask(supervisor, lambda registry, token: registry.look_up_report(message, token=token))


def own_look_up_report(person: Person, *, days: int) -> LookUpReport:
    """Have it analysed who looked the person up in the last days. Raises: RefusedError."""
    message = AskReport(days=days)
    return person.ask(
        Body.REGISTRY, lambda http, token: RegistryClient(http).own_look_up_report(message, token=token)
    )


def erase_history(supervisor: Organisation) -> int:
    """Have everything erased that is due; return how much that was. Raises: RefusedError."""
    return _ask(supervisor, lambda registry, token: registry.erase_history(token=token)).erased


def erasure_proof(supervisor: Organisation) -> tuple[str, ErasureSearch]:
    """Return the registry's signed word about what is left of former items, and what it says.

    Raises: RefusedError; NotVerifiedError when the registry did not sign it.
    """
    proof = _ask(supervisor, lambda registry, token: registry.prove_erasure(token=token)).proof
    key = supervisor.directory().signing_key(Body.REGISTRY)
    try:
        payload = jws.verify(proof, typ=ERASURE_TYPE, key=key).payload
        return proof, ErasureSearch.model_validate_json(payload)
    except (SignatureError, ValidationError) as error:
        raise NotVerifiedError("the registry's proof of erasure does not verify") from error


def _ask(supervisor: Organisation, call: Callable[[RegistryClient, Token], Answer]) -> Answer:
    return supervisor.ask(Body.REGISTRY, lambda http, token: call(RegistryClient(http), token))
