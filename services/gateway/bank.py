"""The bank's side: asking the resident registry whether what it knows is still right (UC9)."""

from collections.abc import Mapping

from consent.vocabulary import BasicItem, Body, Purpose
from services.contracts.registry.client import RegistryClient
from services.contracts.registry.messages import Confirm, ItemResult
from services.gateway.organisation import Organisation


def confirm(
    bank: Organisation,
    reference: str,
    items: Mapping[BasicItem, str],
    *,
    contract: str,
    purpose: Purpose = Purpose.IDENTITY_VERIFICATION,
) -> dict[BasicItem, ItemResult]:
    """Ask whether items of a linked person are still as the bank knows them; `contract` is the bank's reason to ask.

    Raises: RefusedError with the refusal's code when the person did not permit it.
    """
    token = bank.name_person(reference, Body.REGISTRY).tokens[Body.REGISTRY]
    message = Confirm(token=token, items=dict(items), purpose=purpose, contract=contract)
    told = bank.ask(Body.REGISTRY, lambda http, token: RegistryClient(http).confirm(message, token=token))
    return dict(told.results)
