"""Options that say which records a command is about, and for what they are read."""

import click

from consent.vocabulary import Category, Purpose

CATEGORIES = click.Choice([each.value for each in Category])
PURPOSES = click.Choice([each.value for each in Purpose])
categories_option = click.option(
    "--category", "categories", multiple=True, type=CATEGORIES, help="A kind of records; may be repeated."
)
some_categories_option = click.option(
    "--category",
    "categories",
    multiple=True,
    required=True,
    type=CATEGORIES,
    help="A kind of records; may be repeated.",
)
some_years_option = click.option(
    "--years", required=True, type=(int, int), help="First and last year of the records."
)
purpose_option = click.option(
    "--purpose",
    default=Purpose.TREAT.value,
    show_default=True,
    type=PURPOSES,
    help="What is read is read for this.",
)
