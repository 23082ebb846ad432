"""Uploads of one organisation at the same moment, on every database: the quota holds, and each segment is kept once."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from support.database import BODIES, DATABASES
from support.medical_story import ALL, deposit
from support.medical_world import HOSPITAL, Running, Someone, World
from support.streams import IMAGING, study, upload

from services.contracts.medical.streams import BeginUpload, StreamsClient
from services.kit.http import RemoteProblemError

AT_ONCE = 24
FIT = 5
SIZE = 1_000_000


@pytest.fixture(params=DATABASES)
def running(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    monkeypatch.setenv(BODIES, request.param)
    world = World(tmp_path)
    several = {"upload_quota_bytes": FIT * SIZE, "database_connections": 8}
    world.settings = world.settings.model_copy(update=several)
    with world.running() as started:
        yield started


def at_once(work: Callable[[int], object]) -> Counter[str]:
    """Do the same in many threads; count what became of it, by the code of a refusal."""

    def one(number: int) -> str:
        try:
            work(number)
        except RemoteProblemError as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(one, range(AT_ONCE)))


def test_uploads_announced_at_the_same_moment_stay_within_the_quota(running: Running) -> None:
    member = running.world.members[HOSPITAL]
    tokens = [running.world.token(member) for _ in range(AT_ONCE)]
    streams = StreamsClient(running.http(HOSPITAL))
    found = at_once(lambda number: streams.begin(BeginUpload(size=SIZE), token=tokens[number]))
    assert found == {"done": FIT, "upload_quota": AT_ONCE - FIT}


def test_segment_sent_many_times_at_once_is_kept_once_and_deposited(running: Running) -> None:
    person, world = Someone("hanako"), running.world
    running.enrol(person, [*ALL, IMAGING])
    made, member = study(person, content=b"a study"), world.members[HOSPITAL]
    streams = StreamsClient(running.http(HOSPITAL))
    began = streams.begin(BeginUpload(size=made.name.size), token=world.token(member)).upload
    tokens = [world.token(member) for _ in range(AT_ONCE)]
    (segment,) = made.segments
    found = at_once(lambda number: streams.put(began, 0, segment, token=tokens[number]))
    assert found == {"done": AT_ONCE}
    assert streams.state(began, token=world.token(member)).missing == []
    other = sha256(segment).digest() * (len(segment) // 32 + 1)
    with pytest.raises(RemoteProblemError):
        streams.put(began, 0, other[: len(segment)], token=world.token(member))
    upload(streams, made, token=world.token(member))
    deposit(running, person, [made.bundle(world)])
