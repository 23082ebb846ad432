"""Showing on a terminal how far a search is."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

import anonymize as an


@contextmanager
def watching(console: Console) -> Iterator[Callable[[an.Progress], bool]]:
    """Hand out what `anonymize(watch=...)` takes; shows nothing where the console is no terminal."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("searching", total=None)

        def watch(progress: an.Progress) -> bool:
            shown.update(task, description=said(progress))
            return True

        yield watch


def said(progress: an.Progress) -> str:
    """Tell the progress in one line."""
    best = "none passes yet" if math.isinf(progress.best) else f"best loss {progress.best:.4f}"
    return f"{progress.checked} combinations tried, {best}, none below {progress.bound:.4f}"


def how_good(result: an.Result) -> str:
    """Say how far from the best the table can be, where it is not known to be the best."""
    search = result.report["search"]
    if not isinstance(search, Mapping):
        return ""
    if search.get("stopped"):
        return " (stopped; with more time a better table is likely)"
    if search.get("optimal", True):
        return ""
    return f" (stopped; the least possible is at least {search['bound']:.4f})"
