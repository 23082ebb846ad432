"""`sekisho who-may-read`: what the person's directives mean for one organisation, or for all of them."""

from pathlib import Path

import click

from consent.compartments import YearSpan
from consent.identifiers import OperatorId, OrganisationId
from consent.vocabulary import Category, Purpose
from consent.words import CATEGORIES, Word
from services.commands.asking_first import line
from services.commands.failures import told
from services.commands.person import card_option, signed_in
from services.commands.record_options import purpose_option, some_categories_option, some_years_option
from services.commands.wishes import language_option
from services.gateway import deciding as gateway
from services.gateway.deciding import Reading

NOBODY = Word("なし", "nobody")


@click.command()
@card_option
@click.option("--to", "organisation", help="The organisation; without one all that may are listed.")
@click.option("--professional", help="One of the organisation, by their operator id.")
@some_categories_option
@some_years_option
@purpose_option
@language_option
@told
def who_may_read(
    card: Path,
    organisation: str | None,
    professional: str | None,
    categories: tuple[str, ...],
    years: tuple[int, int],
    purpose: str,
    language: str,
) -> None:
    """Ask the medical centre who may read which of your records, and why not; nothing is read."""
    if professional is not None and organisation is None:
        raise click.UsageError("--professional goes with --to")
    wanted = [Category(each) for each in categories]
    reading, person = Reading(wanted, YearSpan(*years), Purpose(purpose)), signed_in(card)
    if organisation is None:
        for category, found in gateway.who_may(person, reading).items():
            click.echo(f"{CATEGORIES[category].of(language)}: {', '.join(found) or NOBODY.of(language)}")
        return
    operator = None if professional is None else OperatorId(professional)
    for each in gateway.may(person, reading, OrganisationId(organisation), operator):
        click.echo(line(each, language))
