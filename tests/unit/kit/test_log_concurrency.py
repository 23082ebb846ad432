"""Appends and witnessing from several writers at once, over one SQLite file."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import MetaData

from services.kit.database import Database
from services.kit.log.checkpoint import Checkpoint
from services.kit.log.errors import CheckpointConflictError
from services.kit.log.merkle import root_from_leaves
from services.kit.log.note import Cosigner, NoteSigner
from services.kit.log.tables import log_tables
from services.kit.log.tree import LogTree
from services.kit.log.witness import Witness

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
METADATA = MetaData()
TABLES = log_tables(METADATA)
LOG = NoteSigner("medical.example/log", Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
COSIGNER = Cosigner("oversight.example/witness", Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
WRITERS = 8


def _database(file: Path) -> Database:
    database = Database(f"sqlite:///{file}")
    with database.write() as connection:
        METADATA.create_all(connection)
        LogTree(TABLES).initialise(connection)
    return database


def test_concurrent_appends_leave_no_gap_and_share_no_index(tmp_path: Path) -> None:
    database, tree = _database(tmp_path / "log.db"), LogTree(TABLES)

    def append(writer: int) -> range:
        with database.write() as connection:
            return tree.append(connection, [b"%d/%d" % (writer, leaf) for leaf in range(writer + 1)])

    with ThreadPoolExecutor(WRITERS) as pool:
        ranges = sorted(pool.map(append, range(WRITERS)), key=lambda taken: taken.start)
    assert [index for taken in ranges for index in taken] == list(range(WRITERS * (WRITERS + 1) // 2))
    with database.read() as connection:
        assert tree.recompute(connection) == []
        size, root = tree.head(connection)
        assert root == root_from_leaves(tree.leaves(connection, 0, size))
    database.dispose()


def test_of_rival_first_checkpoints_exactly_one_is_cosigned(tmp_path: Path) -> None:
    database = _database(tmp_path / "witness.db")
    witness = Witness(TABLES, cosigner=COSIGNER, known_logs={"medical.example/log": LOG.verifier}.get)

    def submit(size: int) -> int:
        note = LOG.sign(Checkpoint("medical.example/log", size, bytes([size]) * 32).format()).format()
        try:
            with database.write() as connection:
                witness.add_checkpoint(connection, witness.look_at(note), old_size=0, proof=(), now=NOW)
        except CheckpointConflictError:
            return 0
        return size

    with ThreadPoolExecutor(WRITERS) as pool:
        cosigned = [size for size in pool.map(submit, range(1, WRITERS + 1)) if size]
    assert len(cosigned) == 1
    with database.read() as connection:
        assert witness.known_size(connection, "medical.example/log") == cosigned[0]
    database.dispose()
