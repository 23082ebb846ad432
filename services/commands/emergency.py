"""Emergencies at the command line."""

from pathlib import Path

import click

from consent.compartments import YearSpan
from consent.vocabulary import Category
from consent.words import terms_in_words
from services.commands.failures import told
from services.commands.person import card_option, signing
from services.gateway.emergency_choice import choose as choose_for

categories_option = click.option(
    "--category",
    "categories",
    multiple=True,
    type=click.Choice([each.value for each in Category]),
    help="A kind of records; may be repeated.",
)


@click.group()
def emergency() -> None:
    """Records in an emergency, when the person's card is not there."""


@emergency.command()
@card_option
@categories_option
@click.option("--years", type=(int, int), help="First and last year of the records; else ten each way.")
@click.option("--no", "refused", is_flag=True, help="Nobody may, in any emergency.")
@told
def choose(card: Path, categories: tuple[str, ...], years: tuple[int, int] | None, refused: bool) -> None:
    """Choose which of your records two professionals of a hospital may read in an emergency, or none (--no)."""
    if bool(categories) == refused:
        raise click.UsageError("name at least one --category, or say --no")
    span = None if years is None else YearSpan(*years)
    for each in choose_for(signing(card), [Category(name) for name in categories], years=span):
        click.echo(terms_in_words(each.terms).en)
    click.echo("chosen; an earlier choice is taken back")
