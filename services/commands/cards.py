"""What holders and registrars do with cards that were issued."""

import ssl
from pathlib import Path

import click

from consent.vocabulary import Body
from services.commands.failures import told
from services.commands.options import Said
from services.commands.organisation import as_option, reference_option
from services.commands.person import card_option, signed_in, signing, typed_pin
from services.commands.renewing import renew_on_card
from services.commands.tokens import token_card
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import Application, CardChange
from services.gateway import card_care
from services.gateway.attributes import fetch_attributes, shown_attributes
from services.gateway.card_making import with_hint
from services.gateway.cards import read_card, replace_card, save_card, unlock
from services.gateway.errors import CardFileError
from services.gateway.exchange import Relayed
from services.gateway.organisation import Organisation
from services.gateway.person import Person, at_portal, sign_in
from services.gateway.recovery import LaidDown, lay_down_recovery, retire_earlier
from services.gateway.reissue import reissue, renew_signature
from services.kit.http import Http
from services.kit.keys import replace_private

application_option = click.option(
    "--application", required=True, type=click.Choice([each.value for each in Application])
)
reason_option = click.option("--reason", required=True, type=Said(), help="Why; the holder reads it.")


def next_pin(application: Application) -> str:
    """Ask, twice, for a PIN that is to be set."""
    return str(click.prompt(f"new PIN ({application.value})", hide_input=True, confirmation_prompt=True))


new_pin_option = click.option(
    "--new-pin", envvar="SEKISHO_NEW_PIN", help="The new PIN; without it you are asked, and nothing is shown."
)
hint_option = click.option("--hint", help="What reminds you, and nobody else, of the new PIN.")


@click.command("card-status")
@card_option
@told
def card_status(card: Path) -> None:
    """Show where your card stands: state, end, tries left, hints."""
    held = read_card(card)
    standing = card_care.own_card(signed_in(card))
    click.echo(f"card {standing.card}: {standing.state.value}")
    for application, each in sorted(standing.applications.items()):
        hint = held.applications[application].hint
        told_hint = "" if hint is None else f', hint "{hint}"'
        click.echo(f"{application.value}: {each.tries_left} tries, certificate {each.kid}{told_hint}")


@click.command("change-pin")
@card_option
@application_option
@new_pin_option
@hint_option
@told
def change_pin(card: Path, application: str, new_pin: str | None, hint: str | None) -> None:
    """Change a PIN that you know; the card file is written anew."""
    name = Application(application)
    present, following = typed_pin(name), new_pin or next_pin(name)
    held = read_card(card)
    identity = at_portal(held)[1](Body.IDENTITY)
    changed = card_care.change_pin(card, held, name, present=present, following=following, identity=identity)
    if hint is not None:
        replace_card(with_hint(changed, name, hint, digits=following), card)
    click.echo(f"the {name.value} PIN is changed; copies of the card file from before are worth nothing now")


@click.command("suspension-code")
@card_option
@told
def suspension_code(card: Path) -> None:
    """Get another code by which you stop a lost card on the telephone; write it down, apart from the card."""
    click.echo(f"telephone code: {card_care.new_suspension_code(signed_in(card))}")


