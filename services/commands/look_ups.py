"""What officials do from the command line: look people up in the resident registry."""

import os
from pathlib import Path
from typing import Final

import click

from services.commands.failures import told
from services.commands.options import Command
from services.commands.organisation import EXISTING, as_option
from services.commands.table_files import written_together
from services.gateway.inquirer import Errand, Known, look_up_all
from services.gateway.inquirer import look_up as look_up_one
from services.gateway.look_up_files import read_rows, write_results
from services.gateway.organisation import Organisation

NUMBER_VARIABLE: Final = "SEKISHO_PERSONAL_NUMBER"
PREFIX_HELP: Final = "With * at the end: how it begins."


def errand_options(command: Command) -> Command:
    """Give a command the options that say what somebody is looked up for."""
    for option in (
        click.option("--case", required=True, help="Your own number of the case; the person sees it."),
        click.option("--task", required=True, help="A task of the closed list, for example resident_record."),
    ):
        command = option(command)
    return command


@click.command("look-up")
@as_option
@errand_options
@click.option("--by-number", is_flag=True, help=f"Ask for the personal number (or take {NUMBER_VARIABLE}).")
@click.option("--name", default="", help=PREFIX_HELP)
@click.option("--address", default="", help=PREFIX_HELP)
@click.option("--birth-date", default="", help="YYYY-MM-DD")
@told
def look_up(
    folder: Path, case: str, task: str, by_number: bool, name: str, address: str, birth_date: str
) -> None:
    """As an inquirer: look somebody up by number, by name and address, or by name and birth date.

    A name or an address may be given by how it begins: the name by at least one character with the full address or
    birth date, the address by at least one character behind the municipality with the full name.
    """
    known = Known(_number() if by_number else "", name, address, birth_date)
    found = look_up_one(Organisation.at(folder), known, Errand(task, case))
    for each in found:
        click.echo("\t".join([each.name, each.birth_date, each.sex.value, each.address]))
    if not found:
        click.echo("nobody")


@click.command("look-up-batch")
@as_option
@errand_options
@click.argument("rows", type=EXISTING)
@click.argument("results", type=click.Path(path_type=Path))
@told
def look_up_batch(folder: Path, case: str, task: str, rows: Path, results: Path) -> None:
    """As an inquirer: look up each row of the CSV file ROWS and write it with the answer to RESULTS.

    Columns: some of number, name, address, birth_date. The same limits and the same log as for single questions.
    """
    asked = read_rows(rows)
    with written_together([results]) as (target,):
        number = write_results(target, look_up_all(Organisation.at(folder), asked, Errand(task, case)))
    click.echo(f"{number} rows looked up, written to {results}")


def _number() -> str:
    # not an option's value: other users of the machine see the arguments of a command
    return os.environ.get(NUMBER_VARIABLE) or str(click.prompt("personal number"))
