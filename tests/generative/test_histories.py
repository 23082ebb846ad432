"""Whatever was logged in whatever way, a person's evidence shows all of it, and nothing less or more passes for all."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.kept_journal import TRUST, KeptJournal, keep_in, proved

from consent.identifiers import Pseudonym
from services.kit.log.completeness import IncompleteError, verify_whole
from services.kit.log.evidence import Evidence, EvidenceError, verify_evidence
from services.kit.log.merkle import leaf_hash, root_from_leaves, verify_inclusion
from services.kit.log.small_tree import prove_part, root_of_hashes

PEOPLE = [Pseudonym(name) for name in ("a", "b", "c", "d", "e")]
COUNT = "count"
EVERYBODY: list[Pseudonym | None] = [*PEOPLE]
SOME = st.lists(st.sampled_from([*PEOPLE, None]), min_size=1, max_size=6)
MANY = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=9).map(tuple)
STEPS = st.lists(st.one_of(SOME, MANY, st.just(COUNT)), min_size=1, max_size=8)
Step = list[Pseudonym | None] | tuple[Pseudonym, ...] | str


@contextmanager
def journal_of(
    steps: Sequence[Step], folders: pytest.TempPathFactory
) -> Iterator[tuple[KeptJournal, Counter[Pseudonym]]]:
    """Write steps: a list is leaves of their own, a tuple one bulk entry; count the entries of each person."""
    kept = keep_in(folders.mktemp("histories"))
    said: Counter[Pseudonym] = Counter()
    for step in steps:
        match step:
            case tuple():
                kept.add_bulk(step)
                said.update(step)
            case list():
                kept.add(*step)
                said.update(person for person in step if person is not None)
            case _:
                kept.count()
                kept.cosign()
    yield kept, said
    kept.database.dispose()


@given(steps=STEPS)
@settings(max_examples=30, deadline=None)
def test_evidence_shows_every_entry_and_that_there_are_no_others(
    steps: list[Step], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """H2: counted, co-signed, and whole."""
    with journal_of([*steps, COUNT], tmp_path_factory) as (kept, said):
        assert kept.findings() == set()
        for person, number in said.items():
            entries, (whole,) = proved(kept.evidence(person))
            assert (len(entries), whole.entries, whole.later) == (number, number, 0)
            assert whole.index == whole.checkpoint.checkpoint.size - 1


@given(steps=STEPS, later=SOME)
@settings(max_examples=15, deadline=None)
def test_entries_behind_the_count_are_shown_and_not_said_to_be_all(
    steps: list[Step], later: list[Pseudonym | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with journal_of([EVERYBODY, *steps, COUNT, later], tmp_path_factory) as (kept, said):
        kept.cosign()
        for person in PEOPLE:
            _entries, (whole,) = proved(kept.evidence(person))
            assert (whole.entries + whole.later, whole.later) == (said[person], later.count(person))


def without(evidence: Evidence, at: int) -> Evidence:
    return evidence.model_copy(update={"entries": evidence.entries[:at] + evidence.entries[at + 1 :]})


def twice(evidence: Evidence, at: int) -> Evidence:
    return evidence.model_copy(update={"entries": [*evidence.entries, evidence.entries[at]]})


@given(steps=STEPS, data=st.data())
@pytest.mark.parametrize(("change", "found"), [(without, IncompleteError), (twice, EvidenceError)])
@settings(max_examples=15, deadline=None)
def test_nothing_less_or_more_passes_for_the_whole_history(
    change: Callable[[Evidence, int], Evidence],
    found: type[Exception],
    steps: list[Step],
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """H3, C3, IT4: of what is missing each entry shown is proved, and only the count gives it away."""
    with journal_of([EVERYBODY, *steps, COUNT], tmp_path_factory) as (kept, _said):
        evidence = kept.evidence(data.draw(st.sampled_from(PEOPLE)))
        changed = change(evidence, data.draw(st.integers(0, len(evidence.entries) - 1)))
        with pytest.raises(found):
            verify_whole(changed, verify_evidence(changed, TRUST), TRUST)


@given(leaves=st.lists(st.binary(max_size=4), min_size=1, max_size=40), data=st.data())
@settings(max_examples=40, deadline=None)
def test_parts_are_proved_as_the_definition_says(leaves: list[bytes], data: st.DataObject) -> None:
    hashes = [leaf_hash(each) for each in leaves]
    at = data.draw(st.integers(0, len(leaves) - 1))
    root = root_of_hashes(hashes)
    assert root == root_from_leaves(leaves)
    verify_inclusion(
        leaf_hash=hashes[at], index=at, size=len(leaves), proof=prove_part(hashes, at), root=root
    )
