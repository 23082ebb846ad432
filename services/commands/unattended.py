"""`sekisho terminal-status`: what a terminal sees with nobody at it."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from services.commands.failures import told
from services.gateway.unattended import UnattendedTerminal

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("terminal-status")
@click.option(
    "--as", "folder", required=True, type=FOLDER, help="Credentials of the terminal's organisation."
)
@told
def terminal_status(folder: Path) -> None:
    """Without an operator's card: one's own accreditation, and every body's log; exit status 1 with any problem."""
    terminal = UnattendedTerminal.at(folder)
    own = terminal.accreditation()
    shown = own.organisation
    click.echo(f"{shown.id} ({shown.kind.value}) until {_day(shown.expires)}, edition {own.serial}")
    click.echo(f"terminal {own.terminal} until {_day(own.terminal_expires)}")
    for body in shown.withheld:
        click.echo(f"    not served by {body.value}")
    for sanction in shown.sanctions:
        click.echo(f"    {sanction.measure.value} of {sanction.decided_on}: {sanction.grounds}")
    for report in shown.reports:
        click.echo(f"    report {report.id} {'received' if report.received else 'due'}: {report.about}")
    logs = terminal.logs()
    for each in logs:
        told_of = f"{each.size} log entries, co-signed" if each.problem is None else each.problem
        click.echo(f"{'✗' if each.problem else '✓'} {each.body.value:15} {told_of}")
    if any(each.problem for each in logs):
        sys.exit(1)


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
