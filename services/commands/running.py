"""`sekisho demo` and `sekisho up`."""

import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from consent.vocabulary import Body
from services.commands.failures import Telling
from services.demo.checks import save
from services.demo.story import FEWEST_PEOPLE, DemoError, Request, tell
from services.deployment.bootstrap import OFFICIALS, SECOND_OFFICIAL, open_deployment
from services.deployment.layout import BASE_PORT, HOST, DeploymentError, ports_from
from services.deployment.organisations import (
    APPLICANTS,
    EMERGENCY_RELAY,
    STAFF,
    accredit_missing,
    credential_folder,
)
from services.deployment.processes import Processes
from services.deployment.relaying import RelayProcess
from services.gateway.credentials import tls_of

WATCH_SECONDS = 1.0
EXISTING = click.Path(exists=True, path_type=Path)

told = Telling(DemoError)


@click.command()
@click.option(
    "--people", default=200, show_default=True, type=click.IntRange(FEWEST_PEOPLE), help="How many people."
)
@click.option("--fhir", type=EXISTING, help="Take people and records from this FHIR R4 bulk export (ndjson).")
@click.option("--json", "report", type=click.Path(path_type=Path), help="Write what was seen to this file.")
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Keep databases and credentials in this new folder."
)
@click.option(
    "--recalls",
    type=EXISTING,
    help="Folder of real recall records (cpsc/...); default: ../shared/data/recalls.",
)
@told
def demo(
    people: int, fhir: Path | None, report: Path | None, keep: Path | None, recalls: Path | None
) -> None:
    """Run the story through all seven bodies and check it."""
    console = Console()
    usual = Path("../shared/data/recalls")
    found = recalls or (usual if usual.is_dir() else None)
    findings = tell(Request(people, fhir, keep, found), console)
    if report is not None:
        save(findings, report)
    failed = [str(each.id) for each in findings if not each.ok]
    seconds = sum(each.seconds for each in findings)
    if failed:
        console.print(
            f"[red]✗ {len(failed)} of {len(findings)} checks failed: {', '.join(failed)}[/] ({seconds:.0f} s)"
        )
        sys.exit(1)
    console.print(f"[green]✓ all {len(findings)} checks hold[/] ({seconds:.0f} s)")


@click.command()
@click.option(
    "--data", required=True, type=click.Path(path_type=Path), help="Folder of the deployment; made if new."
)
@click.option("--host", help=f"Address to listen on (first start only), else {HOST}.")
@click.option(
    "--base-port",
    type=click.IntRange(1, 65535 - len(Body) + 1),
    help=f"First of the seven ports in a row to listen on (first start only), else {BASE_PORT}.",
)
@told
def up(data: Path, host: str | None, base_port: int | None) -> None:
    """Start all bodies and the emergency relay, and stay; Ctrl-C stops them."""
    layout, register_key = open_deployment(
        data, host=host, ports=None if base_port is None else ports_from(base_port)
    )
    processes = Processes(layout, register_key, tls_of(layout.credentials / OFFICIALS))
    relay, stop = RelayProcess(layout), threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, ask_to_stop)
    try:
        click.echo("starting …")
        processes.start()
        accredit_missing(layout)
        relay.start()
        for body in Body:
            click.echo(f"  {body.value:15} {layout.url(body)}")
        click.echo(f"credentials of the officials: {layout.credentials / OFFICIALS}")
        click.echo(f"credentials of the second official: {layout.credentials / SECOND_OFFICIAL}")
        for name, (_, _, role) in STAFF.items():
            click.echo(f"credentials of the {role.value} {name}: {layout.credentials / name}")
        for applicant in APPLICANTS:
            click.echo(f"credentials of {applicant.id}: {credential_folder(layout, applicant.id)}")
        click.echo(f"emergency relay: works as {EMERGENCY_RELAY}, and says what it did in {relay.log_file}")
        click.echo(f"trust file: {layout.trust}\nall bodies are up; Ctrl-C stops them")
        while not stop.wait(WATCH_SECONDS):
            ended = processes.ended()
            if ended is not None:
                raise DeploymentError(f"{ended.value} ended by itself; see {processes.log_file(ended)}")
            if relay.ended:
                raise DeploymentError(f"the emergency relay ended by itself; see {relay.log_file}")
    finally:
        relay.stop()
        processes.stop()
    click.echo("stopped")
