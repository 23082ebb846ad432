"""The personal number, from the command line."""

from pathlib import Path

import click

from services.commands.failures import told
from services.commands.organisation import EXISTING
from services.commands.person import card_option, signed_in
from services.gateway import numbers
from services.gateway.organisation import Organisation


@click.command()
@card_option
@told
def number(card: Path) -> None:
    """Show your personal number."""
    click.echo(numbers.own_number(signed_in(card)))


@click.command()
@click.option("--card", type=EXISTING, help="Your card file, if you change your own number.")
@click.option("--as", "folder", type=EXISTING, help="Credentials of the municipality, at its counter.")
@click.option("--reference", help="How the municipality names the person at the counter.")
@told
def change_number(card: Path | None, folder: Path | None, reference: str | None) -> None:
    """Change a personal number, no reason asked; all else stays as it is."""
    if card is not None and folder is None and reference is None:
        changed = numbers.change_own_number(signed_in(card))
    elif card is None and folder is not None and reference is not None:
        changed = numbers.change_number(Organisation.at(folder), reference)
    else:
        raise click.UsageError("Give --card, or at the counter --as and --reference.")
    click.echo(f"new personal number, to be known to the person only: {changed}")
