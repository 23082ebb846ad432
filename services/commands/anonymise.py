"""`sekisho suggest`, `anonymize` and `measure`: tables in CSV files that identify nobody."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console

import anonymize as an
from services.commands.anonymise_asked import Asked, asked_options
from services.commands.anonymise_lending import Lending, lending_options
from services.commands.anonymise_prepared import Prepared, prepared_options
from services.commands.anonymise_progress import how_good, watching
from services.commands.table_failures import told
from services.commands.table_files import (
    TableFile,
    read_table,
    shuffled,
    write_table,
    written_together,
)

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW = click.Path(dir_okay=False, path_type=Path)
REPORTS = (".json", ".html")

separator_option = click.option("--separator", help="One character, or 'tab'; recognised without it.")
encoding_option = click.option("--encoding", help="Such as utf-8 or cp932; recognised without it.")
force_option = click.option("--force", is_flag=True, help="Replace files that are there already.")


@click.command()
@click.argument("source", type=EXISTING)
@click.option("--out", required=True, type=NEW, help="Write the draft here (TOML).")
@separator_option
@encoding_option
@force_option
@told
def suggest(source: Path, out: Path, separator: str | None, encoding: str | None, force: bool) -> None:
    """Draft a schema for a table: read it, correct it, then anonymise with it."""
    _check_targets([out], inputs=[source], replace=force)
    table = read(source, separator, encoding)
    with written_together([out]) as (file,):
        draft = an.Schema.suggest(table.frame)
        file.write(draft.to_toml())
    click.echo(
        f"{len(draft.quasi)} quasi-identifiers, {len(draft.identifying)} identifying and"
        f" {len(draft.sensitive)} sensitive columns guessed; correct them in {out}"
    )


@click.command()
@click.argument("source", type=EXISTING)
@click.option(
    "--schema", "schema_file", required=True, type=EXISTING, help="Schema (TOML); see `sekisho suggest`."
)
@click.option("--out", required=True, type=NEW, help="Write the table here: UTF-8, rows in random order.")
@click.option("--report", type=NEW, help="Write what was asked, guaranteed and lost here (.json or .html).")
@told
@asked_options
@prepared_options
@lending_options
@separator_option
@encoding_option
@force_option
def anonymize(
    source: Path,
    schema_file: Path,
    *,
    asked: Asked,
    prepared: Prepared,
    lending: Lending | None,
    out: Path,
    report: Path | None,
    separator: str | None,
    encoding: str | None,
    force: bool,
) -> None:
    """Recode a table with the least loss so that it satisfies all models named."""
    targets = [out] if report is None else [out, _report_file(report)]
    _check_targets(targets, inputs=[source, schema_file], replace=force)
    schema = an.Schema.from_toml(schema_file)
    if lending is not None:
        lending.check(schema)
    table = read(source, separator, encoding)
    transformed = prepared.transformed(table.frame)
    with written_together(targets) as files:
        leaving = None if lending is None else lending.opened(table.frame)
        with watching(Console(stderr=True)) as watch:
            result = asked.anonymized(transformed.frame, schema, watch=watch, leaving=leaving)
        random_order = random.SystemRandom()
        frame = leaving.release(result) if leaving else shuffled(result.frame, random_order)
        write_table(frame, files[0], separator=table.separator)
        for file, target in zip(files[1:], targets[1:], strict=True):
            _write_report(result, transformed, file=file, suffix=target.suffix)
    _tell(result, transformed, table=table, out=out)


@click.command()
@click.argument("source", type=EXISTING)
@click.option(
    "--quasi", required=True, multiple=True, help="Columns that others may know, separated by commas."
)
@click.option("--sensitive", multiple=True, help="Columns that nobody may learn of a person.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@separator_option
@encoding_option
@told
def measure(
    source: Path,
    quasi: tuple[str, ...],
    sensitive: tuple[str, ...],
    as_json: bool,
    separator: str | None,
    encoding: str | None,
) -> None:
    """Tell how exposed the rows of a table are as it stands."""
    table = read(source, separator, encoding)
    found = an.measure(table.frame, quasi=_names(quasi), sensitive=_names(sensitive)).to_dict()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for name, value in _flat(found):
        click.echo(f"{name:32} {value:.6g}" if isinstance(value, float) else f"{name:32} {value}")


def read(source: Path, separator: str | None, encoding: str | None) -> TableFile:
    """Read a table as the options say. Raises: FileFormatError."""
    return read_table(source, separator="\t" if separator == "tab" else separator, encoding=encoding)


def _names(given: Sequence[str]) -> list[str]:
    return [name for names in given for name in names.split(",") if name]


def _check_targets(targets: Sequence[Path], *, inputs: Sequence[Path], replace: bool) -> None:
    files = [each.resolve() for each in [*targets, *inputs]]
    if len(set(files)) < len(files):
        raise click.UsageError("Each file to write must be another one than all other files named.")
    for target in targets:
        if target.exists() and not replace:
            raise click.ClickException(
                f"{target} exists already; choose another name, or replace it with --force."
            )


def _report_file(report: Path) -> Path:
    if report.suffix.lower() not in REPORTS:
        raise click.UsageError(f"--report {report.name}: the name must end in {' or '.join(REPORTS)}.")
    return report


def _write_report(result: an.Result, transformed: an.Transformed, *, file: TextIO, suffix: str) -> None:
    if suffix.lower() == ".html":
        file.write(result.report_page(transformed=transformed.log))
    else:
        found = result.full_report(transformed=transformed.log)
        json.dump(found, file, ensure_ascii=False, indent=2)


def _tell(result: an.Result, transformed: an.Transformed, *, table: TableFile, out: Path) -> None:
    rows = len(table.frame)
    share = result.suppressed / rows
    click.echo(f"{rows} rows read ({table.encoding}, separator {table.separator!r})")
    for line in transformed.lines():
        click.echo(line)
    local = result.transformation.pattern is not None
    click.echo(
        ("coarsest levels: " if local else "levels: ")
        + ", ".join(f"{column}={level}" for column, level in result.levels.items())
    )
    click.echo(f"loss {result.loss:.4f}{how_good(result)}, {result.suppressed} rows suppressed ({share:.1%})")
    click.echo(f"written to {out}, rows in random order")


def _flat(found: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
