"""Large documents in an S3 service beside a real medical centre: kept there, missed clearly, found again."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from moto.server import ThreadedMotoServer
from support.command_line import assert_one_line, within
from support.desk import Desk

from consent.vocabulary import Body
from services.kit.blobs import Blobs
from services.kit.clock import system_clock
from services.kit.object_storage import Bucket, open_bucket

pytestmark = [pytest.mark.processes, pytest.mark.long]

YEAR = str(system_clock().year)
STUDY = bytes(range(249)) * 12_000
BUCKET, PREFIX, REGION = "large-documents", "medical", "us-east-1"
WAIT = 2.0


class Service:
    """An S3 service on this machine that can be taken away."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.port = 0
        self.start()
        httpx.put(f"{self.endpoint}/{BUCKET}", timeout=60).raise_for_status()

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Answer, again at the same place; what it held it holds (in this process)."""
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self.server.start()
        self.port = self.server.get_host_and_port()[1]

    def stop(self) -> None:
        """Answer nobody."""
        self.server.stop()

    def blobs(self, credentials: Path) -> Blobs:
        """What lies in the bucket."""
        told = Bucket(name=BUCKET, endpoint=self.endpoint, region=REGION, prefix=PREFIX, timeout=WAIT)
        return open_bucket(told, credentials)


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    file = tmp_path / "object-storage.credentials"
    file.write_text("an-id\na-secret-that-nobody-prints\n")
    return file


@pytest.fixture
def storage(desk: Desk, credentials: Path) -> Iterator[Service]:
    """The medical centre of the deployment, restarted so that it keeps large documents in the service."""
    service, processes = Service(), desk.scene.processes
    before = dict(processes.overrides)
    told = {"bucket": BUCKET, "endpoint": service.endpoint, "prefix": PREFIX, "region": REGION}
    told |= {"credentials": str(credentials), "timeout_seconds": str(WAIT)}
    changed = {Body.MEDICAL: {f"blob_{name}": value for name, value in told.items()}}

    def restart(overrides: dict[Body, dict[str, str]]) -> None:
        processes.kill(Body.MEDICAL)
        processes.overrides = overrides
        processes.start([Body.MEDICAL])

    restart({body: dict(before.get(body, {})) | changed.get(body, {}) for body in Body})
    try:
        yield service
    finally:
        restart({body: dict(each) for body, each in before.items()})
        service.stop()


@pytest.mark.usefixtures("pins")
def test_study_lies_sealed_in_object_storage_and_an_outage_loses_nothing(
    desk: Desk, storage: Service, credentials: Path, tmp_path: Path
) -> None:
    """LD9: while the storage is away, reading and depositing end with a clear error; afterwards both go on."""
    study, out = tmp_path / "chest.dcm", tmp_path / "out"
    study.write_bytes(STUDY)
    deposit: list[str | Path] = ["deposit-file", "--as", desk.credentials("hospital-a")]
    deposit += ["--reference", desk.reference, "--year", YEAR]
    done = within(*deposit, "--file", study)
    assert done.returncode == 0, done.stderr
    blobs = storage.blobs(credentials)
    kept = list(blobs.older_than(datetime.now(UTC) + timedelta(days=1)))
    assert len(kept) == 3
    assert not any(STUDY[:64] in blobs.get(name) for name in kept)

    mine: list[str | Path] = ["own-records", "--card", desk.card, "--to", out]
    storage.stop()
    assert_one_line(within(*mine), "storage_unavailable")
    other = tmp_path / "knee.dcm"
    other.write_bytes(STUDY[::-1])
    assert_one_line(within(*deposit, "--file", other), "storage_unavailable")
    said = desk.scene.processes.log_file(Body.MEDICAL).read_text()
    assert "a-secret-that-nobody-prints" not in said

    storage.start()
    done = within(*mine)
    assert done.returncode == 0, done.stderr
    assert (out / "chest.dcm").read_bytes() == STUDY
    done = within(*deposit, "--file", other)
    assert done.returncode == 0, done.stderr
