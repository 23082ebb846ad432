"""What a person does with card and wallet from the command line, through My Portal."""

import os
from pathlib import Path

import click

from services.commands.auditing import line, wholeness
from services.commands.failures import told
from services.commands.wishes import language_option
from services.contracts.identity.messages import Application
from services.gateway.audit_events import save_bundle
from services.gateway.cards import read_card
from services.gateway.emergency_notices import emergency_notices
from services.gateway.guardians import WardFile, acting
from services.gateway.history import history as fetch_history
from services.gateway.history import inbox as fetch_inbox
from services.gateway.history import save_evidence
from services.gateway.person import Person, sign_in_at_portal
from services.gateway.use_notices import TITLE as USE_TITLE
from services.gateway.use_notices import use_notices
from services.kit.clock import system_clock

card_option = click.option(
    "--card", required=True, type=click.Path(exists=True, path_type=Path), help="The card file."
)


def signed_in(card: Path) -> Person:
    """Return the person of a card, with the authentication application unlocked, or the ward of `as-guardian`."""
    if _ward() is not None:
        return signing(card)
    return sign_in_at_portal(read_card(card), pin=typed_pin(Application.AUTHENTICATION))


def signing(card: Path) -> Person:
    """Return the person of a card, with both applications unlocked, or the ward of `as-guardian`."""
    authentication, signature = typed_pin(Application.AUTHENTICATION), typed_pin(Application.SIGNATURE)
    person, ward = sign_in_at_portal(read_card(card), pin=authentication, signature_pin=signature), _ward()
    return person if ward is None else acting(person, ward)


def _ward() -> WardFile | None:
    context = click.get_current_context(silent=True)
    return None if context is None else context.find_object(WardFile)


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
    for name in found.silent:
        click.echo(f"  {name:15} it shows no entry; that there is none cannot be proved")
    for name in found.outdated(now=system_clock()):
        click.echo(f"! {name:15} it has not counted its entries lately; ask again, report it if it stays so")
    if save is not None:
        save_evidence(found.evidence, save)
        click.echo(f"evidence saved: {save}")
    if fhir is not None:
        save_bundle(found.entries, fhir)
        click.echo(f"AuditEvents saved: {fhir}")


@click.command()
@card_option
@language_option
@told
def inbox(card: Path, language: str) -> None:
    """Show emergencies in which your records were opened, use that stood out, and recalls of what you own."""
    person = signed_in(card)
    emergencies = emergency_notices(person)
    for each in emergencies:
        click.echo(f"{each.title.of(language)}\n    {each.text.of(language)}")
    flagged = use_notices(person)
    for use in flagged:
        click.echo(f"{USE_TITLE.of(language)}\n    {use.text().of(language)}")
    notices = fetch_inbox(person)
    for notice in notices:
        click.echo(
            f"{notice.product}: {notice.title}\n    {notice.hazard}\n    {notice.remedy}\n    {notice.url}"
        )
    click.echo(f"{len(emergencies) + len(flagged) + len(notices)} notices")
