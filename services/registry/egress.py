"""The only code of the registry that builds something about a person for others.

Each function declares which fields go to whom, for what, and takes what was verified as the ground for it.
"""

from collections.abc import Mapping
from typing import Final

from consent import base64url, jws
from consent.account_proof import CONFIRMATION, Confirmation, confirmation_payload
from consent.accounts import Disclosure, item_digest
from consent.decision import Permit
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import BasicItem
from services.contracts.registry.disclosures import Disclosed, DisclosedItem
from services.contracts.registry.messages import Changed, Confirmed, Presence, Unchanged
from services.kit.egress import egress
from services.registry.centre import Registry
from services.registry.model import Resident
from services.registry.policy import compare

SALT_BYTES: Final = 16


@egress(
    to="the organisation that the permission names",
    fields='for each item asked about "unchanged", or its present value',
    purpose="the permission's",
    ground="the person's directive that covers every item asked about",
    answers=("POST /confirmations",),
)
def confirmation(resident: Resident, believed: Mapping[BasicItem, str], _ground: Permit) -> Confirmed:
    """Return what became of the items that an organisation believes to know."""
    return Confirmed(
        results={
            each.item: Unchanged() if each.value is None else Changed(value=each.value)
            for each in compare(resident, believed)
        }
    )


@egress(
    to="the bank with which the person opens an account",
    fields="the items agreed to, each with a salt, and a signed confirmation that holds their digests only",
    purpose="opening an account",
    ground="the person's signed disclosure of these items to this bank, good once",
    answers=("POST /disclosures",),
)
def disclosure(registry: Registry, resident: Resident, ground: Disclosure) -> Disclosed:
    """O6: return the items agreed to, and the registry's word for them."""
    random, key = registry.context.randomness, registry.context.signing_key
    items = {
        item: DisclosedItem(value=resident.items[item], salt=base64url.encode(random(SALT_BYTES)))
        for item in sorted(ground.items)
    }
    digests = {item: item_digest(item, told.value, told.salt) for item, told in items.items()}
    word = Confirmation(ground.organisation, ground.agreement, digests, registry.context.clock())
    signed = jws.sign(
        confirmation_payload(word), typ=CONFIRMATION, key=key, kid=thumbprint(to_jwk(key.public_key()))
    )
    return Disclosed(items=items, confirmation=signed)


@egress(
    to="identity",
    fields="yes or no",
    purpose="no card for somebody unregistered",
    ground="the ID centre's own token for the person, over its own certificate",
    answers=("POST /presence",),
)
def presence(resident: Resident | None) -> Presence:
    """Return whether somebody is registered."""
    return Presence(registered=resident is not None)
