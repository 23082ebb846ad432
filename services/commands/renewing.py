"""A fresh seed for a wallet: after a loss, at the counter, or whenever somebody else may have the old one."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from consent.vocabulary import Body
from consent.wallet import Wallet
from services.commands.failures import told
from services.commands.person import card_option, signing, typed_pin
from services.contracts.identity.messages import Application
from services.gateway.card_care import put_wallets
from services.gateway.cards import read_card
from services.gateway.person import Person
from services.gateway.renewal import Renewed, renew_wallet


@click.command("renew-wallet")
@card_option
@told
def renew_wallet_keys(card: Path) -> None:
    """Give your wallet new keys, as when somebody may know the old ones; broken off, give the command again."""
    renew_on_card(card, signing(card), digits=typed_pin(Application.SIGNATURE))


def renew_on_card(card: Path, person: Person, *, digits: str) -> None:
    """Y1 to Y9 with the seeds in a card file, telling progress and the new code."""
    identity = person.connect(Body.IDENTITY)
    opened = person.signature
    successor = opened.successor or Wallet.create(person.randomness)
    if opened.successor is None:
        both = replace(opened, successor=successor)
        put_wallets(card, read_card(card), both, digits=digits, identity=identity)  # Y1
    renewed = renew_wallet(person, successor, tell=tell_code, progress=_show)
    only = replace(opened, wallet=successor, successor=None)
    # what the registry stated was sealed under the old seed; it is asked for again
    held = read_card(card).model_copy(update={"attributes": None})
    put_wallets(card, held, only, digits=digits, identity=identity)  # Y9
    tell_renewed(renewed)


def tell_code(paper: str) -> None:
    """Print the new recovery code."""
    click.echo(f"new recovery code, for the person only: {paper}")


def _show(done: int, total: int) -> None:
    # a line of its own on a terminal only, so that what is kept of the output is the same every time
    if sys.stderr.isatty():
        click.echo(f"\rcontent keys handed over: {done} of {total}", err=True, nl=done == total)


def tell_renewed(renewed: Renewed) -> None:
    """Print what became of the records and permissions."""
    click.echo(
        "the wallet has new keys, under which all records are; the former ones and their code open nothing now"
    )
    if renewed.unreadable:
        click.echo(f"{renewed.unreadable} bundles opened under no key of the person's and stay unreadable")
    for permission, code in renewed.stopped:
        click.echo(f"no longer permitted: {permission.terms.recipient.required()} ({code})")
