"""IT1 on the log package: somebody else's program changes the rows of a real SQLite file."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.tampered_log import LEAVES, SIZE, TREE, Body

from services.kit.log.errors import ConsistencyError, LogCorruptError, LogProofError, SplitViewError
from services.kit.log.merkle import leaf_hash, verify_inclusion

FLIP = "substr({0}, 1, 1) || x'ff' || substr({0}, 3)"
ONE_ROW = [
    (
        f"UPDATE log_leaf SET leaf = CAST({FLIP.format('leaf')} AS BLOB) WHERE position = 5",
        "log_leaf position=5: does not hash to its log_node",
    ),
    ("DELETE FROM log_leaf WHERE position = 5", "log_leaf position=5: missing"),
    (
        "INSERT INTO log_leaf (position, leaf) VALUES (12, x'00')",
        "log_leaf position=12..12: lies beyond the log's head",
    ),
    (
        "INSERT INTO log_leaf (position, leaf) VALUES (-1, x'00')",
        "log_leaf position=-1..-1: lies beyond the log's head",
    ),
    (
        f"UPDATE log_node SET hash = CAST({FLIP.format('hash')} AS BLOB) WHERE address = 5",
        "log_node address=5: is not the hash of its children",
    ),
    ("DELETE FROM log_node WHERE address = 5", "log_node address=5: missing"),
    (
        "INSERT INTO log_node (address, hash) VALUES (23, x'00')",
        "log_node address=23: lies beyond the log's head",
    ),
    (
        "INSERT INTO log_node (address, hash) VALUES (99, x'00')",
        "log_node address=99..99: lies beyond the log's head",
    ),
    ("DELETE FROM log_head", "log_head id=1: missing"),
    (
        "UPDATE log_head SET size = 11",
        "log_leaf position=11..11: lies beyond the log's head",
    ),
    ("UPDATE log_head SET size = 13", "log_leaf position=12: missing"),
    (
        "UPDATE log_checkpoint SET note = replace(note, char(10) || '8' || char(10), char(10) || '9' || char(10))"
        " WHERE size = 8",
        "log_checkpoint size=8: its signatures do not verify",
    ),
    (
        "UPDATE log_checkpoint SET size = 9 WHERE size = 8",
        "log_checkpoint size=9: its signatures do not verify",
    ),
    (
        "UPDATE log_checkpoint SET cosigned_note = (SELECT cosigned_note FROM log_checkpoint WHERE size = 4)"
        " WHERE size = 8",
        "log_checkpoint size=8: its signatures do not verify",
    ),
    (
        "UPDATE log_checkpoint SET cosigned_note = note WHERE size = 8",
        "log_checkpoint size=8: its signatures do not verify",
    ),
]


@pytest.mark.parametrize(("statement", "finding"), ONE_ROW, ids=[finding for _, finding in ONE_ROW])
def test_any_single_changed_row_is_named_by_the_audit(medical: Body, statement: str, finding: str) -> None:
    """IT1: edit, delete, insert one row; move the head; change a checkpoint."""
    medical.tamper(statement)
    assert finding in medical.audit()


def test_swapped_entries_are_both_named(medical: Body) -> None:
    """IT1: reorder."""
    medical.tamper(
        "UPDATE log_leaf SET position = 100 WHERE position = 2",
        "UPDATE log_leaf SET position = 2 WHERE position = 9",
        "UPDATE log_leaf SET position = 9 WHERE position = 100",
    )
    assert medical.audit() == [
        f"log_leaf position={position}: does not hash to its log_node" for position in (2, 9)
    ]


REWRITES: list[tuple[str, Callable[[list[bytes]], list[bytes]]]] = [
    ("edited", lambda leaves: [*leaves[:5], b"forged", *leaves[6:]]),
    ("deleted", lambda leaves: [*leaves[:5], *leaves[6:]]),
    ("inserted", lambda leaves: [*leaves[:5], b"forged", *leaves[5:]]),
    ("reordered", lambda leaves: [*leaves[:5], leaves[6], leaves[5], *leaves[7:]]),
    ("truncated", lambda leaves: leaves[:8]),
    ("emptied", lambda leaves: []),
]
forgeries = pytest.mark.parametrize(
    "forge", [forge for _, forge in REWRITES], ids=[name for name, _ in REWRITES]
)


@forgeries
def test_rewritten_tree_contradicts_its_signed_checkpoints(
    medical: Body, forge: Callable[[list[bytes]], list[bytes]]
) -> None:
    """IT1: the tree is rebuilt without a flaw; the checkpoints signed before give it away, and nothing is signed."""
    medical.rewrite(forge(LEAVES))
    assert any(finding.startswith("log_checkpoint size=12") for finding in medical.audit())
    with pytest.raises(LogCorruptError):
        medical.grow([b"next"])


@forgeries
@pytest.mark.parametrize("regrown", [0, 9])
def test_rewritten_log_without_its_checkpoints_is_stopped_by_the_witness(
    medical: Body, oversight: Body, forge: Callable[[list[bytes]], list[bytes]], regrown: int
) -> None:
    """IT1: the checkpoints are deleted too, and the log grows on; within one interval no cosignature comes."""
    medical.rewrite(forge(LEAVES))
    medical.tamper("DELETE FROM log_checkpoint")
    medical.grow([b"regrown"] * regrown)
    with pytest.raises((LogCorruptError, SplitViewError, ConsistencyError)):
        medical.submit(oversight)
    assert oversight.known_size() == SIZE


def test_older_copy_of_the_file_is_noticed_at_the_next_witness_interval(
    tmp_path: Path, medical: Body, oversight: Body
) -> None:
    """IT1: roll back to a copy that is right in itself, checkpoints and cosignatures included."""
    backup = medical.copy(tmp_path / "backup.db")
    medical.grow([b"withdrawal"])
    medical.submit(oversight)
    assert backup.audit() == []
    with pytest.raises(LogCorruptError, match="restore the lost entries"):
        backup.submit(oversight)
    backup.grow([b"another event", b"and one more"])
    with pytest.raises(ConsistencyError):
        backup.submit(oversight)


def test_proof_from_a_tampered_tree_does_not_verify(medical: Body) -> None:
    """IT1: the next proof fails at whoever checks it against the co-signed checkpoint."""
    with medical.opened() as connection:
        root = TREE.head(connection).root
    medical.tamper(f"UPDATE log_node SET hash = CAST({FLIP.format('hash')} AS BLOB) WHERE address = 5")
    with medical.opened() as connection:
        proof = TREE.inclusion(connection, 0, SIZE)
    with pytest.raises(LogProofError):
        verify_inclusion(leaf_hash=leaf_hash(LEAVES[0]), index=0, size=SIZE, proof=proof, root=root)


def test_deleted_node_or_gap_in_the_leaves_is_refused_when_read(medical: Body) -> None:
    """IT1: nothing is served over a gap."""
    medical.tamper("DELETE FROM log_node WHERE address = 5", "DELETE FROM log_leaf WHERE position = 3")
    with medical.opened() as connection:
        with pytest.raises(LogCorruptError, match="address=5"):
            TREE.inclusion(connection, 0, SIZE)
        with pytest.raises(LogCorruptError, match="position=3"):
            TREE.leaves(connection, 0, SIZE)


@pytest.mark.parametrize("changed", ["note", "cosigned_note"])
def test_changed_checkpoint_is_noticed_when_next_used(medical: Body, changed: str) -> None:
    """IT1: one byte of the last checkpoint changed; the log signs nothing upon it."""
    medical.tamper(f"UPDATE log_checkpoint SET {changed} = replace({changed}, 'medical', 'nedical')")
    with pytest.raises(LogCorruptError, match="log_checkpoint size=12"):
        medical.grow([b"next"])
