"""The only code of the registry that builds something about a person for others.

Each function declares which fields go to whom, for what, and takes what was verified as the ground for it.
"""

from collections.abc import Mapping

from consent.decision import Permit
from consent.vocabulary import BasicItem
from services.contracts.registry.messages import Changed, Confirmed, Presence, Unchanged
from services.kit.egress import egress
from services.registry.model import Resident
from services.registry.policy import compare


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
    to="identity",
    fields="yes or no",
    purpose="no card for somebody unregistered",
    ground="the ID centre's own token for the person, over its own certificate",
    answers=("POST /presence",),
)
def presence(resident: Resident | None) -> Presence:
    """Return whether somebody is registered."""
    return Presence(registered=resident is not None)
