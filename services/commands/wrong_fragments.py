"""`sekisho wrong-fragments`, and what `open` says when a body handed out a wrong fragment."""

from datetime import UTC, datetime
from pathlib import Path

import click

from services.commands.failures import told
from services.commands.options import official_option
from services.gateway.organisation import Organisation
from services.gateway.wrong_fragments import Bypassed, Tell, reports, save_shown


def bypassed(folder: Path) -> Tell:
    """Say on the error output which body was left out, and keep what shows it in a file for `sekisho verify`."""

    def tell(found: Bypassed) -> None:
        file = save_shown(found.shown, folder / f"wrong-fragment-{found.body.value}.json")
        reported = "not reported: the oversight body does not take it now; hand the file in later"
        if found.report is not None:
            reported = f"reported to the oversight body ({found.report})"
        click.echo(
            f"the {found.body.value} body handed out a wrong fragment, {reported}; what shows it: {file}",
            err=True,
        )

    return tell


@click.command(name="wrong-fragments")
@official_option
@click.option("--save", type=click.Path(file_okay=False, path_type=Path), help="Keep what shows it here.")
@told
def wrong_fragments(folder: Path, save: Path | None) -> None:
    """List which bodies were shown to have handed out wrong fragments; each report is checked here."""
    found = reports(Organisation.at(folder))
    for each in found:
        at = datetime.fromtimestamp(each.reported, UTC)
        click.echo(
            f"{at:%Y-%m-%d %H:%M:%S} UTC  {each.body.value}, shown by {each.organisation} ({each.report})"
        )
        if save is not None:
            save_shown(each.shown, save / f"wrong-fragment-{each.report}.json")
    click.echo(f"{len(found)} reports, each shown by the body's own signature")
