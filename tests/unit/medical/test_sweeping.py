"""What was uploaded and not deposited ends, whatever interrupts that; what was deposited stays."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.medical_story import deposit
from support.medical_world import HOSPITAL, Running, Someone, World
from support.streams import IMAGING, study, upload

from services.contracts.medical.streams import BeginUpload, StreamsClient
from services.kit.blobs import Blobs, FileBlobs
from services.kit.http import RemoteProblemError
from services.medical.apart import Apart
from services.medical.app import open_blobs
from services.medical.centre import Centre
from services.medical.store import MedicalStore
from services.medical.stream_store import StreamStore
from services.medical.sweeping import sweep

HOURS = timedelta(hours=25)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with World(tmp_path).running() as made:
        yield made


def centre(world: World, blobs: Blobs | None = None) -> Centre:
    """Return what the sweep works with, on the running centre's own folder."""
    context = world.context
    return Centre(
        context=context,
        settings=world.settings,
        register=world.register,
        directives=None,  # type: ignore[arg-type]  # nothing of it is used here
        barrier=None,  # type: ignore[arg-type]  # likewise
        store=MedicalStore(context.cipher),
        apart=Apart(context.cipher, context.randomness),
        streams=StreamStore(context.cipher),
        blobs=blobs or open_blobs(world.settings),
        seconds=[],
        workers=None,  # type: ignore[arg-type]  # likewise
    )


def files(world: World) -> list[Path]:
    """Return everything in the storage."""
    return [each for each in (world.settings.data / "blobs").rglob("*") if each.is_file()]


def waiting(running: Running, person: Someone) -> str:
    """Upload two of three segments."""
    made, token = study(person, document="never"), running.world.token(running.world.members[HOSPITAL])
    streams = StreamsClient(running.http(HOSPITAL))
    began = streams.begin(BeginUpload(size=made.name.size), token=token).upload
    for number in range(2):
        streams.put(began, number, made.segments[number], token=token)
    return began


def kept(running: Running, person: Someone) -> None:
    """Deposit a study."""
    running.enrol(person, [IMAGING])
    made, token = study(person), running.world.token(running.world.members[HOSPITAL])
    upload(StreamsClient(running.http(HOSPITAL)), made, token=token)
    deposit(running, person, [made.bundle(running.world)])


def test_upload_that_is_never_deposited_ends_and_a_deposited_one_stays(running: Running) -> None:
    world, person = running.world, Someone("hanako")
    kept(running, person)
    began = waiting(running, person)
    assert (sweep(centre(world)), len(files(world))) == ((0, 0), 5)
    world.now += HOURS
    assert (sweep(centre(world)), len(files(world))) == ((1, 0), 3)
    assert sweep(centre(world)) == (0, 0)
    with pytest.raises(RemoteProblemError, match="upload_unknown"):
        StreamsClient(running.http(HOSPITAL)).state(began, token=world.token(world.members[HOSPITAL]))


def test_sweep_that_dies_leaves_nothing_behind_for_the_next_one(running: Running) -> None:
    """LD1: killed after the transaction and before the storage, the segments have no row; they go at the next run."""

    class DiedError(BaseException):
        """Stands for the process's end."""

    class Dying(FileBlobs):
        """Dies before the first blob goes."""

        def remove(self, names: object) -> None:
            raise DiedError

    world, person = running.world, Someone("hanako")
    kept(running, person)
    waiting(running, person)
    world.now += HOURS
    with pytest.raises(DiedError):
        sweep(centre(world, Dying(world.settings.data / "blobs")))
    assert len(files(world)) == 5
    assert (sweep(centre(world)), len(files(world))) == ((0, 2), 3)
