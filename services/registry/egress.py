"""The only code of the registry that builds something about a person for others.

Each function says which fields go to whom, for what, and takes what was verified as the ground for it.
"""

from collections.abc import Mapping

from consent.decision import Permit
from consent.vocabulary import BasicItem
from services.contracts.registry.messages import Changed, Confirmed, Presence, Unchanged
from services.registry.model import Resident
from services.registry.policy import compare


def confirmation(resident: Resident, believed: Mapping[BasicItem, str], _ground: Permit) -> Confirmed:
    """Return what became of the items that an organisation believes to know.

    Fields: for each item asked about "unchanged", or its present value. Purpose: the permit's.
    Recipient: the permit's. Ground: the person's directive that covers every item asked about.
    """
    return Confirmed(
        results={
            each.item: Unchanged() if each.value is None else Changed(value=each.value)
            for each in compare(resident, believed)
        }
    )


def presence(resident: Resident | None) -> Presence:
    """Return whether somebody is registered.

    Fields: yes or no. Purpose: no card for somebody unregistered. Recipient: the ID centre.
    Ground: its own token for the person, over its own certificate.
    """
    return Presence(registered=resident is not None)
