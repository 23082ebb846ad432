"""IT2 and IT3 on the log package: the log's operator, with its true key, shows more than one log."""

from pathlib import Path

import pytest
from support.tampered_log import COSIGNER, LOG, ORIGIN, SIZE, STORE, Body, key

from services.kit.log.add_checkpoint import AddCheckpoint
from services.kit.log.checkpoint import verify_cosigned
from services.kit.log.errors import (
    CheckpointConflictError,
    CheckpointSignatureError,
    ConsistencyError,
    SplitViewError,
    UnknownLogError,
)
from services.kit.log.note import NoteSigner, UnverifiedNote


def test_second_view_of_one_size_gets_no_cosignature(tmp_path: Path, medical: Body, oversight: Body) -> None:
    """IT2: one size, two checkpoints, both signed with the log's true key."""
    portal_view = medical.copy(tmp_path / "portal.db")
    auditor_view = medical.copy(tmp_path / "auditor.db")
    portal_view.grow([b"shown to the portal"])
    auditor_view.grow([b"shown to the auditor"])
    portal_view.submit(oversight)
    with pytest.raises(SplitViewError) as refused:
        auditor_view.submit_from(oversight, SIZE + 1)
    assert refused.value.known_note != refused.value.submitted_note


def test_fork_after_a_cosigned_size_gets_no_cosignature(
    tmp_path: Path, medical: Body, oversight: Body
) -> None:
    """IT2: the fork grows past the view that was co-signed, and tries every size it could claim."""
    fork = medical.copy(tmp_path / "fork.db")
    medical.grow([b"true"])
    medical.submit(oversight)
    fork.grow([b"false", b"false too"])
    with pytest.raises(ConsistencyError):
        fork.submit(oversight)
    for claimed in range(SIZE + 1):
        with pytest.raises(CheckpointConflictError):
            fork.submit_from(oversight, claimed)


def test_checkpoint_without_cosignature_convinces_no_client(medical: Body) -> None:
    """IT2: a client refuses the log's own word."""
    medical.grow([b"shown to one client only"])
    with medical.opened() as connection:
        last = STORE.latest(connection)
    assert last is not None
    with pytest.raises(CheckpointSignatureError):
        verify_cosigned(
            UnverifiedNote.parse(last.note), log=LOG.verifier, witnesses=[COSIGNER.verifier], quorum=1
        )


@pytest.mark.parametrize(
    ("signer", "refusal"),
    [
        (NoteSigner("other.example/log", key(1)), UnknownLogError),
        (NoteSigner(ORIGIN, key(9)), CheckpointSignatureError),
    ],
)
def test_log_under_another_name_or_key_is_not_taken_for_this_one(
    medical: Body, oversight: Body, signer: NoteSigner, refusal: type[Exception]
) -> None:
    """IT3: identity or key of the log changed."""
    with medical.opened() as connection:
        last = STORE.latest(connection)
    assert last is not None
    renamed = UnverifiedNote.parse(last.note).text.replace(ORIGIN, signer.verifier.name)
    with pytest.raises(refusal):
        oversight.witness(AddCheckpoint(SIZE, (), signer.sign(renamed).format()))
