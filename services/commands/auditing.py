"""`sekisho verify` and `sekisho audit`: checking what bodies say, without believing them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn

from consent.vocabulary import Body
from services.commands.failures import told
from services.commands.options import official_option
from services.commands.trusting import tell_made, tell_verified, trust_file, trust_option
from services.gateway.audit_events import save_bundle
from services.gateway.audit_reports import differing, hand_in, kept, save
from services.gateway.auditor import BodyAudit, Watch
from services.gateway.auditor import audit as walk
from services.gateway.history import History, HistoryEntry, verify_file
from services.gateway.offline import verify_other
from services.gateway.organisation import Organisation
from services.gateway.receipts import is_receipt
from services.kit.events import A_GUARDIAN


@click.command()
@click.argument("evidence", type=click.Path(exists=True, path_type=Path))
@trust_option
@click.option("--fhir", type=click.Path(path_type=Path), help="Also write the entries as FHIR AuditEvents.")
@told
def verify(evidence: Path, *, trust: Path | None, fhir: Path | None) -> None:
    """Verify a saved evidence file or receipt offline, with nothing but keys that you trust."""
    chosen = trust_file(trust, evidence)
    if is_receipt(evidence.read_bytes()):
        if fhir is not None:
            raise click.UsageError("a receipt is no AuditEvent; --fhir is for evidence")
        tell_verified(evidence, chosen, language="en")
        return
    if tell_made(evidence, chosen, language="en") is not None:
        return
    other = verify_other(evidence, chosen)
    if other is not None:
        for text in other:
            click.echo(text)
        return
    found = verify_file(evidence, chosen)
    for entry in found.entries:
        click.echo(line(entry))
    click.echo(f"✓ {len(found.entries)} entries verified against the keys in {chosen}")
    for text in wholeness(found):
        click.echo(text)
    if fhir is not None:
        save_bundle(found.entries, fhir)
        click.echo(f"AuditEvents saved: {fhir}")


@click.command()
@click.option(
    "--as",
    "folder",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Credentials of an auditor.",
)
@click.option(
    "--save",
    "report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Sign what was found, hand it to the oversight body, and keep it in this file for `sekisho verify`.",
)
@told
def audit(folder: Path, report: Path | None) -> None:
    """Walk every body: rows against log, log against co-signed checkpoint and against what all bodies saw of it.

    Exit status 1 with any finding.
    """
    organisation = Organisation.at(folder)
    with walking() as watch:
        reports = walk(organisation, watch=watch)
    for each in reports:
        _tell(each)
    if report is not None:
        file = hand_in(organisation, reports)
        save(file, report)
        seen = "" if file.evidence else "; no witness has seen the entry yet"
        click.echo(f"signed, and entry {file.index} of the oversight body's log{seen}: {report}")
    if not all(each.clean for each in reports):
        sys.exit(1)


@click.command(name="audit-reports")
@official_option
@told
def audit_reports(folder: Path) -> None:
    """List auditors' signed reports, and where two of them found different things in one state of a log."""
    found = kept(Organisation.at(folder))
    for each in found:
        at = datetime.fromtimestamp(each.at, UTC)
        total = sum(body.found for body in each.bodies)
        unseen = [body.body.value for body in each.bodies if not body.clean and not body.found]
        more = f", not looked at: {', '.join(unseen)}" if unseen else ""
        click.echo(
            f"{at:%Y-%m-%d %H:%M:%S} UTC  {each.operator} ({each.organisation}), entry {each.index}: "
            f"{total} findings{more} ({each.report})"
        )
    for one, other, body in differing(found):
        click.echo(f"! {one.report} and {other.report} found different things in one state of {body.value}")
    click.echo(f"{len(found)} reports")


def _tell(report: BodyAudit) -> None:
    mark = "✓" if report.clean else "✗"
    click.echo(f"{mark} {report.body.value:15} {report.entries} log entries, {report.rows} rows looked at")
    if report.problem is not None:
        click.echo(f"    could not be audited: {report.problem}")
    for finding in report.findings:
        click.echo(f"    {finding.table} {finding.row}: {finding.problem}")


@contextmanager
def walking() -> Iterator[Watch]:
    """Hand out what `walk` tells its progress to; shows nothing where the output is no terminal."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        tasks: dict[Body, TaskID] = {}

        def watch(body: Body, done: int, entries: int) -> None:
            if body not in tasks:
                tasks[body] = shown.add_task(body.value, total=entries)
            shown.update(tasks[body], completed=done, total=entries)

        yield watch


def wholeness(found: History) -> Iterator[str]:
    """Say, body by body, up to when its entries are shown to be all, or that they are not, and what witnesses saw."""
    for each in found.whole:
        until = each.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        later = f"; {each.later} later" if each.later else ""
        name = each.origin.rpartition("/")[2]
        seen = f"co-signed by {', '.join(each.checkpoint.witnesses)}"
        yield f"✓ {name:15} these {each.entries} are all up to {until}{later} ({seen})"
    shown = {each.origin.rpartition("/")[2] for each in found.whole}
    for name in sorted({each.body for each in found.entries} - shown):
        yield f"! {name:15} it is not shown that these are all"
    unwatched = found.unwatched()
    for name in unwatched:
        yield f"! {name:15} no witness showed what it saw of this log"
    for name in found.behind:
        yield f"! {name:15} a witness saw more of this log than is shown here; ask again, report it if it stays so"
    if found.held and not unwatched and not found.behind:
        yield "✓ each log goes with the heads that its witnesses saw"


def line(entry: HistoryEntry) -> str:
    """Return one line of a history."""
    parts = [
        entry.at.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        f"{entry.body:15}",
        entry.kind,
        entry.outcome,
    ]
    parts += [text for text in (_actor(entry), entry.reason, _contract(entry), _flags(entry)) if text]
    return "  ".join(parts)


def _actor(entry: HistoryEntry) -> str | None:
    """Return the guardian who acted, or the organisation with its operator's roles and pseudonym, or its terminal."""
    terminal = f"terminal {entry.terminal}" if entry.terminal else None
    staff = " ".join(text for text in (", ".join(entry.roles), entry.staff, terminal) if text)
    if entry.acting is not None and not staff:
        about = f"  about {entry.organisation}" if entry.organisation else ""
        capacity = "" if entry.acting == A_GUARDIAN else f" ({entry.acting})"
        return f"a guardian{capacity}{about}"
    return f"{entry.organisation} ({staff})" if entry.organisation and staff else entry.organisation


def _contract(entry: HistoryEntry) -> str | None:
    detail = entry.event.get("detail")
    if not isinstance(detail, dict) or not isinstance(detail.get("contract"), str):
        return None
    return f"by {detail['contract']} ({detail.get('reason')})"


def _flags(entry: HistoryEntry) -> str | None:
    """Say of a use that stood out by which rules, by when it is reviewed, or what was found."""
    detail = entry.event.get("detail")
    if not isinstance(detail, dict) or not entry.kind.startswith("use_"):
        return None
    rules, due, finding = (detail.get(name) for name in ("rules", "review_due", "finding"))
    if isinstance(rules, list):
        return f"by {', '.join(map(str, rules))}"
    if isinstance(finding, str):
        return f"{finding}: {detail.get('comment')}"
    return f"reviewed by {datetime.fromtimestamp(due, UTC):%Y-%m-%d}" if isinstance(due, int) else None
