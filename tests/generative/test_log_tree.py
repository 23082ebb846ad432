"""Invariants of the stored tree against the recursive definition of RFC 6962, which is written out here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, MetaData, create_engine, update

from services.kit.log.errors import LogCorruptError, LogProofError
from services.kit.log.merkle import leaf_hash, root_from_leaves, verify_consistency, verify_inclusion
from services.kit.log.tables import LogTables, log_tables
from services.kit.log.tree import LogTree

LEAVES = st.binary(max_size=8)
BATCHES = st.lists(st.lists(LEAVES, max_size=9), max_size=8)
METADATA = MetaData()
TABLES = log_tables(METADATA)
TREE = LogTree(TABLES)


def oracle(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + oracle(leaves[:split]) + oracle(leaves[split:])).digest()


@contextmanager
def log_of(leaves: Sequence[bytes]) -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        METADATA.create_all(connection)
        TREE.initialise(connection)
        TREE.append(connection, leaves)
        yield connection
    engine.dispose()


@given(batches=BATCHES)
@settings(max_examples=60, deadline=None)
def test_any_batching_gives_the_root_of_the_definition(batches: list[list[bytes]]) -> None:
    every = [leaf for batch in batches for leaf in batch]
    with log_of([]) as connection:
        for batch in batches:
            before = TREE.size(connection)
            assert TREE.append(connection, batch) == range(before, before + len(batch))
        assert TREE.head(connection) == (len(every), oracle(every))
        assert TREE.leaves(connection, 0, len(every) + 1) == every
        assert TREE.recompute(connection) == []
    assert root_from_leaves(every) == oracle(every)


@given(leaves=st.lists(LEAVES, min_size=1, max_size=70), places=st.data())
@settings(max_examples=60, deadline=None)
def test_every_inclusion_proof_verifies_at_every_size(leaves: list[bytes], places: st.DataObject) -> None:
    size = places.draw(st.integers(1, len(leaves)), label="size")
    with log_of(leaves) as connection:
        proofs = TREE.inclusions(connection, range(size), size)
        assert proofs[size // 2] == TREE.inclusion(connection, size // 2, size)
    root = oracle(leaves[:size])
    for index, proof in enumerate(proofs):
        verify_inclusion(leaf_hash=leaf_hash(leaves[index]), index=index, size=size, proof=proof, root=root)


@given(leaves=st.lists(LEAVES, min_size=1, max_size=70), places=st.data())
@settings(max_examples=80, deadline=None)
def test_any_two_sizes_are_proved_consistent(leaves: list[bytes], places: st.DataObject) -> None:
    new = places.draw(st.integers(1, len(leaves)), label="new")
    old = places.draw(st.integers(1, new), label="old")
    with log_of(leaves) as connection:
        proof = TREE.consistency(connection, old, new)
        roots = TREE.roots(connection, [old, new])
    assert roots == [oracle(leaves[:old]), oracle(leaves[:new])]
    verify_consistency(old_size=old, new_size=new, old_root=roots[0], new_root=roots[1], proof=proof)


@given(
    ours=st.lists(LEAVES, min_size=2, max_size=40),
    theirs=st.lists(LEAVES, min_size=2, max_size=40),
    places=st.data(),
)
@settings(max_examples=80, deadline=None)
def test_no_proof_joins_two_different_histories(
    ours: list[bytes], theirs: list[bytes], places: st.DataObject
) -> None:
    old = places.draw(st.integers(1, min(len(ours), len(theirs)) - 1), label="old")
    assume(ours[:old] != theirs[:old])
    with log_of(theirs) as connection:
        proof = TREE.consistency(connection, old, len(theirs))
    with pytest.raises(LogProofError):
        verify_consistency(
            old_size=old,
            new_size=len(theirs),
            old_root=oracle(ours[:old]),
            new_root=oracle(theirs),
            proof=proof,
        )


def _flip(value: bytes, at: int) -> bytes:
    at %= len(value)
    return value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]


@given(leaves=st.lists(st.binary(min_size=1, max_size=8), min_size=2, max_size=40), places=st.data())
@settings(max_examples=80, deadline=None)
def test_one_changed_byte_of_leaf_proof_or_root_breaks_the_proof(
    leaves: list[bytes], places: st.DataObject
) -> None:
    size = len(leaves)
    index = places.draw(st.integers(0, size - 1), label="index")
    at = places.draw(st.integers(0, 31), label="byte")
    with log_of(leaves) as connection:
        proof = TREE.inclusion(connection, index, size)
    root = oracle(leaves)
    changed = places.draw(st.integers(0, len(proof) - 1), label="proof hash")
    broken = [*proof[:changed], _flip(proof[changed], at), *proof[changed + 1 :]]
    leaf = leaf_hash(leaves[index])
    forgeries = [
        (leaf_hash(_flip(leaves[index], at)), index, proof, root),
        (leaf, index, broken, root),
        (leaf, index, proof, _flip(root, at)),
        (leaf, index, proof[:-1], root),
        (leaf, index, [*proof, proof[0]], root),
    ]
    for given_leaf, given_index, given_proof, given_root in forgeries:
        with pytest.raises(LogProofError):
            verify_inclusion(
                leaf_hash=given_leaf, index=given_index, size=size, proof=given_proof, root=given_root
            )


@given(leaves=st.lists(LEAVES, min_size=2, max_size=40, unique=True), places=st.data())
@settings(max_examples=60, deadline=None)
def test_a_proof_holds_for_its_own_place_only(leaves: list[bytes], places: st.DataObject) -> None:
    size = len(leaves)
    index = places.draw(st.integers(0, size - 1), label="index")
    other = places.draw(st.integers(0, size - 1), label="other")
    assume(index != other)
    with log_of(leaves) as connection:
        proof = TREE.inclusion(connection, index, size)
    with pytest.raises(LogProofError):
        verify_inclusion(
            leaf_hash=leaf_hash(leaves[index]), index=other, size=size, proof=proof, root=oracle(leaves)
        )


@given(leaves=st.lists(LEAVES, min_size=1, max_size=40), places=st.data())
@settings(max_examples=60, deadline=None)
def test_audit_finds_any_changed_node(leaves: list[bytes], places: st.DataObject) -> None:
    with log_of(leaves) as connection:
        _change_a_node(connection, TABLES, places)
        assert TREE.recompute(connection) != []


def _change_a_node(connection: Connection, tables: LogTables, places: st.DataObject) -> None:
    rows = connection.execute(tables.node.select()).all()
    row = places.draw(st.sampled_from(rows), label="node")
    at = places.draw(st.integers(0, 31), label="byte")
    changed = update(tables.node).where(tables.node.c.address == row.address)
    connection.execute(changed.values(hash=_flip(row.hash, at)))


@given(leaves=st.lists(LEAVES, min_size=1, max_size=20))
@settings(max_examples=20, deadline=None)
def test_an_append_onto_a_rolled_back_head_is_refused(leaves: list[bytes]) -> None:
    with log_of(leaves) as connection:
        connection.execute(update(TABLES.head).values(size=len(leaves) - 1))
        with pytest.raises(LogCorruptError):
            TREE.append(connection, [b"next"])