@click.command("suspend-card")
@click.option("--portal", required=True, help="My Portal's address.")
@click.option("--authority", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--code", prompt=True, help="The telephone code that you got with the card.")
@told
def suspend_card(portal: str, authority: Path, code: str) -> None:
    """Stop a lost card by its telephone code, at any hour, without signing in."""
    context = ssl.create_default_context(cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    card_care.suspend_by_code(
        code, identity=Relayed(Http(portal, context=context), body=Body.IDENTITY, url=portal)
    )
    click.echo("received; if the code is a card's, that card is stopped now")


def _change(counter: Path, reference: str, card: Path, *, change: CardChange, reason: str) -> None:
    done = card_care.change_card(
        Organisation.at(counter), reference, read_card(card).card, change=change, reason=reason
    )
    click.echo(f"card {done.card}: {done.state.value}")
    if done.suspension_code is not None:
        click.echo(f"new telephone code, for the holder only: {done.suspension_code}")


@click.command("resume-card")
@as_option
@reference_option
@card_option
@reason_option
@told
def resume_card(folder: Path, reference: str, card: Path, reason: str) -> None:
    """As a registrar: let a card that was found again count again."""
    _change(folder, reference, card, change=CardChange.RESUME, reason=reason)


@click.command("revoke-card")
@as_option
@reference_option
@card_option
@reason_option
@told
def revoke_card(folder: Path, reference: str, card: Path, reason: str) -> None:
    """As a registrar: end a card for good."""
    _change(folder, reference, card, change=CardChange.REVOKE, reason=reason)


@click.command("unlock-card")
@as_option
@reference_option
@card_option
@application_option
@told
def unlock_card(folder: Path, reference: str, card: Path, application: str) -> None:
    """As a registrar, with the holder here: give a locked application its tries back, by the PIN of the other one."""
    counter, name = Organisation.at(folder), Application(application)
    other = card_care.OTHER[name]
    opened = unlock(
        read_card(card), other, typed_pin(other), identity=IdentityClient(counter.connect(Body.IDENTITY))
    )
    tries = card_care.unlock_at_counter(counter, reference, application=name, other=opened)
    click.echo(f"{name.value}: {tries} tries again; the PIN is the same as before")


paper_option = click.option(
    "--paper", help="The person's recovery code; without it a second registrar is needed."
)
second_option = click.option(
    "--with",
    "second",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Credentials of a second registrar, another human, who confirms as well.",
)


def _others(second: Path | None) -> list[Organisation]:
    return [] if second is None else [Organisation.at(second)]


@click.command("renew-card")
@as_option
@reference_option
@card_option
@new_pin_option
@hint_option
@click.option("--token", help="Label of a PKCS#11 token that makes and keeps the new key.")
@told
def renew_card(
    folder: Path, reference: str, card: Path, new_pin: str | None, hint: str | None, token: str | None
) -> None:
    """As a registrar, with the holder here: another key and PIN where the PIN for signing in is forgotten."""
    counter, name = Organisation.at(folder), Application.AUTHENTICATION
    digits, held = new_pin or next_pin(name), read_card(card)
    other = card_care.OTHER[name]
    opened = unlock(held, other, typed_pin(other), identity=IdentityClient(counter.connect(Body.IDENTITY)))
    renewed = card_care.renew_at_counter(
        counter,
        reference,
        held,
        application=name,
        digits=digits,
        other=opened,
        backend=token_card({name: token}) if token else None,
    )
    replace_card(renewed if hint is None else with_hint(renewed, name, hint, digits=digits), card)
    click.echo(f"{name.value}: new key and PIN, certificate {renewed.applications[name].kid}")


@click.command("renew-signature")
@as_option
@reference_option
@card_option
@new_pin_option
@hint_option
@paper_option
@second_option
@click.option("--token", help="Label of a PKCS#11 token that makes and keeps the new key.")
@told
def renew_signature_application(
    folder: Path,
    reference: str,
    card: Path,
    *,
    new_pin: str | None,
    hint: str | None,
    paper: str | None,
    second: Path | None,
    token: str | None,
) -> None:
    """As a registrar, with the holder here: another key and PIN where the PIN for signing is forgotten."""
    counter, name = Organisation.at(folder), Application.SIGNATURE
    pins = {
        Application.AUTHENTICATION: typed_pin(Application.AUTHENTICATION),
        name: new_pin or next_pin(name),
    }
    renewed = renew_signature(
        counter,
        reference,
        read_card(card),
        pins=pins,
        paper=paper,
        others=_others(second),
        backend=token_card({name: token}) if token else None,
    )
    replace_card(renewed if hint is None else with_hint(renewed, name, hint, digits=pins[name]), card)
    click.echo(
        f"{name.value}: new key and PIN, certificate {renewed.applications[name].kid}; the wallet is recovered"
    )
    person = sign_in(renewed, counter.connect, pin=pins[Application.AUTHENTICATION], signature_pin=pins[name])
    _tell_new_code(person, lay_down_recovery(person))


def _tell_new_code(person: Person, laid: LaidDown) -> None:
    click.echo(f"new recovery code, for the person only: {laid.paper}")
    retire_earlier(person, laid)
    click.echo("the recovery code from before is worth nothing now")


@click.command("recovery-code")
@card_option
@told
def recovery_code(card: Path) -> None:
    """Lay your wallet down in parts and get the code for paper, for the day card and device are lost."""
    person = signing(card)
    laid = lay_down_recovery(person)
    click.echo(f"recovery code: {laid.paper}")
    retire_earlier(person, laid)
    click.echo("keep it on paper, apart from the card; an earlier code is worth nothing now")


@click.command("reissue-card")
@as_option
@reference_option
@click.option("--card", required=True, type=click.Path(path_type=Path), help="Write the new card file here.")
@paper_option
@second_option
@told
def reissue_card(folder: Path, reference: str, card: Path, paper: str | None, second: Path | None) -> None:
    """As a registrar, with the person here: revoke the old card, issue another, recover the wallet, renew its keys."""
    if card.exists():
        raise CardFileError(f"{card} exists already; choose another name")
    pins = {application: typed_pin(application) for application in Application}
    counter = Organisation.at(folder)
    made = reissue(counter, reference, pins=pins, paper=paper, others=_others(second))
    save_card(made.card, card)
    click.echo(f"card file: {card}; the wallet from before is recovered into it")
    click.echo(f"telephone code that stops the card, for the person only: {made.suspension_code}")
    renew_on_card(card, made.person, digits=pins[Application.SIGNATURE])


@click.command("attributes")
@card_option
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write the statement here, to hand it to somebody."
)
@told
def attributes(card: Path, out: Path | None) -> None:
    """Have the registry state your items about your signature certificate, and keep it sealed beside the card."""
    person = signing(card)
    person.card = fetch_attributes(person)
    replace_card(person.card, card)
    statement, stated = shown_attributes(person)
    for item, value in sorted(stated.items.items()):
        click.echo(f"{item.value}: {value}")
    click.echo(f"about certificate {stated.certificate}, stated at {stated.stated_at:%Y-%m-%d %H:%M:%S}")
    if out is not None:
        replace_private(out, statement.encode() + b"\n")
