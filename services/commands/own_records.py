"""A person's own records at the command line."""

from pathlib import Path

import click

from consent.compartments import YearSpan
from consent.vocabulary import Category
from services.commands.failures import told
from services.commands.person import card_option, signing
from services.commands.record_options import categories_option
from services.gateway import own_records as gateway
from services.gateway.own_records import save_records


@click.command()
@card_option
@categories_option
@click.option("--years", type=(int, int), help="First and last year of the records.")
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="Save them to this folder."
)
@told
def own_records(
    card: Path, categories: tuple[str, ...], years: tuple[int, int] | None, folder: Path | None
) -> None:
    """Fetch your own records, opened by your wallet on this machine; that you did is in your history."""
    person = signing(card)
    found = gateway.own_records(
        person,
        categories=[Category(each) for each in categories] or None,
        years=None if years is None else YearSpan(*years),
        left_out=lambda each: click.echo(f"! {each}"),
    )
    for each in found:
        size = len(each.document.content) if each.large is None else each.large.told.size
        media_type = each.document.media_type if each.large is None else each.large.told.media_type
        click.echo(f"{each.category.value} {each.year} by {each.author}: {size} bytes, {media_type}")
    click.echo(f"{len(found)} documents, each verified and opened here")
    if folder is not None:
        save_records(person, found, folder)
        click.echo(f"saved: {folder}")
