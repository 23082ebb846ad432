"""What a bank and its customer do from the command line: open an account, confirm what the bank knows, verify."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from consent.account_proof import OpenedAccount
from consent.vocabulary import BasicItem, ConfirmationReason
from services.commands.failures import told
from services.commands.organisation import EXISTING, as_option, reference_option
from services.commands.person import card_option, signing
from services.gateway.accounts import (
    CheckedCard,
    Offer,
    Opening,
    SignedAgreement,
    agree,
    offer_account,
    offering_bank,
    open_account,
    read,
    verify_file,
    write,
)
from services.gateway.bank import confirm as ask_registry
from services.gateway.bank_batch import RowOutcome, confirm_file
from services.gateway.organisation import Organisation

NEW = click.Path(path_type=Path)
ITEMS: Final = [each.value for each in BasicItem]
REASONS: Final = [each.value for each in ConfirmationReason]
Command = Callable[..., None]


@click.command("offer-account")
@as_option
@click.option("--contract", required=True, help="What is opened, in words that the person agrees to.")
@click.option("--item", "items", multiple=True, type=click.Choice(ITEMS), help="An item the bank asks for.")
@click.option(
    "--minutes", default=60, show_default=True, type=click.IntRange(1, 1440), help="How long it holds."
)
@click.option("--out", required=True, type=NEW, help="Write the offer here, for the person.")
@told
def offer(folder: Path, contract: str, items: tuple[str, ...], minutes: int, out: Path) -> None:
    """As a bank: offer to open an account; the offer carries a challenge for the person's card."""
    asked = [BasicItem(each) for each in items]
    write(
        out,
        offer_account(Organisation.at(folder), contract, asked, good_for=timedelta(minutes=minutes)),
    )
    click.echo(f"offer: {out}")


@click.command("agree-account")
@card_option
@click.option("--offer", "offered", required=True, type=EXISTING, help="The bank's offer.")
@click.option(
    "--item",
    "items",
    multiple=True,
    type=click.Choice(ITEMS),
    help="An item to disclose; without any you are asked about each.",
)
@click.option("--nothing", is_flag=True, help="Disclose no item.")
@click.option("--out", required=True, type=NEW, help="Write the agreement here, for the bank.")
@told
def agree_account(card: Path, offered: Path, items: tuple[str, ...], nothing: bool, out: Path) -> None:
    """As a person: agree to a bank's offer, item by item; the card signs with its signature application."""
    if items and nothing:
        raise click.UsageError("name --item or --nothing, not both")
    made, person = read(Offer, offered), signing(card)
    click.echo(f"{offering_bank(person, made)} ({made.organisation}) wants to open: {made.contract}")
    chosen = {BasicItem(each) for each in items}
    if not items and not nothing:
        chosen = {item for item in made.items if click.confirm(f"Tell the bank your {item.value}?")}
    write(out, agree(person, made, frozenset(chosen)))
    click.echo(f"agreed, disclosing {_listed(chosen)}; good once, for this bank: {out}")


@click.command("open-account")
@as_option
@click.option("--offer", "offered", required=True, type=EXISTING, help="The offer that was made.")
@click.option("--agreement", required=True, type=EXISTING, help="What the person answered.")
@click.option("--out", required=True, type=NEW, help="Write what the bank keeps here.")
@told
def open_(folder: Path, offered: Path, agreement: Path, out: Path) -> None:
    """As a bank: have the card checked, get the items agreed to, and keep a proof; called again, it goes on."""
    unfinished = out.with_name(f"{out.name}.begun")
    begun = read(CheckedCard, unfinished) if unfinished.exists() else None
    kept, opened = open_account(
        Organisation.at(folder),
        Opening(read(Offer, offered), read(SignedAgreement, agreement)),
        begun=begun,
        keep=lambda checked: write(unfinished, checked),
    )
    write(out, kept)
    unfinished.unlink(missing_ok=True)
    click.echo(f"account of {opened.account}: {opened.agreement.contract}")
    _show(opened)
    click.echo(f"kept: {out}")


@click.command("verify-confirmation")
@click.argument("file", type=EXISTING)
@click.option("--trust", required=True, type=EXISTING, help="Trust file with the bodies' keys.")
@told
def verify_confirmation(file: Path, trust: Path) -> None:
    """Verify offline what a bank kept of an account (`open-account`)."""
    opened = verify_file(file, trust)
    agreed = opened.agreement
    click.echo(f"{agreed.organisation}: {agreed.contract}, agreed {agreed.agreed_at:%Y-%m-%d %H:%M:%S} UTC")
    click.echo(f"account of {opened.account}; the card was good {opened.checked_at:%Y-%m-%d %H:%M:%S} UTC")
    _show(opened)
    click.echo(f"verified; items agreed to: {_listed(agreed.items)}")


@click.command()
@as_option
@reference_option
@click.option("--name", help="The name as the bank knows it.")
@click.option("--address", help="The address as the bank knows it.")
@click.option("--sex", help="The sex as the bank knows it.")
@click.option("--birth-date", help="The date of birth as the bank knows it, YYYY-MM-DD.")
@click.option("--contract", required=True, help="The contract, as the permission names it.")
@click.option(
    "--reason", required=True, type=click.Choice(REASONS), help="Why now, by the contract's own terms."
)
@told
def confirm(folder: Path, reference: str, contract: str, reason: str, **known: str | None) -> None:
    """As a bank: ask whether what it knows is still right; only with the person's permission for this reason."""
    items = {BasicItem(name): value for name, value in known.items() if value is not None}
    if not items:
        raise click.UsageError("name at least one of --name, --address, --sex, --birth-date")
    results = ask_registry(
        Organisation.at(folder), reference, items, contract=contract, reason=ConfirmationReason(reason)
    )
    for item, result in results.items():
        click.echo(f"{item.value}: {result.model_dump_json()}")


@click.command("confirm-batch")
@as_option
@click.argument("questions", type=EXISTING)
@click.argument("answers", type=NEW)
@told
def confirm_batch(folder: Path, questions: Path, answers: Path) -> None:
    """As a bank: ask about many customers; CSV in (UTF-8 or CP932), CSV out, each row with its own outcome."""
    counted = confirm_file(Organisation.at(folder), questions, answers)
    told = ", ".join(f"{counted[each]} {each.value}" for each in RowOutcome)
    click.echo(f"{counted.total()} rows: {told}; written to {answers}")


def _show(opened: OpenedAccount) -> None:
    for item, value in sorted(opened.items.items()):
        click.echo(f"{item.value}: {value}")


def _listed(items: set[BasicItem] | frozenset[BasicItem]) -> str:
    return ", ".join(sorted(items)) or "nothing"
