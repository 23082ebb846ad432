"""The only code of the registry that builds something about a person for others.

Each function declares which fields go to whom, for what, and takes what was verified as the ground for it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from consent import base64url, jws
from consent.account_proof import CONFIRMATION, Confirmation, confirmation_payload
from consent.accounts import Disclosure, item_digest
from consent.attributes import AttributeStatement, state
from consent.decision import Permit
from consent.guardians import Ages, state_at
from consent.identifiers import Pseudonym
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import BasicItem
from services.contracts.registry.attributes import StatedAttributes
from services.contracts.registry.disclosures import Disclosed, DisclosedItem
from services.contracts.registry.look_ups import BatchLookedUp, BatchResult, LookedUp, LookUpRefusal
from services.contracts.registry.messages import BasicItems, Changed, Confirmed, Presence, Sex, Unchanged
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
    fields="yes or no, and whether child, youth or of age; no birth date",
    purpose="no card for somebody unregistered; how far age lets a minor act",
    ground="the ID centre's own token for the person, over its own certificate",
    answers=("POST /presence",),
)
def presence(resident: Resident | None, *, today: date, ages: Ages) -> Presence:
    """Return whether somebody is registered, and how far age lets them act alone."""
    if resident is None:
        return Presence(registered=False)
    try:
        born = date.fromisoformat(resident.items[BasicItem.BIRTH_DATE])
    except ValueError:
        return Presence(registered=True)  # a birth date of which the day is not known
    return Presence(registered=True, state=state_at(born, today=today, ages=ages))


@egress(
    to="the person",
    fields="the four basic items, signed together with the serial number of the person's signature certificate",
    purpose="signing with a name to whom the person chooses (K2)",
    ground="the person signed in, and the ID centre's word for the registry that the certificate is theirs",
    answers=("POST /attribute-statements",),
)
def attributes(registry: Registry, resident: Resident, *, certificate: str, at: datetime) -> StatedAttributes:
    """Return the signed statement."""
    stated = AttributeStatement(certificate, resident.items, at)
    return StatedAttributes(statement=state(stated, registry.context.signing_key))


@egress(
    to="the official's organisation",
    fields="the four basic items of at most 50 people whom the question fits; their pseudonyms stay here",
    purpose="the task of the closed list that the official names",
    ground="the role inquirer, a form of question of the closed list, a card that is not stopped, the entry in the log",
    answers=("POST /look-ups",),
)
def looked_up(hits: Sequence[tuple[Pseudonym, Resident]]) -> LookedUp:
    """Return whom a question fits, in an order that says nothing of when they were entered."""
    return LookedUp(residents=_told(hits))


@egress(
    to="the official's organisation",
    fields="for each row the same as for a single question",
    purpose="as for a single question",
    ground="as for a single question",
    answers=("POST /look-ups/batch",),
)
def batch_looked_up(rows: Sequence[Sequence[tuple[Pseudonym, Resident]] | LookUpRefusal]) -> BatchLookedUp:
    """Return what became of each row."""
    return BatchLookedUp(
        results=[
            BatchResult(refused=row.value)
            if isinstance(row, LookUpRefusal)
            else BatchResult(residents=_told(row))
            for row in rows
        ]
    )


def _told(hits: Sequence[tuple[Pseudonym, Resident]]) -> list[BasicItems]:
    return [_items(someone) for _, someone in sorted(hits, key=_by_name)]


def _by_name(hit: tuple[Pseudonym, Resident]) -> list[str]:
    return [hit[1].items[item] for item in (BasicItem.NAME, BasicItem.BIRTH_DATE, BasicItem.ADDRESS)]


def _items(someone: Resident) -> BasicItems:
    told = someone.items
    return BasicItems(
        name=told[BasicItem.NAME],
        address=told[BasicItem.ADDRESS],
        sex=Sex(told[BasicItem.SEX]),
        birth_date=told[BasicItem.BIRTH_DATE],
    )
