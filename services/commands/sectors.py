"""`sekisho sector-keys`: by which keys the ID centre names people to the bodies."""

from pathlib import Path

import click

from services.commands.failures import told
from services.commands.supervisors import as_option
from services.gateway import sectors
from services.gateway.organisation import Organisation


@click.command("sector-keys")
@as_option
@told
def sector_keys(folder: Path) -> None:
    """As a supervisor of the oversight body: show how far changes of sector keys are."""
    found = sectors.sector_keys(Organisation.at(folder))
    for each in found:
        state = "in force"
        if each.coming is not None and each.coming <= each.key:
            state += f", the body is told its names again: {each.waiting} people are still to be told"
        elif each.coming is not None:
            state += f", {each.coming} is coming: {each.waiting} people are still to be told"
        if each.leaving is not None:
            state += f", {each.leaving} is still taken for some minutes"
        click.echo(f"{each.body.value}: key {each.key} {state}")
    if not found:
        click.echo("every body is named people by its first key")
