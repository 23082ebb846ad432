"""`python -m benchmarks.look_ups`: a registry of many synthetic residents, looked up in every way.

Measured is the workflow within the process, with the log entry and its commit to disk (WAL, synchronous=FULL), and
without HTTP. Bare: for each hit one HMAC, four cells of AES-GCM and one SELECT, in the same run.
"""

import argparse
import csv
import hmac
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import Final, TypeVar

from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from benchmarks.look_up_stage import Stage, stage
from services.contracts.registry.look_ups import (
    MOST_QUERIES,
    BatchResult,
    LookUp,
    LookUpBatch,
    Match,
    Query,
    Sought,
)
from services.gateway.inquirer import Known
from services.gateway.look_up_files import read_rows, write_results
from services.registry import looking_up
from services.registry.tables import resident

FULL_RESIDENTS: Final = 1_000_000
QUICK_RESIDENTS: Final = 3_000
CALLERS: Final = 32
TASK, CASE = "resident_record", "benchmark"
Item = TypeVar("Item")
MEGABYTE: Final = 1024 if sys.platform != "darwin" else 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table; `well` is None where nothing is aimed at."""

    name: str
    value: float
    unit: str
    aim: str = ""
    well: bool | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    residents: int
    runs: int
    rows: int


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.look_ups", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few residents and runs, some seconds")
    parser.add_argument("--residents", type=int, default=FULL_RESIDENTS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    arguments = parser.parse_args()
    size = Size(QUICK_RESIDENTS, 50, 1_500) if arguments.quick else Size(arguments.residents, 3_000, 100_000)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="sekisho-bench-") as name:
        figures = run(Path(name), size, console)
    show(figures, size, console)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps([asdict(each) for each in figures], indent=1) + "\n")


def run(folder: Path, size: Size, console: Console) -> list[Figure]:
    """Return all figures."""
    chosen = random.Random(size.residents)
    with console.status("entering residents"), stage(folder) as scene:
        started = time.perf_counter()
        scene.enter(size.residents)
        entered = size.residents / (time.perf_counter() - started)
        figures = [Figure("residents entered", entered, "per second")]
        figures += _by_number(scene, size, chosen)
        figures += _by_name(scene, size, chosen)
        figures += _batch(scene, folder, size, chosen)
        figures.append(_at_most("largest memory of the process", _megabytes(), "MB", 400))
        return figures


def show(figures: Sequence[Figure], size: Size, console: Console) -> None:
    """Print the table."""
    table = Table(title=f"Look-ups among {size.residents:,} residents, SQLite, one process")
    for number, column in enumerate(("what", "measured", "", "aim", "")):
        table.add_column(column, justify="right" if number == 1 else "left", no_wrap=True)
    for each in figures:
        well = {None: "", True: "ok", False: "not reached"}[each.well]
        table.add_row(each.name, f"{each.value:,.2f}", each.unit, each.aim, well)
    console.print(table)


def _by_number(scene: Stage, size: Size, chosen: random.Random) -> list[Figure]:
    people = [chosen.randrange(size.residents) for _ in range(size.runs)]
    tokens = [scene.token(person) for person in people]

    def one(token: str) -> None:
        message = LookUp(query=Query(token=token), task=TASK, case=CASE)
        if len(looking_up.look_up(scene.registry, scene.caller, message).residents) != 1:
            raise AssertionError("somebody was not found by number")

    single = _rate(one, tokens)
    tokens = [scene.token(person) for person in people]
    started = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(one, tokens))
    at_once = len(people) / (time.perf_counter() - started)
    parts = list(_parts([scene.token(person) for person in people], MOST_QUERIES))
    started = time.perf_counter()
    for part in parts:
        looking_up.look_up_batch(scene.registry, scene.caller, _part([Query(token=each) for each in part]))
    batch = len(people) / (time.perf_counter() - started)
    bare = _rate(lambda person: _bare(scene, person), people)
    return [
        Figure("by number, one at a time", single, "per second"),
        _at_least(f"by number, {CALLERS} callers at once", at_once, "per second", 1_500),
        _at_least("by number, 500 in a request", batch, "per second", 1_500),
        Figure("bare: HMAC, AES, SELECT", bare, "per second"),
        Figure(f"ratio of {CALLERS} callers at once to bare", bare / at_once, "x"),
        Figure("ratio of 500 in a request to bare", bare / batch, "x"),
    ]


def _bare(scene: Stage, number: int) -> None:
    registry, person = scene.registry, scene.pseudonym(number)
    hmac.digest(registry.look_ups.index.secret, person.encode(), "sha256")
    cells = select(resident.c.name, resident.c.address, resident.c.sex, resident.c.birth_date)
    with registry.context.database.read() as conn:
        row = conn.execute(cells.where(resident.c.pseudonym == person)).one()
    for item, cell in zip(("name", "address", "sex", "birth_date"), row, strict=True):
        registry.context.cipher.open(cell, cell=f"resident.{item}/{person}")


def _by_name(scene: Stage, size: Size, chosen: random.Random) -> list[Figure]:
    figures = []
    for name, question in (
        ("first character + birth date", _start_and_birth_date),
        ("two characters + birth date", _longer_start_and_birth_date),
        ("first character + full address", _start_and_address),
        ("full name + start of address", _name_and_start),
    ):
        times, found = [], 0
        for _ in range(size.runs):
            asked = question(scene.known(chosen.randrange(size.residents)))
            started = time.perf_counter()
            told = looking_up.look_up_batch(scene.registry, scene.caller, _part([asked])).results[0]
            times.append((time.perf_counter() - started) * 1000)
            found += bool(told.residents)
        figures.append(_at_most(f"{name}: p95", quantiles(times, n=20)[-1], "ms", 20))
        figures.append(Figure(f"{name}: median", quantiles(times, n=2)[0], "ms"))
        figures.append(Figure(f"{name}: with an answer", 100 * found / size.runs, "%"))
    return figures


def _batch(scene: Stage, folder: Path, size: Size, chosen: random.Random) -> list[Figure]:
    rows, results = folder / "rows.csv", folder / "results.csv"
    with rows.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "birth_date"])
        for _ in range(size.rows):
            known = scene.known(chosen.randrange(size.residents))
            writer.writerow([known.name, known.birth_date])
    before, started = _megabytes(), time.perf_counter()
    with results.open("w", encoding="utf-8", newline="") as target:
        done = write_results(target, _answered(scene, read_rows(rows)))
    if done != size.rows:
        raise AssertionError("a row of the batch was not answered")
    return [
        Figure(f"batch of {size.rows:,} rows", done / (time.perf_counter() - started), "per second"),
        Figure("memory more after the batch", _megabytes() - before, "MB"),
    ]


def _answered(scene: Stage, rows: Iterable[Known]) -> Iterator[tuple[Known, BatchResult]]:
    for part in _parts(rows, MOST_QUERIES):
        asked = [Query(name=Sought(text=each.name), birth_date=each.birth_date) for each in part]
        told = looking_up.look_up_batch(scene.registry, scene.caller, _part(asked))
        yield from zip(part, told.results, strict=True)


def _start_and_birth_date(known: Known) -> Query:
    return Query(name=_start(known.name[:1]), birth_date=known.birth_date)


def _longer_start_and_birth_date(known: Known) -> Query:
    return Query(name=_start(known.name[:2]), birth_date=known.birth_date)


def _start_and_address(known: Known) -> Query:
    return Query(name=_start(known.name[:1]), address=Sought(text=known.address))


def _name_and_start(known: Known) -> Query:
    place = known.address.index("市") + 2
    return Query(name=Sought(text=known.name), address=_start(known.address[:place]))


def _start(text: str) -> Sought:
    return Sought(text=text, match=Match.PREFIX)


def _part(queries: list[Query]) -> LookUpBatch:
    return LookUpBatch(queries=queries, task=TASK, case=CASE, batch="benchmark")


def _parts(rows: Iterable[Item], most: int) -> Iterator[list[Item]]:
    waiting = iter(rows)
    while part := list(islice(waiting, most)):
        yield part


def _rate(work: Callable[[Item], object], items: Sequence[Item]) -> float:
    started = time.perf_counter()
    for each in items:
        work(each)
    return len(items) / (time.perf_counter() - started)


def _at_least(name: str, value: float, unit: str, aim: float) -> Figure:
    return Figure(name, value, unit, f">= {aim:g}", value >= aim)


def _at_most(name: str, value: float, unit: str, aim: float) -> Figure:
    return Figure(name, value, unit, f"<= {aim:g}", value <= aim)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE


if __name__ == "__main__":
    main()
