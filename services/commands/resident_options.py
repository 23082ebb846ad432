"""Options that say what the resident register has of somebody."""

from datetime import datetime
from typing import Final

import click

from services.commands.options import BirthDate, gathered
from services.gateway.clinical import BasicItems

SEXES: Final = ("female", "male", "other", "unknown")


def _items(name: str, address: str, sex: str, birth_date: datetime) -> BasicItems:
    return BasicItems(name, address, sex, f"{birth_date:%Y-%m-%d}")


items_options = gathered(
    "items",
    (
        click.option("--name", required=True),
        click.option("--address", required=True),
        click.option("--sex", required=True, type=click.Choice(SEXES)),
        click.option("--birth-date", required=True, type=BirthDate()),
    ),
    _items,
)
