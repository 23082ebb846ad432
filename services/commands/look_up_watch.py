"""What supervisors and auditors do from the command line, and what a person asks about who looked them up."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from services.commands.failures import told
from services.commands.organisation import as_option
from services.commands.person import card_option, signed_in
from services.contracts.registry.analysis import LookUpReport
from services.gateway import look_up_watch as watch
from services.gateway.organisation import Organisation
from services.kit.keys import replace_private

days_option = click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366))


@click.command("stops")
@as_option
@told
def stops(folder: Path) -> None:
    """As a supervisor: list the operators whose cards are stopped because they asked too often."""
    found = watch.stops(Organisation.at(folder))
    for each in found:
        click.echo(f"{each.organisation}\t{each.operator}\tsince {_moment(each.since)}")
    if not found:
        click.echo("no card is stopped")


@click.command("look-up-report")
@as_option
@days_option
@told
def look_up_report(folder: Path, days: int) -> None:
    """As a supervisor or auditor: have the log of look-ups analysed."""
    _show(watch.look_up_report(Organisation.at(folder), days=days))


@click.command("who-looked-me-up")
@card_option
@days_option
@told
def who_looked_me_up(card: Path, days: int) -> None:
    """As a person: have it analysed who looked you up in the resident registry."""
    _show(watch.own_look_up_report(signed_in(card), days=days))


@click.command("erase-history")
@as_option
@told
def erase_history(folder: Path) -> None:
    """As a supervisor or auditor: erase the former items of residents that are due, now instead of within the hour."""
    click.echo(f"{watch.erase_history(Organisation.at(folder))} former entries erased")


@click.command("erasure-proof")
@as_option
@click.option("--save", type=click.Path(path_type=Path), help="Save the registry's signed word here.")
@told
def erasure_proof(folder: Path, save: Path | None) -> None:
    """As a supervisor or auditor: search the registry for what must be gone; exit status 1 if anything is left."""
    proof, found = watch.erasure_proof(Organisation.at(folder))
    click.echo(f"before {found.before}: {'none' if found.clean else f'{found.left} left'}")
    click.echo(f"{found.history_entries} former entries, {found.kept_abroad} of them kept (moved abroad)")
    click.echo(f"{found.log_entries} log entries, {found.log_entries_with_items} of them with an item")
    if save is not None:
        replace_private(save, proof.encode())
    if not found.clean:
        sys.exit(1)


def _show(report: LookUpReport) -> None:
    click.echo(f"{_moment(report.since)} to {_moment(report.until)}: {report.look_ups} look-ups", nl=False)
    click.echo(f" by {report.operators} operators")
    for each in report.findings:
        click.echo(f"{each.kind.value}\t{each.organisation}\t{each.operator}\t{each.count}")
    if not report.findings:
        click.echo("nothing stands out")


def _moment(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
