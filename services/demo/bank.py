"""Check 11: a bank confirms name and address with permission, and is refused without."""

from consent.directives import BasicScope
from consent.vocabulary import BasicItem, ConfirmationReason
from services.demo.checks import CheckFailedError, Steps, expect
from services.demo.scene import Inhabitant, Scene, basic_terms
from services.gateway.bank import confirm
from services.gateway.errors import RefusedError
from services.gateway.hospital import link
from services.gateway.wallet_actions import lay_down

CONTRACT, REASON = "account 2026-1", ConfirmationReason.PERIODIC_CHECK
ITEMS = frozenset({BasicItem.NAME, BasicItem.ADDRESS})


def confirmation(scene: Scene, steps: Steps) -> str:
    """One person permits, another does not; a changed address is told to the permitted bank only."""
    steps.begin("asking the registry", None)
    bank = scene.organisation("bank")
    permitting, other = scene.adults[0], scene.adults[1]
    for each in (permitting, other):
        each.references["bank"] = link(bank, each.person)
    lay_down(permitting.person, basic_terms("bank", BasicScope(ITEMS, CONTRACT, frozenset({REASON}))))
    same = _ask(scene, permitting, permitting.patient.items.address)
    outdated = _ask(scene, permitting, "an address of ten years ago")
    expect(same == {"name": "unchanged", "address": "unchanged"}, f"the registry answered {same}")
    expect(outdated == {"name": "unchanged", "address": "changed"}, f"the registry answered {outdated}")
    try:
        _ask(scene, other, other.patient.items.address)
    except RefusedError as refusal:
        expect(refusal.code == "no_permission", f"refused as {refusal.code}")
        return f"permitted: {same}; with an outdated address: {outdated}; without permission: {refusal.code}"
    raise CheckFailedError("the bank got an answer about somebody who permitted nothing")


def _ask(scene: Scene, inhabitant: Inhabitant, address: str) -> dict[str, str]:
    known = {BasicItem.NAME: inhabitant.patient.items.name, BasicItem.ADDRESS: address}
    results = confirm(
        scene.organisation("bank"),
        inhabitant.references["bank"],
        known,
        contract=CONTRACT,
        reason=REASON,
    )
    return {item.value: str(result.status) for item, result in results.items()}
