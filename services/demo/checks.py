"""Running numbered checks with a progress display, and telling what was seen."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)


class CheckFailedError(Exception):
    """What was seen is not what must be."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check as the JSON report tells it. Units: seconds."""

    id: int
    title: str
    ok: bool
    seen: str
    seconds: float


class Steps:
    """The progress line of the running check."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, visible=False)

    def begin(self, what: str, total: int | None = None) -> None:
        """Show a new part of the check."""
        self._progress.reset(self._task, description=what, total=total, visible=True)

    def advance(self, count: int = 1) -> None:
        """Show that `count` more are done."""
        self._progress.advance(self._task, count)


Run = Callable[[Steps], str]
Check = tuple[str, Run]


def expect(holds: object, problem: str) -> None:
    """Fail the check with `problem` unless `holds`."""
    if not holds:
        raise CheckFailedError(problem)


def run_checks(checks: Sequence[Check], console: Console) -> list[Finding]:
    """Run all checks in order and print each; a check that fails does not keep the later ones from running."""
    found: list[Finding] = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        steps = Steps(progress)
        for number, (title, run) in enumerate(checks, 1):
            steps.begin(f"{number:2d} {title}")
            finding = _run(number, title, run, steps)
            found.append(finding)
            mark = "[green]✓ ok    [/]" if finding.ok else "[red]✗ FAILED[/]"
            console.print(f"{mark} {number:2d}. {title} [dim]({finding.seconds:.1f} s)[/]", highlight=False)
            console.print(f"            {finding.seen}", highlight=False, markup=False, soft_wrap=True)
    return found


def _run(number: int, title: str, run: Run, steps: Steps) -> Finding:
    started = time.monotonic()
    try:
        seen, ok = run(steps), True
    except CheckFailedError as error:
        seen, ok = str(error), False
    except Exception as error:
        # whatever goes wrong is a check that does not hold, and the next one is to run
        seen, ok = f"{type(error).__name__}: {error}", False
    return Finding(number, title, ok, seen, round(time.monotonic() - started, 3))


def save(findings: Sequence[Finding], file: Path) -> None:
    """Write the report: a list of objects with id, title, ok, seen, seconds."""
    told = [asdict(each) for each in findings]
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
