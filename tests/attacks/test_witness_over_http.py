"""IT2, IT3 through the HTTP witness: a body that shows two logs is refused and leaves the proof behind."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.oversight_reads import MedicalLog, events
from support.oversight_world import URLS, OversightWorld, body_certificate, oversight

from consent.vocabulary import Body
from services.directives.service import open_cosigner
from services.kit.http import RemoteProblemError
from services.kit.log.add_checkpoint import AddCheckpoint
from services.kit.log.checkpoint import verify_cosigned
from services.kit.log.checkpoint_store import parse_signature_lines
from services.kit.log.errors import CheckpointConflictError
from services.kit.log.note import NoteSigner, UnverifiedNote


@dataclass
class Scene:
    """The witness, and the medical centre's log with two entries that the witness has seen."""

    world: OversightWorld
    folder: Path
    log: MedicalLog

    def shown(self, log: MedicalLog, *, known_size: int) -> AddCheckpoint:
        """Return the request for a log's present head."""
        with log.database.write() as conn:
            log.checkpoints.sign_head(conn, now=self.world.clock())
            return log.checkpoints.submission(conn, known_size=known_size)

    def fork(self, *entries: str) -> MedicalLog:
        """Return another log signed with the medical centre's true key."""
        (self.folder / "fork").mkdir()
        fork = MedicalLog(
            self.folder / "fork", signer=self.world.others.logs[Body.MEDICAL], clock=self.world.clock
        )
        for each in entries:
            fork.append(each)
        return fork


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Let the witness co-sign size 2."""
    with oversight(tmp_path) as world:
        made = Scene(
            world, tmp_path, MedicalLog(tmp_path, signer=world.others.logs[Body.MEDICAL], clock=world.clock)
        )
        made.log.append("first")
        made.log.append("second")
        world.as_body(Body.MEDICAL).add_checkpoint(made.shown(made.log, known_size=0))
        yield made


def test_a_log_that_grows_is_co_signed(scene: Scene) -> None:
    """The way it should be: the answer is the witness's valid cosignature."""
    scene.log.append("third")
    request = scene.shown(scene.log, known_size=2)
    answer = scene.world.as_body(Body.MEDICAL).add_checkpoint(request)
    note = UnverifiedNote.parse(request.note)
    for line in parse_signature_lines(answer):
        note = note.with_signature(line)
    witness = open_cosigner(scene.world.context).verifier
    log = scene.world.others.logs[Body.MEDICAL].verifier
    assert verify_cosigned(note, log=log, witnesses=[witness], quorum=1).checkpoint.size == 3


def test_a_second_root_of_one_size_is_refused_and_both_notes_are_kept(scene: Scene) -> None:
    """IT2: 409, and the two signed notes lie in the witness's own log."""
    split = scene.shown(scene.fork("first", "not the second"), known_size=0)
    with pytest.raises(CheckpointConflictError):
        scene.world.as_body(Body.MEDICAL).add_checkpoint(AddCheckpoint(2, (), split.note))
    found = events(scene.world)[-1]
    assert (found["kind"], found["detail"]["origin"]) == ("log_split_found", "sekisho/medical")
    assert found["detail"]["submitted"] == split.note != found["detail"]["known"]


def test_a_fork_is_refused_from_every_size_it_may_claim(scene: Scene) -> None:
    """IT2: 422 with a proof from the known size, 409 from any other."""
    fork = scene.fork("first", "not the second", "third")
    with pytest.raises(RemoteProblemError) as refused:
        scene.world.as_body(Body.MEDICAL).add_checkpoint(scene.shown(fork, known_size=2))
    assert (refused.value.status, refused.value.code) == (422, "inconsistent_checkpoint")
    for claimed in (0, 1, 3):
        with pytest.raises(CheckpointConflictError) as conflict:
            scene.world.as_body(Body.MEDICAL).add_checkpoint(scene.shown(fork, known_size=claimed))
        assert conflict.value.known_size == 2


def test_a_shorter_log_is_refused(scene: Scene) -> None:
    """IT1: truncation; the conflict names the size that was co-signed."""
    with pytest.raises(CheckpointConflictError) as conflict:
        scene.world.as_body(Body.MEDICAL).add_checkpoint(scene.shown(scene.fork("first"), known_size=0))
    assert conflict.value.known_size == 2


def test_a_conflict_is_answered_in_the_form_of_the_protocol(scene: Scene) -> None:
    """C2SP tlog-witness: 409, content type text/x.tlog.size, the size and a newline."""
    answer = scene.world.client.post(
        URLS[Body.OVERSIGHT] + "/witness/add-checkpoint",
        content=scene.shown(scene.log, known_size=0).format(),
        headers={"content-type": "text/plain", **_peer(scene, Body.MEDICAL)},
    )
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (
        409,
        "text/x.tlog.size",
        "2\n",
    )


def test_a_checkpoint_signed_by_another_key_is_refused(scene: Scene) -> None:
    """IT3: the origin is known, the key is not its own."""
    text = scene.shown(scene.log, known_size=2).note.partition("\n\n")[0] + "\n"
    forged = NoteSigner("sekisho/medical", scene.world.others.signing[Body.PORTAL]).sign(text).format()
    with pytest.raises(RemoteProblemError) as refused:
        scene.world.as_body(Body.PORTAL).add_checkpoint(AddCheckpoint(2, (), forged))
    assert refused.value.status == 403


def test_the_witness_does_not_witness_itself(scene: Scene) -> None:
    """A third party's signature under its own log would prove nothing."""
    journal = scene.world.context.journal
    with scene.world.context.database.write() as conn:
        own = journal.checkpoints.sign_head(conn, now=scene.world.clock())
    with pytest.raises(RemoteProblemError) as refused:
        scene.world.as_body(Body.OVERSIGHT).add_checkpoint(AddCheckpoint(0, (), own.note))
    assert refused.value.status == 404


@pytest.mark.parametrize("body", [b"", b"old 2\n", b"old two\n\nnote", b"\xff", b"old 2\n\n" + b"x" * 70_000])
def test_a_malformed_request_is_a_problem_document(scene: Scene, body: bytes) -> None:
    """Bad input: 400, a stable code, nothing kept."""
    answer = scene.world.client.post(
        URLS[Body.OVERSIGHT] + "/witness/add-checkpoint",
        content=body,
        headers={"content-type": "text/plain", **_peer(scene, Body.MEDICAL)},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def _peer(scene: Scene, body: Body) -> dict[str, str]:
    return dict(scene.world.http(body_certificate(body))._peer)
