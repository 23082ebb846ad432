"""What a person does with card and wallet from the command line, through My Portal."""

import os
from datetime import timedelta
from pathlib import Path

import click

from consent.compartments import YearSpan
from consent.directives import BasicScope, Effect, Notice, RecordScope, Terms
from consent.identifiers import OrganisationId
from consent.recipients import Recipient
from consent.vocabulary import BasicItem, Category, ConfirmationReason, Purpose
from services.commands.auditing import line, wholeness
from services.commands.failures import told
from services.contracts.identity.messages import Application
from services.gateway.audit_events import save_bundle
from services.gateway.cards import read_card
from services.gateway.history import history as fetch_history
from services.gateway.history import inbox as fetch_inbox
from services.gateway.history import save_evidence
from services.gateway.person import Person, sign_in_at_portal
from services.gateway.wallet_actions import Permission, lay_down
from services.gateway.wallet_actions import permissions as fetch_permissions
from services.gateway.wallet_actions import withdraw as take_back

card_option = click.option(
    "--card", required=True, type=click.Path(exists=True, path_type=Path), help="The card file."
)
NOTICE = "Who may read which records of which years, for what, and until when, as the command says."
REFUSING = "Refusing changes nothing about your care."


def signed_in(card: Path) -> Person:
    """Return the person of a card, with the authentication application unlocked."""
    return sign_in_at_portal(read_card(card), pin=typed_pin(Application.AUTHENTICATION))


def signing(card: Path) -> Person:
    """Return the person of a card, with both applications unlocked."""
    authentication, signature = typed_pin(Application.AUTHENTICATION), typed_pin(Application.SIGNATURE)
    return sign_in_at_portal(read_card(card), pin=authentication, signature_pin=signature)


def pin_variable(application: Application) -> str:
    """Return the environment variable from which an application's PIN is taken; without it the user is asked."""
    return f"SEKISHO_PIN_{application.value.upper()}"


def typed_pin(application: Application) -> str:
    """Return a PIN from the environment, else as the user types it."""
    return os.environ.get(pin_variable(application)) or str(
        click.prompt(f"PIN ({application.value})", hide_input=True)
    )


@click.command()
@card_option
@click.option(
    "--save", type=click.Path(path_type=Path), help="Save the evidence to this file, for `sekisho verify`."
)
@click.option("--fhir", type=click.Path(path_type=Path), help="Also write the entries as FHIR AuditEvents.")
@told
def history(card: Path, *, save: Path | None, fhir: Path | None) -> None:
    """Show who used what of yours; every entry is verified before it is shown."""
    found = fetch_history(signed_in(card))
    for entry in found.entries:
        click.echo(line(entry))
    click.echo(f"{len(found.entries)} entries, each proved")
    for text in wholeness(found):
        click.echo(text)
    if save is not None:
        save_evidence(found.evidence, save)
        click.echo(f"evidence saved: {save}")
    if fhir is not None:
        save_bundle(found.entries, fhir)
        click.echo(f"AuditEvents saved: {fhir}")


@click.command()
@card_option
@told
def inbox(card: Path) -> None:
    """Show recall notices for what you own."""
    notices = fetch_inbox(signed_in(card))
    for notice in notices:
        click.echo(
            f"{notice.product}: {notice.title}\n    {notice.hazard}\n    {notice.remedy}\n    {notice.url}"
        )
    click.echo(f"{len(notices)} notices")


