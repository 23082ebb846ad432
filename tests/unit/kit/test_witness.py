"""The witness's five checks, each refusal with its own error, and the log's side of the exchange."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import MetaData

from services.kit.database import Database
from services.kit.log.add_checkpoint import AddCheckpoint
from services.kit.log.checkpoint import Checkpoint, verify_cosigned
from services.kit.log.checkpoint_store import CheckpointStore, parse_signature_lines
from services.kit.log.errors import (
    CheckpointConflictError,
    CheckpointSignatureError,
    ConsistencyError,
    LogFormatError,
    LogRangeError,
    SplitViewError,
    UnknownLogError,
)
from services.kit.log.merkle import EMPTY_ROOT, leaf_hash
from services.kit.log.note import Cosigner, NoteSigner, UnverifiedNote
from services.kit.log.tables import log_tables
from services.kit.log.tree import LogTree
from services.kit.log.witness import Witness

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
ORIGIN = "medical.example/log"


def key(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


LOG = NoteSigner(ORIGIN, key(1))
COSIGNER = Cosigner("oversight.example/witness", key(2))


class Log:
    """A real log with its own database."""

    def __init__(self, file: Path, signer: NoteSigner = LOG) -> None:
        metadata = MetaData()
        tables = log_tables(metadata)
        self.database = Database(f"sqlite:///{file}")
        self.tree = LogTree(tables)
        self.store = CheckpointStore(tables, tree=self.tree, signer=signer)
        with self.database.write() as connection:
            metadata.create_all(connection)
            self.tree.initialise(connection)

    def grow(self, *leaves: bytes) -> str:
        with self.database.write() as connection:
            self.tree.append(connection, leaves)
            return self.store.sign_head(connection, now=NOW).note

    def submission(self, known_size: int) -> AddCheckpoint:
        with self.database.write() as connection:
            return self.store.submission(connection, known_size=known_size)


class Oversight:
    """A real witness with its own database."""

    def __init__(self, file: Path) -> None:
        metadata = MetaData()
        tables = log_tables(metadata)
        self.database = Database(f"sqlite:///{file}")
        known = {ORIGIN: LOG.verifier}
        self.witness = Witness(tables, cosigner=COSIGNER, known_logs=known.get)
        with self.database.write() as connection:
            metadata.create_all(connection)

    def add(self, request: AddCheckpoint, now: datetime = NOW) -> str:
        shown = self.witness.look_at(request.note)
        with self.database.write() as connection:
            return self.witness.add_checkpoint(
                connection, shown, old_size=request.old_size, proof=request.proof, now=now
            )

    def known_size(self) -> int:
        with self.database.read() as connection:
            return self.witness.known_size(connection, ORIGIN)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path / "medical.db")
    yield made
    made.database.dispose()


@pytest.fixture
def oversight(tmp_path: Path) -> Iterator[Oversight]:
    made = Oversight(tmp_path / "oversight.db")
    yield made
    made.database.dispose()


def test_growing_log_is_cosigned_step_by_step(log: Log, oversight: Oversight) -> None:
    for known, leaves in [(0, [b"a"]), (1, [b"b", b"c"]), (3, [b"d"] * 9)]:
        note = log.grow(*leaves)
        line = oversight.add(log.submission(known))
        cosigned = UnverifiedNote.parse(note).with_signature(parse_signature_lines(line)[0])
        verified = verify_cosigned(cosigned, log=LOG.verifier, witnesses=[COSIGNER.verifier], quorum=1)
        assert verified.checkpoint.size == oversight.known_size() == known + len(leaves)
        assert verified.at == NOW


def test_first_checkpoint_of_an_empty_log_is_cosigned(log: Log, oversight: Oversight) -> None:
    log.grow()
    oversight.add(log.submission(0))
    log.grow(b"a")
    oversight.add(log.submission(0))
    assert oversight.known_size() == 1


def test_repeated_submission_gets_a_fresh_cosignature(log: Log, oversight: Oversight) -> None:
    log.grow(b"a", b"b")
    oversight.add(log.submission(0))
    line = oversight.add(log.submission(2), now=NOW + timedelta(minutes=5))
    note = log.submission(2).note
    refreshed = UnverifiedNote.parse(note).with_signature(parse_signature_lines(line)[0])
    assert COSIGNER.verifier.verify_cosigned(refreshed) == NOW + timedelta(minutes=5)


def test_unknown_log_is_refused(tmp_path: Path, oversight: Oversight) -> None:
    stranger = Log(tmp_path / "stranger.db", NoteSigner("stranger.example/log", key(5)))
    stranger.grow(b"a")
    with pytest.raises(UnknownLogError):
        oversight.add(stranger.submission(0))


def test_checkpoint_not_signed_by_the_known_key_is_refused(tmp_path: Path, oversight: Oversight) -> None:
    thief = Log(tmp_path / "thief.db", NoteSigner(ORIGIN, key(6)))
    thief.grow(b"a")
    with pytest.raises(CheckpointSignatureError):
        oversight.add(thief.submission(0))
    assert oversight.known_size() == 0


@pytest.mark.parametrize("claimed", [0, 1, 2])
def test_wrong_old_size_is_answered_with_the_known_one(log: Log, oversight: Oversight, claimed: int) -> None:
    log.grow(b"a", b"b", b"c")
    oversight.add(log.submission(0))
    log.grow(b"d")
    with pytest.raises(CheckpointConflictError) as refused:
        oversight.add(log.submission(claimed))
    assert refused.value.known_size == 3
    oversight.add(log.submission(refused.value.known_size))
    assert oversight.known_size() == 4


def test_old_size_above_the_checkpoints_is_malformed(log: Log, oversight: Oversight) -> None:
    log.grow(b"a")
    request = log.submission(0)
    with pytest.raises(LogFormatError):
        oversight.add(AddCheckpoint(2, (), request.note))


def test_proof_where_nothing_can_be_proved_is_refused(log: Log, oversight: Oversight) -> None:
    log.grow(b"a")
    with pytest.raises(ConsistencyError):
        oversight.add(AddCheckpoint(0, (EMPTY_ROOT,), log.submission(0).note))
    assert oversight.known_size() == 0


@pytest.mark.parametrize("damage", ["none", "missing", "changed", "longer"])
def test_only_the_true_consistency_proof_is_accepted(log: Log, oversight: Oversight, damage: str) -> None:
    log.grow(b"a", b"b", b"c")
    oversight.add(log.submission(0))
    log.grow(b"d", b"e")
    request = log.submission(3)
    proof = {
        "none": (),
        "missing": request.proof[:-1],
        "changed": (leaf_hash(b"x"), *request.proof[1:]),
        "longer": (*request.proof, leaf_hash(b"x")),
    }[damage]
    with pytest.raises(ConsistencyError):
        oversight.add(AddCheckpoint(3, proof, request.note))
    assert oversight.known_size() == 3


def test_two_roots_for_one_size_are_kept_as_proof_of_the_split(log: Log, oversight: Oversight) -> None:
    log.grow(b"a")
    honest = log.submission(0)
    oversight.add(honest)
    forged = LOG.sign(Checkpoint(ORIGIN, 1, leaf_hash(b"other")).format()).format()
    with pytest.raises(SplitViewError) as refused:
        oversight.add(AddCheckpoint(1, (), forged))
    assert (refused.value.known_note, refused.value.submitted_note) == (honest.note, forged)
    assert refused.value.known_size == 1
    assert "two different roots" in str(refused.value)


def test_refused_checkpoint_leaves_no_trace(log: Log, oversight: Oversight) -> None:
    log.grow(b"a")
    oversight.add(log.submission(0))
    log.grow(b"b")
    with pytest.raises(ConsistencyError):
        oversight.add(AddCheckpoint(1, (), log.submission(1).note))
    oversight.add(log.submission(1))
    assert oversight.known_size() == 2


def test_cosignature_rolled_back_with_the_transaction_is_not_remembered(
    log: Log, oversight: Oversight
) -> None:
    log.grow(b"a")
    request = log.submission(0)
    with oversight.database.engine.connect() as connection:
        oversight.witness.add_checkpoint(
            connection, oversight.witness.look_at(request.note), old_size=0, proof=(), now=NOW
        )
        connection.rollback()
    assert oversight.known_size() == 0


def test_request_survives_its_text_form(log: Log) -> None:
    log.grow(b"a", b"b", b"c")
    log.grow(b"d")
    request = log.submission(3)
    assert request.proof
    assert AddCheckpoint.parse(request.format()) == request
    assert AddCheckpoint.parse(AddCheckpoint(0, (), request.note).format()).proof == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 1\n",
        b"old 1\nnot base64\n\nnote",
        b"old 1\nAAAA\n\nnote",
        b"old 01\n\nnote",
        b"old -1\n\nnote",
        b"old  1\n\nnote",
        b"Old 1\n\nnote",
        b"1\n\nnote",
        b"old 1\r\n\r\nnote",
        b"old 1\n\n\xff",
        b"old 1\n" + b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" * 64 + b"\nnote",
    ],
)
def test_anything_but_the_one_form_of_a_request_is_refused(body: bytes) -> None:
    with pytest.raises(LogFormatError):
        AddCheckpoint.parse(body)


def test_cosignature_is_kept_with_the_checkpoint(log: Log, oversight: Oversight) -> None:
    log.grow(b"a")
    line = oversight.add(log.submission(0))
    other = Cosigner("identity.example/witness", key(3))
    text = UnverifiedNote.parse(log.submission(0).note).text
    with log.database.write() as connection:
        log.store.record_cosignature(connection, size=1, response=line, witness=COSIGNER.verifier)
        second = other.cosign(text, now=NOW).format()
        stored = log.store.record_cosignature(connection, size=1, response=second, witness=other.verifier)
        assert log.store.latest_cosigned(connection) == stored
    assert stored.cosigned_note is not None
    verify_cosigned(
        UnverifiedNote.parse(stored.cosigned_note),
        log=LOG.verifier,
        witnesses=[COSIGNER.verifier, other.verifier],
        quorum=2,
    )


def test_answer_that_is_not_the_witnesss_cosignature_is_not_kept(log: Log) -> None:
    log.grow(b"a")
    text = UnverifiedNote.parse(log.submission(0).note).text
    stranger = Cosigner("stranger.example/witness", key(7)).cosign(text, now=NOW).format()
    imitation = Cosigner(COSIGNER.verifier.name, key(7)).cosign(text, now=NOW).format()
    for response in (stranger, imitation):
        with pytest.raises(CheckpointSignatureError), log.database.write() as connection:
            log.store.record_cosignature(connection, size=1, response=response, witness=COSIGNER.verifier)
    for malformed in ("", "no", "— half"):
        with pytest.raises(LogFormatError), log.database.write() as connection:
            log.store.record_cosignature(connection, size=1, response=malformed, witness=COSIGNER.verifier)
    with log.database.read() as connection:
        assert log.store.latest_cosigned(connection) is None


def test_cosignature_for_a_size_never_signed_is_refused(log: Log) -> None:
    line = COSIGNER.cosign("text\n", now=NOW).format()
    with pytest.raises(LogRangeError), log.database.write() as connection:
        log.store.record_cosignature(connection, size=4, response=line, witness=COSIGNER.verifier)


def test_log_without_a_checkpoint_has_nothing_to_submit(log: Log) -> None:
    with pytest.raises(LogRangeError):
        log.submission(0)


def test_unchanged_head_keeps_its_checkpoint(log: Log) -> None:
    assert log.grow(b"a") == log.grow()


def test_proof_beyond_the_head_is_refused_as_such(log: Log) -> None:
    log.grow(b"a", b"b", b"c", b"d", b"e")
    with log.database.read() as connection:
        for index, size in [(0, 6), (0, 8), (5, 6)]:
            with pytest.raises(LogRangeError):
                log.tree.inclusion(connection, index, size)
