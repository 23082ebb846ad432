"""Permitting, refusing and taking back at the command line; every line in Japanese or English."""

import json
from pathlib import Path
from typing import Final

import click

from consent.conditions import UNCONDITIONAL, Conditions
from consent.shown import Medium
from consent.terms import Effect
from consent.words import Word, terms_in_words
from services.commands.failures import told
from services.commands.options import gathered
from services.commands.person import card_option, signing
from services.commands.wishes import (
    ASKED,
    BOUND,
    EVERYBODY,
    FROM_FHIR,
    NARROWED,
    TO,
    FromFhir,
    Screen,
    Wish,
    asked_by,
    bound_to,
    granted_wish,
    language_option,
    refused_wish,
)
from services.gateway.fhir_consent import bundle, to_consent
from services.gateway.wallet_actions import Permission, lay_down
from services.gateway.wallet_actions import permissions as fetch_permissions
from services.gateway.withdrawing import (
    TakenBack,
    permissions_at_hand,
    save_withdrawal,
    take_back,
)

ACCEPTED: Final = {
    Effect.PERMIT: Word(
        "許可しました。{0}機関が写しを保管しています: {1}", "permitted; {0} bodies hold a copy: {1}"
    ),
    Effect.DENY: Word(
        "拒否しました。{0}機関が写しを保管しています: {1}", "refused; {0} bodies hold a copy: {1}"
    ),
}
SILENT: Final = Word(
    "{0}は応答しないため、そこにだけある指示は表示されません",
    "{0} does not answer: what only it holds is not shown",
)
IN_FORCE, NOT_IN_FORCE = Word("有効", "in force"), Word("無効", "not in force")


@click.command()
@card_option
@gathered("wish", (FROM_FHIR, TO, *NARROWED), granted_wish)
@gathered("conditions", BOUND, bound_to)
@gathered("medium", ASKED, asked_by)
@language_option
@told
def grant(
    card: Path, wish: Wish | FromFhir, *, conditions: Conditions, medium: Medium, language: str
) -> None:
    """Permit an organisation to read records (--category, --years) or to confirm basic items (--item)."""
    _lay_down(card, wish, Effect.PERMIT, conditions, screen=Screen(language, medium))


@click.command()
@card_option
@gathered("wish", (TO, EVERYBODY, *NARROWED), refused_wish)
@gathered("medium", ASKED, asked_by)
@language_option
@told
def refuse(card: Path, wish: Wish, *, medium: Medium, language: str) -> None:
    """Forbid an organisation, or everybody, to read records or to confirm basic items."""
    _lay_down(card, wish, Effect.DENY, UNCONDITIONAL, screen=Screen(language, medium))


def _lay_down(
    card: Path, wish: Wish | FromFhir, effect: Effect, conditions: Conditions, *, screen: Screen
) -> None:
    person = signing(card)
    terms = wish.terms(effect, conditions, now=person.clock(), screen=screen)
    permission = lay_down(person, terms)
    said = terms_in_words(permission.terms).of(screen.language)
    click.echo(ACCEPTED[terms.effect].of(screen.language).format(len(permission.copies), said))


@click.command()
@card_option
@click.option("--fhir", is_flag=True, help="Print them as a FHIR R4 Bundle of Consent resources.")
@language_option
@told
def permissions(card: Path, fhir: bool, language: str) -> None:
    """Show what you have permitted and refused; the numbers are those for `withdraw`."""
    person = signing(card)
    if fhir:
        consents = [
            to_consent(each.terms, issued_at=each.issued_at, active=each.active(person.clock()))
            for each in fetch_permissions(person)
        ]
        click.echo(json.dumps(bundle(consents), ensure_ascii=False, indent=1))
        return
    found, silent = permissions_at_hand(person)
    for number, each in enumerate(found, 1):
        state = IN_FORCE if each.active(person.clock()) else NOT_IN_FORCE
        click.echo(f"{number}. {state.of(language)}: {terms_in_words(each.terms).of(language)}")
    for body in silent:
        click.echo(SILENT.of(language).format(body.value), err=True)


@click.command()
@card_option
@click.argument("number", type=click.IntRange(1))
@click.option(
    "--save", type=click.Path(dir_okay=False, path_type=Path), help="Keep the receipts, for `sekisho verify`."
)
@told
def withdraw(card: Path, number: int, save: Path | None) -> None:
    """Take back the permission with this number in `permissions`; in force when this returns."""
    person = signing(card)
    found, silent = permissions_at_hand(person)
    chosen = numbered(found, number)
    click.echo(f"taking back: {terms_in_words(chosen.terms).en}")
    done = take_back(person, chosen, silent=silent)
    for body, kept in done.receipts.items():
        for receipt in kept:
            click.echo(
                f"{body.value}: {receipt.fragments_deleted} fragments deleted at {receipt.withdrawn_at}"
            )
    click.echo(f"signed deletion receipts of {len(done.receipts)} bodies after {done.seconds:.1f} seconds")
    if save is not None:
        save_withdrawal(done.file, save)
        click.echo(f"receipts saved: {save}")
    if done.missing:
        raise click.ClickException(_left(done))
    click.echo("withdrawn")


def _left(done: TakenBack) -> str:
    silent = ", ".join(body.value for body in done.missing)
    state = "nobody can read by it any more, as two bodies must work together for that"
    if done.usable:
        state = "it can still be used"
    return (
        f"no receipt from {silent}, which may still hold its fragments; {state}. "
        "Give the same command again when it answers: what is deleted stays deleted. "
        "Keys are rolled then, so that records deposited later are out of reach of what it kept."
    )


def numbered(found: list[Permission], number: int) -> Permission:
    """Return the permission of a number in `permissions`. Raises: UsageError."""
    if number > len(found):
        raise click.UsageError(f"there are {len(found)} permissions; see `sekisho permissions`")
    return found[number - 1]
