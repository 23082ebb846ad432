"""`sekisho verify` and `sekisho audit`: checking what bodies say, without believing them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from services.commands.failures import told
from services.gateway.auditor import audit as walk
from services.gateway.history import History, HistoryEntry, verify_file
from services.gateway.organisation import Organisation

TRUST_VARIABLE = "SEKISHO_TRUST"


@click.command()
@click.argument("evidence", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--trust",
    type=click.Path(path_type=Path),
    help=f"Trust file; default: ${TRUST_VARIABLE}, or trust.json beside the evidence.",
)
@told
def verify(evidence: Path, trust: Path | None) -> None:
    """Verify a saved evidence file offline, with nothing but keys that you trust."""
    chosen = trust or Path(os.environ.get(TRUST_VARIABLE) or evidence.parent / "trust.json")
    if not chosen.exists():
        raise click.ClickException(f"{chosen} is missing; name a file of trusted keys with --trust")
    found = verify_file(evidence, chosen)
    for entry in found.entries:
        click.echo(line(entry))
    click.echo(f"✓ {len(found.entries)} entries verified against the keys in {chosen}")
    for text in wholeness(found):
        click.echo(text)


@click.command()
@click.option(
    "--as",
    "folder",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Credentials of an auditor.",
)
@told
def audit(folder: Path) -> None:
    """Walk every body: rows against log, log against co-signed checkpoint; exit status 1 with any finding."""
    reports = walk(Organisation.at(folder))
    for report in reports:
        mark = "✓" if report.clean else "✗"
        click.echo(
            f"{mark} {report.body.value:15} {report.entries} log entries, {report.rows} rows looked at"
        )
        if report.problem is not None:
            click.echo(f"    could not be audited: {report.problem}")
        for finding in report.findings:
            click.echo(f"    {finding.table} {finding.row}: {finding.problem}")
    if not all(report.clean for report in reports):
        sys.exit(1)


def wholeness(found: History) -> Iterator[str]:
    """Say, body by body, up to when its entries are shown to be all, or that they are not."""
    for each in found.whole:
        until = each.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        later = f"; {each.later} later" if each.later else ""
        name = each.origin.rpartition("/")[2]
        seen = f"co-signed by {', '.join(each.checkpoint.witnesses)}"
        yield f"✓ {name:15} these {each.entries} are all up to {until}{later} ({seen})"
    shown = {each.origin.rpartition("/")[2] for each in found.whole}
    for name in sorted({each.body for each in found.entries} - shown):
        yield f"! {name:15} it is not shown that these are all"


def line(entry: HistoryEntry) -> str:
    """Return one line of a history."""
    parts = [
        entry.at.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        f"{entry.body:15}",
        entry.kind,
        entry.outcome,
    ]
    parts += [text for text in (entry.organisation, entry.reason, _contract(entry)) if text]
    return "  ".join(parts)


def _contract(entry: HistoryEntry) -> str | None:
    detail = entry.event.get("detail")
    if not isinstance(detail, dict) or not isinstance(detail.get("contract"), str):
        return None
    return f"by {detail['contract']} ({detail.get('reason')})"
