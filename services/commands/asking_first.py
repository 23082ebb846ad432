"""Asking before reading, at the command line."""

from pathlib import Path

import click

from consent.compartments import YearSpan
from consent.vocabulary import Category, Purpose
from consent.words import CATEGORIES
from services.commands.failures import told
from services.commands.organisation import as_option, reference_option
from services.commands.record_options import PURPOSES, categories_option, some_years_option
from services.commands.wishes import language_option
from services.gateway import asking_first as gateway
from services.gateway.organisation import Organisation


@click.command()
@as_option
@reference_option
@categories_option
@some_years_option
@click.option("--purpose", required=True, type=PURPOSES)
@language_option
@told
def may_read(
    folder: Path,
    reference: str,
    categories: tuple[str, ...],
    years: tuple[int, int],
    purpose: str,
    language: str,
) -> None:
    """Ask whether records may be read, and why not; nothing is read, the person sees that it was asked."""
    found = gateway.may_read(
        Organisation.at(folder),
        reference,
        categories=frozenset(map(Category, categories)) or frozenset(Category),
        years=YearSpan(*years),
        purpose=Purpose(purpose),
    )
    for each in found:
        click.echo(line(each, language))


def line(told: gateway.MayRead, language: str) -> str:
    """Return what is said of one category."""
    mark, said = "✓" if told.decision else "✗", {"ja": told.ja, "en": told.en}[language]
    return f"{mark} {CATEGORIES[told.category].of(language)}: {said}"
