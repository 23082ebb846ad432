"""A log and a witness as real SQLite files, for the attack tests: honest code on files that somebody changes."""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, MetaData

from services.kit.database import Database
from services.kit.log.add_checkpoint import AddCheckpoint
from services.kit.log.checkpoint_store import CheckpointStore
from services.kit.log.note import Cosigner, NoteSigner
from services.kit.log.tables import log_tables
from services.kit.log.tree import LogTree
from services.kit.log.witness import Witness

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
ORIGIN = "medical.example/log"
METADATA = MetaData()
TABLES = log_tables(METADATA)
TREE = LogTree(TABLES)
BATCHES = [[b"%d/%d" % (batch, leaf) for leaf in range(4)] for batch in range(3)]
LEAVES = [leaf for batch in BATCHES for leaf in batch]
SIZE = 12


def key(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


LOG = NoteSigner(ORIGIN, key(1))
COSIGNER = Cosigner("oversight.example/witness", key(2))
STORE = CheckpointStore(TABLES, tree=TREE, signer=LOG)
WITNESS = Witness(TABLES, cosigner=COSIGNER, known_logs={ORIGIN: LOG.verifier}.get)


class Body:
    """A log's file, or the witness's; each use opens it afresh, as after a restart."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        database = Database(f"sqlite:///{self.file}")
        try:
            with database.write() as connection:
                yield connection
        finally:
            database.dispose()

    def create(self) -> "Body":
        with self.opened() as connection:
            METADATA.create_all(connection)
            TREE.initialise(connection)
        return self

    def copy(self, file: Path) -> "Body":
        shutil.copy(self.file, file)
        return Body(file)

    def grow(self, leaves: Sequence[bytes]) -> None:
        with self.opened() as connection:
            TREE.append(connection, leaves)
            STORE.sign_head(connection, now=NOW)

    def submit(self, oversight: "Body") -> None:
        """One witness interval: ask for the cosignature and keep it, starting from what the witness knows."""
        self.submit_from(oversight, oversight.known_size())

    def submit_from(self, oversight: "Body", old_size: int) -> None:
        """The same from a size that the log claims."""
        with self.opened() as connection:
            request = STORE.submission(connection, known_size=old_size)
            line = oversight.witness(request)
            size = STORE.sign_head(connection, now=NOW).checkpoint.size
            STORE.record_cosignature(connection, size=size, response=line, witness=COSIGNER.verifier)

    def witness(self, request: AddCheckpoint) -> str:
        with self.opened() as connection:
            shown = WITNESS.look_at(request.note)
            return WITNESS.add_checkpoint(
                connection, shown, old_size=request.old_size, proof=request.proof, now=NOW
            )

    def known_size(self) -> int:
        with self.opened() as connection:
            return WITNESS.known_size(connection, ORIGIN)

    def audit(self) -> list[str]:
        with self.opened() as connection:
            findings = TREE.recompute(connection)
            if not any(finding.table == "log_head" for finding in findings):
                findings += STORE.audit(connection, witnesses=[COSIGNER.verifier])
        return [str(finding) for finding in findings]

    def tamper(self, *statements: str) -> None:
        """What a database administrator does, without any of our code."""
        with sqlite3.connect(self.file) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    def rewrite(self, leaves: Sequence[bytes]) -> None:
        """Replace the whole tree by another that is right in itself; the checkpoints stay."""
        self.tamper("DELETE FROM log_leaf", "DELETE FROM log_node", "UPDATE log_head SET size = 0")
        with self.opened() as connection:
            TREE.append(connection, leaves)


def cosigned_log(folder: Path) -> tuple[Body, Body]:
    """A log of three batches and the oversight body that co-signed each; both without a finding."""
    medical, oversight = Body(folder / "medical.db").create(), Body(folder / "oversight.db").create()
    for batch in BATCHES:
        medical.grow(batch)
        medical.submit(oversight)
    assert medical.audit() == []
    assert oversight.known_size() == SIZE
    return medical, oversight
