"""`python -m benchmarks.streams`: a large document sealed, opened, stored and read back, and the memory that takes.

`sealed and opened` is set, in turns, against AES-256-GCM by itself over the same file, read in pieces of the same size
into buffers that are used again and again: as fast as it gets. `named` adds the SHA-256 of every segment, which
the author signs and the reader compares; the machine does SHA-256 many times slower than AES-GCM, so it is shown by
itself. The rest is over the real bodies with TLS.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from rich.console import Console
from rich.table import Table

from benchmarks.stage import Stage, stage, terms_of
from consent.compartments import Compartment
from consent.identifiers import BundleId, DocumentId, OrganisationId
from consent.sealing import begin_bundle
from consent.streams import PLAIN_SEGMENT, SEGMENT, TAG, LargeDocument, StreamCipher
from consent.vocabulary import Category, Purpose
from consent.wallet import Wallet
from services.gateway.hospital import link
from services.gateway.large_documents import LargeFile, deposit_file
from services.gateway.large_reading import fetch, find_large
from services.gateway.wallet_actions import lay_down
from services.kit.clock import system_clock, system_randomness

AIM: Final = 0.6
MEGABYTE: Final = 1_000_000
FULL, QUICK = 500, 24
RUNS, QUICK_RUNS = 7, 2
PIECE: Final = bytes(range(256)) * 4096


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. Units: as `unit` says; `aim` is a least value."""

    name: str
    value: float
    unit: str
    aim: float | None = None

    @property
    def well(self) -> bool:
        """Whether the aim is met."""
        return self.aim is None or self.value >= self.aim


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} MB in place of {FULL}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    arguments = parser.parse_args()
    megabytes, runs = (QUICK, QUICK_RUNS) if arguments.quick else (FULL, RUNS)
    with tempfile.TemporaryDirectory(prefix="sekisho-bench-") as name:
        study = _study(Path(name) / "study.dcm", megabytes)
        figures = [*construction(study, megabytes, runs), *services(Path(name), study, megabytes)]
    _show(figures, megabytes)
    if arguments.json is not None:
        arguments.json.write_text(
            json.dumps([asdict(each) | {"well": each.well} for each in figures], indent=1)
        )


def construction(study: Path, megabytes: int, runs: int) -> Iterator[Figure]:
    """Measure sealing and opening by themselves; what is sealed goes no further than the next segment."""
    cipher = _cipher(study.stat().st_size)
    bare, nonce, header = AESGCM(bytes(32)), bytes(12), bytes(32)

    def own() -> None:
        with study.open("rb", buffering=0) as source:
            for _ in cipher.open(cipher.seal(source.read)):
                pass

    plain, sealed = memoryview(bytearray(PLAIN_SEGMENT)), memoryview(bytearray(SEGMENT))

    def alone() -> None:
        with study.open("rb", buffering=0) as source:
            while size := source.readinto(plain):
                bare.encrypt_into(nonce, plain[:size], header, sealed[: size + TAG])
                bare.decrypt_into(nonce, sealed[: size + TAG], header, plain[:size])

    def named() -> None:
        with study.open("rb", buffering=0) as source:
            for segment in cipher.seal(source.read):
                sha256(segment).digest()

    own()  # warm
    before = _peak()
    took: dict[Callable[[], None], list[float]] = {own: [], alone: [], named: []}
    for _ in range(runs):
        for work, times in took.items():
            times.append(_timed(work))
    seconds, least = median(took[own]), median(took[alone])
    yield Figure("sealed and opened", megabytes / seconds, "MB/s")
    yield Figure("AES-256-GCM alone, both ways", megabytes / least, "MB/s")
    ratio = median(one / other for one, other in zip(took[alone], took[own], strict=True))
    yield Figure("share of AES-256-GCM's own rate", ratio, "", AIM)
    yield Figure("sealed and named (SHA-256)", megabytes / median(took[named]), "MB/s")
    yield Figure("growth of peak memory while sealing and opening", _peak() - before, "MB")


def services(folder: Path, study: Path, megabytes: int) -> Iterator[Figure]:
    """Measure depositing and opening over real bodies."""
    with stage(folder / "bodies") as scene:
        at_hospital, at_clinic = _permitted(scene)
        before = _peak()
        place = (Category.IMAGING, scene.years.last)
        seconds = _timed(
            lambda: deposit_file(
                scene.hospital, at_hospital, LargeFile(study, "application/dicom"), place=place
            )
        )
        yield Figure("deposit over TLS, to files", megabytes / seconds, "MB/s")
        started = time.perf_counter()
        (found,) = find_large(
            scene.clinic,
            at_clinic,
            categories=frozenset({Category.IMAGING}),
            years=scene.years,
            purpose=Purpose.TREAT,
        )
        opened = fetch(scene.clinic, found, folder / "out")
        yield Figure("read and open over TLS", megabytes / (time.perf_counter() - started), "MB/s")
        if opened.path.stat().st_size != study.stat().st_size:
            raise AssertionError("another study came out")
        yield Figure("growth of the gateway's peak memory", _peak() - before, "MB")
        yield Figure("peak memory of the largest body", _largest_child(), "MB")


def _permitted(scene: Stage) -> tuple[str, str]:
    person = scene.person
    lay_down(person, terms_of(scene.clinic.id, scene.years, frozenset({Category.IMAGING})))
    return link(scene.hospital, person), link(scene.clinic, person)


def _cipher(size: int) -> StreamCipher:
    wallet, compartment = Wallet.create(system_randomness), Compartment(Category.IMAGING, 2026, 1)
    meta, key = begin_bundle(
        subject=wallet.subject,
        compartment=compartment,
        compartment_key=wallet.compartment_public_key(compartment),
        author=OrganisationId("hospital"),
        bundle_id=BundleId("b"),
        randomness=system_randomness,
    )
    large = LargeDocument("application/dicom", "study.dcm", size, system_randomness(7))
    return StreamCipher(key, meta, DocumentId("d"), 1, large=large)


def _study(file: Path, megabytes: int) -> Path:
    with file.open("wb") as opened:
        left = megabytes * MEGABYTE
        while left:
            left -= opened.write(PIECE[: min(left, len(PIECE))])
    return file


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _largest_child() -> float:
    found = 0
    for entry in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split():
        for line in Path(f"/proc/{entry}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                found = max(found, int(line.split()[1]))
    return found / 1000


def _show(figures: list[Figure], megabytes: int) -> None:
    table = Table(title=f"One large document of {megabytes} MB, {system_clock():%Y-%m-%d}", show_edge=False)
    for column in ("what", "value", "unit", "aim"):
        table.add_column(column, justify="right" if column == "value" else "left")
    for each in figures:
        aim = "" if each.aim is None else f"≥ {each.aim} {'ok' if each.well else 'under'}"
        table.add_row(
            each.name, f"{each.value:.2f}" if each.value < 10 else f"{each.value:.0f}", each.unit, aim
        )
    Console().print(table)


if __name__ == "__main__":
    main()
