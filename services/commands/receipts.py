"""`sekisho receipt`: proof of what was permitted, refused and taken back, and of requests that were refused."""

from collections.abc import Iterator
from pathlib import Path

import click

from consent.receipt_words import lines
from consent.terms import Effect
from consent.vocabulary import PROXIES, Body
from services.commands.failures import told
from services.commands.options import text_of
from services.commands.permitting import numbered
from services.commands.person import card_option, signing
from services.commands.reception import question_of
from services.commands.reception_words import WORDS
from services.commands.trusting import (
    page_option,
    tell,
    tell_made,
    tell_verified,
    trust_file,
    trust_option,
)
from services.commands.wishes import NOTICES, language_option
from services.gateway.emergency_choice import NOTICE as EMERGENCY
from services.gateway.own_receipts import receipt_of, refused_requests
from services.gateway.receipts import Receipt, ReceiptError
from services.gateway.reception import ASKED
from services.gateway.wallet_actions import permissions
from services.kit.keys import write_private

FILE = click.Path(path_type=Path)
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
save_option = click.option("--save", type=FILE, help="Save the receipt to this file, for `sekisho verify`.")


@click.group()
def receipt() -> None:
    """Receipts that prove to anybody, offline, what you laid down, or that somebody was refused."""


@receipt.command("directive")
@card_option
@click.argument("number", type=click.IntRange(1))
@save_option
@page_option
@click.option(
    "--body",
    type=click.Choice([each.value for each in (*PROXIES, Body.REGISTRY)]),
    help="Whose copy; a receipt names you as that body does.",
)
@click.option(
    "--text", type=EXISTING, help="The text that was shown, where it was not one of these commands'."
)
@language_option
@told
def directive(
    card: Path,
    number: int,
    *,
    save: Path | None,
    html: Path | None,
    body: str | None,
    text: Path | None,
    language: str,
) -> None:
    """Of the permission or refusal with this number in `permissions`, also when it was taken back."""
    person = signing(card)
    chosen = numbered(permissions(person), number)
    texts = list(shown_texts()) if text is None else [text_of(text)]
    made = receipt_of(person, chosen, body=None if body is None else Body(body), texts=texts)
    _give(made, save=save, html=html, language=language)


@receipt.command("refused")
@card_option
@click.argument("number", type=click.IntRange(1), required=False)
@save_option
@page_option
@language_option
@told
def refused(card: Path, number: int | None, *, save: Path | None, html: Path | None, language: str) -> None:
    """Of a request that was refused to an organisation; without a number, list them."""
    found = refused_requests(signing(card))
    if number is not None:
        if number > len(found):
            raise click.UsageError(
                f"there are {len(found)} refused requests; leave the number out to see them"
            )
        _give(found[number - 1], save=save, html=html, language=language)
        return
    if save is not None or html is not None:
        raise click.UsageError("name which one by its number")
    for count, each in enumerate(found, 1):
        said = {label.en: value.of(language) for label, value in lines(each.fact)}
        click.echo(f"{count}. {said['when']}  {said['who asked']}: {said['why']}")
    click.echo(f"{len(found)} refused requests, each proved")


@receipt.command("make")
@click.argument("file", type=EXISTING)
@save_option
@trust_option
@page_option
@language_option
@told
def make(file: Path, *, save: Path | None, trust: Path | None, html: Path | None, language: str) -> None:
    """Make the receipt out of what My Portal saved, offline."""
    made = tell_made(file, trust_file(trust, file), language=language, html=html)
    if made is None:
        raise ReceiptError(
            "This is not what My Portal saves of a permission or refusal; save it there again."
        )
    _save(made, save)


@receipt.command("show")
@click.argument("file", type=EXISTING)
@trust_option
@page_option
@language_option
@told
def show(file: Path, *, trust: Path | None, html: Path | None, language: str) -> None:
    """Verify a saved receipt offline and say what it is of."""
    tell_verified(file, trust_file(trust, file), language=language, html=html)


def shown_texts() -> Iterator[str]:
    """Return every text that commands show before something is laid down."""
    for effect in Effect:
        yield from (NOTICES[effect].ja, NOTICES[effect].en)
    for words in WORDS.values():
        yield from (question_of(words, category).text for category in ASKED)
    yield from (EMERGENCY.ja, EMERGENCY.en)


def _give(made: Receipt, *, save: Path | None, html: Path | None, language: str) -> None:
    tell(made, language=language, html=html)
    _save(made, save)


def _save(made: Receipt, save: Path | None) -> None:
    if save is not None:
        save.unlink(missing_ok=True)
        write_private(save, made.content)
        click.echo(f"receipt saved: {save}")