@click.command()
@card_option
@click.option("--to", "recipient", required=True, help="The organisation's id in the register.")
@click.option("--category", "categories", multiple=True, type=click.Choice([each.value for each in Category]))
@click.option("--years", type=(int, int), help="First and last year of the records.")
@click.option("--item", "items", multiple=True, type=click.Choice([each.value for each in BasicItem]))
@click.option("--contract", help="With --item: the contract for which the items may be confirmed.")
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    type=click.Choice([each.value for each in ConfirmationReason]),
    help="With --item: a reason of that contract for asking.",
)
@click.option("--purpose", required=True, type=click.Choice([each.value for each in Purpose]))
@click.option(
    "--days", default=365, show_default=True, type=click.IntRange(1, 3650), help="How long it holds."
)
@told
def grant(
    card: Path,
    recipient: str,
    categories: tuple[str, ...],
    years: tuple[int, int] | None,
    items: tuple[str, ...],
    contract: str | None,
    reasons: tuple[str, ...],
    purpose: str,
    days: int,
) -> None:
    """Permit an organisation to read records (--category, --years) or to confirm basic items (--item)."""
    if bool(categories) == bool(items):
        raise click.UsageError("name either --category (with --years) or --item")
    person = signing(card)
    now = person.clock()
    terms = Terms(
        recipient=Recipient(OrganisationId(recipient)),
        effect=Effect.PERMIT,
        purposes=frozenset({Purpose(purpose)}),
        scope=_basic(items, contract, reasons) if items else _records(categories, years),
        valid_from=now,
        valid_until=now + timedelta(days=days),
        notice=Notice.of_text(  # P1
            NOTICE, text_id="cli-grant", version="1", language="en", refusal_meaning=REFUSING
        ),
    )
    permission = lay_down(person, terms)
    click.echo(f"permitted; {len(permission.copies)} bodies hold a copy: {describe(permission)}")


def _basic(items: tuple[str, ...], contract: str | None, reasons: tuple[str, ...]) -> BasicScope:
    if contract is None or not reasons:
        raise click.UsageError("--item needs --contract and at least one --reason")
    return BasicScope(
        frozenset(BasicItem(each) for each in items),
        contract,
        frozenset(ConfirmationReason(each) for each in reasons),
    )


def _records(categories: tuple[str, ...], years: tuple[int, int] | None) -> RecordScope:
    if years is None:
        raise click.UsageError("--category needs --years FIRST LAST")
    return RecordScope(frozenset(Category(each) for each in categories), YearSpan(*years))


@click.command()
@card_option
@told
def permissions(card: Path) -> None:
    """Show what you have permitted; the numbers are those for `withdraw`."""
    person = signing(card)
    for number, each in enumerate(fetch_permissions(person), 1):
        state = "in force" if each.active(person.clock()) else "not in force"
        click.echo(f"{number}. {state}: {describe(each)}")


@click.command()
@card_option
@click.argument("number", type=click.IntRange(1))
@told
def withdraw(card: Path, number: int) -> None:
    """Take back the permission with this number in `permissions`; in force when this returns."""
    person = signing(card)
    found = fetch_permissions(person)
    if number > len(found):
        raise click.UsageError(f"there are {len(found)} permissions; see `sekisho permissions`")
    receipts = take_back(person, found[number - 1])
    for body, kept in receipts.items():
        for receipt in kept:
            click.echo(
                f"{body.value}: {receipt.fragments_deleted} fragments deleted at {receipt.withdrawn_at}"
            )
    click.echo("withdrawn")


def describe(permission: Permission) -> str:
    """Return a permission in one line."""
    terms = permission.terms
    match terms.scope:
        case RecordScope(categories=categories, years=years):
            what = f"{', '.join(sorted(categories))} of {years.first}-{years.last}"
        case BasicScope(items=items, contract=contract, reasons=reasons):
            what = f"{', '.join(sorted(items))}, by {contract or 'any contract'}"
            what += f" ({', '.join(sorted(reasons)) or 'any reason'})"
    purposes = ", ".join(sorted(terms.purposes))
    refused = "refused: " if terms.effect is Effect.DENY else ""
    return f"{_whom(terms.recipient)}: {refused}{what}, for {purposes}, until {terms.valid_until:%Y-%m-%d}"


def _whom(recipient: Recipient) -> str:
    named = recipient.organisation or "everybody"
    role = f", {recipient.role}" if recipient.role else ""
    return named + role + (f", {recipient.professional}" if recipient.professional else "")
