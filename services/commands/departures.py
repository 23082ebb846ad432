"""`sekisho depart`, `enter-again`: who moved away or died leaves the resident register, and comes back into it."""

from pathlib import Path

import click

from services.commands.failures import told
from services.commands.options import BirthDate
from services.commands.organisation import EXISTING
from services.contracts.registry.change_reasons import ON_DEPARTURE, ChangeReason
from services.gateway.clinical import BasicItems
from services.gateway.organisation import Organisation
from services.gateway.people import depart_resident, enter_again


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


@click.command("enter-again")
@click.option("--as", "folder", required=True, type=EXISTING, help="Credentials of the municipality.")
@click.option("--reference", required=True, help="How the municipality names the person.")
@click.option("--name", required=True)
@click.option("--address", required=True)
@click.option("--sex", required=True, type=click.Choice(["female", "male", "other", "unknown"]))
@click.option("--birth-date", required=True, type=BirthDate())
@told
def enter_again_(
    folder: Path, reference: str, *, name: str, address: str, sex: str, birth_date: object
) -> None:
    """As a municipality: enter somebody in the resident register again who had departed, or was said to have died."""
    enter_again(Organisation.at(folder), reference, BasicItems(name, address, sex, f"{birth_date:%Y-%m-%d}"))
    click.echo("entered again")
