"""The bank's side: asking the resident registry whether what it knows is still right (UC9)."""

from collections.abc import Mapping

from consent.vocabulary import BasicItem, Body, ConfirmationReason, Purpose
from services.contracts.registry.client import RegistryClient
from services.contracts.registry.messages import Confirm, ItemResult
from services.gateway.organisation import Organisation


def confirm(
    bank: Organisation,
    reference: str,
    items: Mapping[BasicItem, str],
    *,
    contract: str,
    reason: ConfirmationReason,
) -> dict[BasicItem, ItemResult]:
    """Ask whether items of a linked person are still as the bank knows them, by a contract and for a reason of it.

    Raises: RefusedError with the refusal's code when the person did not permit it.
    """
    token = bank.name_person(reference, Body.REGISTRY).tokens[Body.REGISTRY]
    return confirm_named(bank, token, items, contract=contract, reason=reason)


def confirm_named(
    bank: Organisation,
    token: str,
    items: Mapping[BasicItem, str],
    *,
    contract: str,
    reason: ConfirmationReason,
) -> dict[BasicItem, ItemResult]:
    """Ask as `confirm` does about the person whom a token names to the registry. Raises: as `confirm`."""
    message = Confirm(
        token=token,
        items=dict(items),
        purpose=Purpose.IDENTITY_VERIFICATION,
        contract=contract,
        reason=reason,
    )
    told = bank.ask(Body.REGISTRY, lambda http, token: RegistryClient(http).confirm(message, token=token))
    return dict(told.results)
