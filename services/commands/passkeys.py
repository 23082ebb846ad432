"""`sekisho passkeys`: a person's other devices."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from services.commands.failures import told
from services.commands.person import card_option, signed_in
from services.contracts.identity.passkey_messages import Passkey
from services.gateway import passkeys as own


@click.command()
@card_option
@click.option("--remove", type=click.IntRange(1), help="Remove the passkey with this number.")
@told
def passkeys(card: Path, remove: int | None) -> None:
    """Show your passkeys, or remove one; My Portal adds them, with the device that is to hold one."""
    person = signed_in(card)
    held = own.passkeys(person)
    if remove is not None:
        if remove > len(held):
            raise click.UsageError(f"there are {len(held)} passkeys")
        held = own.remove_passkey(person, held[remove - 1])
        click.echo("removed; what it signed in has ended")
    show(held)


def show(held: Sequence[Passkey]) -> None:
    """Print one line for each passkey."""
    for number, each in enumerate(held, 1):
        used = "never" if each.used is None else _day(each.used)
        click.echo(f"{number}. {each.name}: added on {_day(each.added)}, last used: {used}")
    click.echo(f"{len(held)} passkeys")


def _day(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"
