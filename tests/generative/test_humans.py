"""Which accounts are one human's: everything that is joined by marks, however the register is ordered."""

from hypothesis import given
from hypothesis import strategies as st

from consent.identifiers import OperatorId, OrganisationId
from services.contracts.oversight.humans import Account, of_one_human

MARKED = st.lists(st.frozensets(st.sampled_from("abcdefgh"), min_size=1, max_size=3), max_size=12)


@given(MARKED)
def test_accounts_are_one_humans_if_marks_join_them(marks: list[frozenset[str]]) -> None:
    marked = [(Account(OrganisationId("o"), OperatorId(f"{at:02}")), each) for at, each in enumerate(marks)]
    found = of_one_human(marked)
    for account, own in marked:
        reached = own
        for _ in marked:
            reached = reached.union(*(each for _, each in marked if each & reached))
        assert found[account] == tuple(each for each, told in marked if told & reached)
