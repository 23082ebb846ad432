"""Asking what would change before laying down or withdrawing, at the command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from consent.conditions import UNCONDITIONAL, Conditions
from consent.terms import Effect
from consent.words import Word
from services.commands.failures import told
from services.commands.options import gathered
from services.commands.permitting import numbered
from services.commands.person import card_option, signing
from services.commands.wishes import (
    BOUND,
    EVERYBODY,
    NARROWED,
    TO,
    Screen,
    Wish,
    bound_to,
    language_option,
    permitted_wish,
    refused_wish,
)
from services.gateway import simulating as gateway
from services.gateway.wallet_actions import permissions

NOTHING: Final = Word("誰にとっても何も変わりません", "nobody gains or loses anything")
_WITHDRAW: Final = click.option(
    "--withdraw", "number", type=click.IntRange(1), help="What if this one of `permissions` were withdrawn."
)
_REFUSE: Final = click.option("--refuse", is_flag=True, help="What if this were refused, not permitted.")


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What is asked: laying something down, or withdrawing the permission of a number."""

    wish: Wish | None
    effect: Effect
    conditions: Conditions
    number: int | None


def _what_if(
    *, number: int | None, refuse: bool, everybody: bool, times: str | None, onward: bool, **given: object
) -> WhatIf:
    if number is not None:
        if given["organisation"] is not None or everybody:
            raise click.UsageError("give --withdraw NUMBER, or what would be laid down")
        return WhatIf(None, Effect.PERMIT, UNCONDITIONAL, number)
    if refuse:
        return WhatIf(refused_wish(everybody=everybody, **given), Effect.DENY, UNCONDITIONAL, None)
    if everybody:
        raise click.UsageError("--everybody goes with --refuse only")
    return WhatIf(permitted_wish(**given), Effect.PERMIT, bound_to(times=times, onward=onward), None)


@click.command()
@card_option
@gathered("asked", (_WITHDRAW, _REFUSE, TO, EVERYBODY, *NARROWED, *BOUND), _what_if)
@language_option
@told
def simulate(card: Path, asked: WhatIf, language: str) -> None:
    """Show who would gain or lose what if you granted, refused (--refuse) or withdrew (--withdraw); nothing is done."""
    person = signing(card)
    if asked.wish is None:
        chosen = numbered(permissions(person), asked.number or 0)
        found = gateway.simulate_withdrawal(person, chosen)
    else:
        terms = asked.wish.terms(asked.effect, asked.conditions, now=person.clock(), screen=Screen(language))
        found = gateway.simulate_laying_down(person, terms)
    for each in found:
        click.echo({"ja": each.ja, "en": each.en}[language])
    if not found:
        click.echo(NOTHING.of(language))
