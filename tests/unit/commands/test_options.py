"""Ids are taken as they are printed."""

import click
import pytest
from click.testing import CliRunner

from services.commands.options import IdCommand

PLAIN, HYPHEN = "dZ" + "a" * 20, "-h" + "a" * 20


@click.command(cls=IdCommand)
@click.option("--as", "folder", required=True)
@click.argument("identifier")
def command(folder: str, identifier: str) -> None:
    """Say what was understood."""
    click.echo(f"{folder} {identifier}")


@pytest.mark.parametrize("identifier", [PLAIN, HYPHEN])
@pytest.mark.parametrize("first", [True, False])
def test_id_that_begins_with_a_hyphen_is_no_option(identifier: str, first: bool) -> None:
    words = [identifier, "--as", "x"] if first else ["--as", "x", identifier]
    assert CliRunner().invoke(command, words).stdout == f"x {identifier}\n"
    assert CliRunner().invoke(command, ["--as", "x", "--", identifier]).stdout == f"x {identifier}\n"


def test_option_that_there_is_not_stays_an_error() -> None:
    assert CliRunner().invoke(command, ["--as", "x", "-z", PLAIN]).exit_code == 2
