"""The tree's arithmetic at its edges; the invariants over all sizes are in the generative tests."""

from hashlib import sha256

import pytest

from services.kit.log.errors import LogProofError, LogRangeError
from services.kit.log.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    cover,
    leaf_hash,
    node_hash,
    plan_consistency,
    plan_inclusion,
    plan_root,
    root_from_leaves,
    verify_consistency,
    verify_inclusion,
)

ROOT = leaf_hash(b"only")


def test_leaf_and_node_are_hashed_in_different_domains() -> None:
    assert leaf_hash(b"ab") == sha256(b"\x00ab").digest()
    assert node_hash(b"a", b"b") == sha256(b"\x01ab").digest()


def test_empty_tree_has_the_hash_of_nothing() -> None:
    assert root_from_leaves([]) == EMPTY_ROOT == sha256(b"").digest()


def test_five_leaves_hash_as_the_rfc_draws_them() -> None:
    a, b, c, d, e = (leaf_hash(bytes([leaf])) for leaf in range(5))
    expected = node_hash(node_hash(node_hash(a, b), node_hash(c, d)), e)
    assert root_from_leaves([bytes([leaf]) for leaf in range(5)]) == expected


def test_cover_names_complete_subtrees_from_left_to_right() -> None:
    assert list(cover(0, 7)) == [(2, 0), (1, 2), (0, 6)]
    assert list(cover(4, 7)) == [(1, 2), (0, 6)]
    assert list(cover(3, 3)) == []


@pytest.mark.parametrize(("index", "size"), [(-1, 1), (1, 1), (0, 0), (0, MAX_SIZE + 1)])
def test_inclusion_outside_the_tree_cannot_be_planned(index: int, size: int) -> None:
    with pytest.raises(LogRangeError):
        plan_inclusion(index, size)


@pytest.mark.parametrize(("old", "new"), [(-1, 1), (2, 1), (0, MAX_SIZE + 1)])
def test_consistency_outside_the_tree_cannot_be_planned(old: int, new: int) -> None:
    with pytest.raises(LogRangeError):
        plan_consistency(old, new)


def test_root_of_a_negative_size_cannot_be_planned() -> None:
    with pytest.raises(LogRangeError):
        plan_root(-1)


def test_consistency_proof_from_nothing_and_to_itself_is_empty() -> None:
    assert plan_consistency(0, 5) == ()
    assert plan_consistency(5, 5) == ()


def test_proofs_of_the_greatest_tree_stay_within_63_hashes() -> None:
    assert len(plan_inclusion(0, MAX_SIZE)) == 63
    assert len(plan_consistency(1, MAX_SIZE)) <= 63


def test_consistency_from_the_empty_tree_is_refused_whatever_the_proof() -> None:
    for proof in ([], [ROOT]):
        with pytest.raises(LogProofError):
            verify_consistency(old_size=0, new_size=1, old_root=EMPTY_ROOT, new_root=ROOT, proof=proof)


def test_empty_trees_are_consistent_only_with_the_empty_root() -> None:
    verify_consistency(old_size=0, new_size=0, old_root=EMPTY_ROOT, new_root=EMPTY_ROOT, proof=[])
    with pytest.raises(LogProofError):
        verify_consistency(old_size=0, new_size=0, old_root=EMPTY_ROOT, new_root=ROOT, proof=[])
    with pytest.raises(LogProofError):
        verify_consistency(old_size=0, new_size=0, old_root=ROOT, new_root=ROOT, proof=[])


@pytest.mark.parametrize("proof", [[b""], [b"\x00" * 31], [b"\x00" * 33]])
def test_proof_with_a_hash_of_another_length_is_refused(proof: list[bytes]) -> None:
    root = node_hash(ROOT, proof[0])
    with pytest.raises(LogProofError):
        verify_inclusion(leaf_hash=ROOT, index=0, size=2, proof=proof, root=root)


def test_proof_for_a_size_beyond_the_formats_limit_is_refused() -> None:
    with pytest.raises(LogProofError):
        verify_inclusion(leaf_hash=ROOT, index=0, size=MAX_SIZE + 1, proof=[ROOT] * 63, root=ROOT)
