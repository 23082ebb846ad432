"""`sekisho change-resident`, `depart`, `enter-again`: who moves, leaves the resident register or comes back into it."""

from pathlib import Path

import click

from services.commands.failures import told
from services.commands.organisation import EXISTING
from services.commands.resident_options import items_options
from services.contracts.registry.change_reasons import ON_CHANGE, ON_DEPARTURE, ChangeReason
from services.gateway.clinical import BasicItems
from services.gateway.organisation import Organisation
from services.gateway.people import change_resident, depart_resident, enter_again

as_option = click.option(
    "--as", "folder", required=True, type=EXISTING, help="Credentials of the municipality."
)
reference_option = click.option("--reference", required=True, help="How the municipality names the person.")


@click.command("change-resident")
@as_option
@reference_option
@items_options
@click.option(
    "--reason",
    default=ChangeReason.MOVED_WITHIN.value,
    show_default=True,
    type=click.Choice(sorted(each.value for each in ON_CHANGE)),
    help="Why.",
)
@told
def change(folder: Path, reference: str, items: BasicItems, reason: str) -> None:
    """As a municipality: enter what changed of a resident, after a move for example; the former items are history."""
    change_resident(Organisation.at(folder), reference, items, reason=ChangeReason(reason))
    click.echo("entered")


@click.command()
@as_option
@reference_option
@click.option(
    "--reason", required=True, type=click.Choice(sorted(each.value for each in ON_DEPARTURE)), help="Why."
)
@told
def depart(folder: Path, reference: str, reason: str) -> None:
    """As a municipality: take a resident out of the register; the former items are kept five years, then erased."""
    depart_resident(Organisation.at(folder), reference, reason=ChangeReason(reason))
    click.echo("departed")


@click.command("enter-again")
@as_option
@reference_option
@items_options
@told
def enter_again_(folder: Path, reference: str, items: BasicItems) -> None:
    """As a municipality: enter somebody in the resident register again who had departed, or was said to have died."""
    enter_again(Organisation.at(folder), reference, items)
    click.echo("entered again")
