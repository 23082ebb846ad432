"""Which accounts are one human's, as far as the register tells: by the ID centre's tag, or by one card."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from consent.identifiers import OperatorId, OrganisationId


class Account(NamedTuple):
    """One operator of one organisation."""

    organisation: OrganisationId
    operator: OperatorId


def of_one_human(marked: Iterable[tuple[Account, Iterable[str]]]) -> Mapping[Account, tuple[Account, ...]]:
    """Return with each account all that are the same human's, itself among them, in one order for all of them.

    Accounts that have a mark in common are one human's, also by way of a third account.
    """
    by_mark: dict[str, set[Account]] = {}
    whole: dict[Account, set[Account]] = {}
    for account, marks in marked:
        own = list(marks)
        joined = {account}.union(*(by_mark[each] for each in own if each in by_mark))
        for each in joined - {account}:
            joined |= whole[each]
        for each in joined:
            whole[each] = joined
        for mark in own:
            by_mark[mark] = joined
    return {account: tuple(sorted(accounts)) for account, accounts in whole.items()}
