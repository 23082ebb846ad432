"""What the human who asks is to the person asked about, as the register's person tags tell it and nobody is named."""

from collections.abc import Callable

from consent.identifiers import OperatorId, OrganisationId
from services.contracts.medical.uses import ReaderIs
from services.contracts.oversight.register import Directory


def colleagues(
    directory: Directory, organisation: OrganisationId, operator: OperatorId
) -> Callable[[str], ReaderIs | None]:
    """Return how to tell from a person's tag whether they are the operator, or another of the same organisation.

    Who never presented a card of their own as an operator has no tag: of them nothing is known.
    """
    asking = directory.operator(organisation, operator)
    own = None if asking is None else asking.person_tag
    others = {
        each.person_tag
        for each in directory.register.operators
        if each.organisation == organisation and each.person_tag is not None and each.active
    }

    def told(tag: str) -> ReaderIs | None:
        if tag == own:
            return ReaderIs.SELF
        return ReaderIs.CO_WORKER if tag in others else None

    return told
