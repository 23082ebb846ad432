"""`sekisho depart`: who moved away or died leaves the resident register."""

from pathlib import Path

import click

from services.commands.failures import told
from services.commands.organisation import EXISTING
from services.contracts.registry.change_reasons import ON_DEPARTURE, ChangeReason
from services.gateway.organisation import Organisation
from services.gateway.people import depart_resident


@click.command()
@click.option("--as", "folder", required=True, type=EXISTING, help="Credentials of the municipality.")
@click.option("--reference", required=True, help="How the municipality names the person.")
@click.option(
    "--reason", required=True, type=click.Choice(sorted(each.value for each in ON_DEPARTURE)), help="Why."
)
@told
def depart(folder: Path, reference: str, reason: str) -> None:
    """As a municipality: take a resident out of the register; the former items are kept five years, then erased."""
    depart_resident(Organisation.at(folder), reference, reason=ChangeReason(reason))
    click.echo("departed")
