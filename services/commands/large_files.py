"""Large documents from the command line: a file sealed and deposited, and opened again by who may."""

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from consent.compartments import YearSpan
from consent.vocabulary import Category, Purpose
from services.commands.failures import told
from services.commands.organisation import as_option, reference_option
from services.commands.record_options import CATEGORIES, purpose_option, some_years_option
from services.commands.wrong_fragments import bypassed
from services.gateway.large_documents import LargeFile, Watch
from services.gateway.large_documents import deposit_file as deposit_large
from services.gateway.large_reading import fetch, find_large
from services.gateway.organisation import Organisation

ANYTHING = "application/octet-stream"


@contextmanager
def progress(said: str, total: int) -> Iterator[Watch]:
    """Show on a terminal how many bytes have passed; nothing anywhere else."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(said, total=total)
        yield lambda size: shown.update(task, advance=size)


@click.command(name="deposit-file")
@as_option
@reference_option
@click.option("--file", "path", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--category", default=Category.IMAGING.value, show_default=True, type=CATEGORIES)
@click.option("--year", required=True, type=click.IntRange(1000, 9999), help="Of which year it is.")
@click.option("--media-type", help="By default what the file's name says.")
@click.option("--name", default="", help="What the reader sees; by default the file's name.")
@told
def deposit_file(
    folder: Path, reference: str, path: Path, category: str, year: int, media_type: str | None, name: str
) -> None:
    """Seal a file of any size in segments and deposit it at the medical centre."""
    kind = media_type or mimetypes.guess_type(path.name)[0] or ANYTHING
    with progress("sealing and sending", path.stat().st_size) as watch:
        done = deposit_large(
            Organisation.at(folder),
            reference,
            LargeFile(path, kind, name),
            place=(Category(category), year),
            watch=watch,
        )
    segments = "segment" if done.name.segments == 1 else "segments"
    click.echo(f"deposited in {done.name.segments} {segments}, receipt checked: document {done.document}")


@click.command(name="open-file")
@as_option
@reference_option
@click.option("--category", "categories", default=[Category.IMAGING.value], multiple=True, type=CATEGORIES)
@some_years_option
@purpose_option
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the files."
)
@told
def open_file(
    folder: Path, reference: str, categories: tuple[str, ...], years: tuple[int, int], purpose: str, out: Path
) -> None:
    """Read and open the large documents that the person permitted, each into a file of its own."""
    reader = Organisation.at(folder)
    found = find_large(
        reader,
        reference,
        categories=frozenset(Category(each) for each in categories),
        years=YearSpan(*years),
        purpose=Purpose(purpose),
        tell=bypassed(out),
    )
    for each in found:
        with progress(each.large.name, each.large.size) as watch:
            opened = fetch(reader, each, out, watch=watch)
        click.echo(f"{opened.path}: {opened.large.media_type}, {opened.large.size} bytes")
    click.echo("1 large document opened" if len(found) == 1 else f"{len(found)} large documents opened")
