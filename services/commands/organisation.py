"""What an organisation does from the command line, with the credentials in its folder."""

from hashlib import sha256
from pathlib import Path

import click

from consent.compartments import YearSpan
from consent.streams import StreamName
from consent.vocabulary import Category, Purpose
from services.commands.failures import told
from services.commands.options import IdCommand
from services.commands.person import pin_variable, signed_in
from services.commands.record_options import purpose_option, some_categories_option, some_years_option
from services.commands.resident_options import items_options
from services.commands.tokens import token_card
from services.commands.wrong_fragments import bypassed
from services.contracts.identity.messages import Application
from services.contracts.product_safety.messages import SerialRange
from services.gateway.cards import save_card
from services.gateway.clinic import open_records
from services.gateway.clinical import BasicItems
from services.gateway.errors import CardFileError
from services.gateway.fhir import read_export
from services.gateway.hospital import Deposited
from services.gateway.hospital import deposit as deposit_records
from services.gateway.hospital import link as link_card
from services.gateway.organisation import Organisation
from services.gateway.people import enrol as enrol_person
from services.gateway.shop import (
    read_recall,
    recall_progress,
    register_purchase,
    register_trade_item,
    start_recall,
)
from services.kit.keys import replace_private

as_option = click.option(
    "--as",
    "folder",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the organisation's credentials.",
)
reference_option = click.option(
    "--reference", required=True, help="How this organisation names the person (see link)."
)


def deposited(done: Deposited) -> str:
    """Word what a deposit did."""
    before = "; what was stored before was not sent again" if done.before else ""
    return f"{len(done.documents)} records deposited, {len(done.receipts)} receipts checked{before}"


EXISTING = click.Path(exists=True, path_type=Path)


@click.command()
@as_option
@items_options
@click.option("--card", required=True, type=click.Path(path_type=Path), help="Write the card file here.")
@click.option("--years", type=(int, int), help="First and last year of older records that may be deposited.")
@click.option(
    "--pin",
    envvar=pin_variable(Application.AUTHENTICATION),
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="PIN for signing in.",
)
@click.option(
    "--signature-pin",
    envvar=pin_variable(Application.SIGNATURE),
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="PIN for permitting.",
)
@click.option(
    "--token",
    "tokens",
    nargs=2,
    help="Labels of two PKCS#11 tokens, for signing in and for permitting: they make and keep the card's keys.",
)
@told
def enrol(
    folder: Path,
    items: BasicItems,
    card: Path,
    years: tuple[int, int] | None,
    pin: str,
    signature_pin: str,
    tokens: tuple[str, str] | None,
) -> None:
    """At a municipality's counter: number, register entry, card and wallet for one person."""
    if card.exists():  # before anybody is enrolled who would then have no card
        raise CardFileError(f"{card} exists already; choose another name")
    card.parent.mkdir(parents=True, exist_ok=True)
    pins = {Application.AUTHENTICATION: pin, Application.SIGNATURE: signature_pin}
    older = range(years[0], years[1] + 1) if years else ()
    backend = token_card(dict(zip(Application, tokens, strict=True))) if tokens else None
    made = enrol_person(Organisation.at(folder), items, pins=pins, years=older, backend=backend)
    save_card(made.card, card)
    click.echo(f"card file: {card}\nreference of the municipality: {made.reference}")
    click.echo(f"personal number, to be handed to the person only: {made.personal_number}")
    click.echo(f"telephone code that stops the card, likewise: {made.suspension_code}")


@click.command()
@as_option
@click.option("--card", required=True, type=EXISTING, help="The card file of the person who is here.")
@told
def link(folder: Path, card: Path) -> None:
    """Have a person's card presented here; prints how this organisation names the person from now on."""
    click.echo(link_card(Organisation.at(folder), signed_in(card)))


@click.command()
@as_option
@reference_option
@click.option(
    "--fhir",
    required=True,
    type=EXISTING,
    help="FHIR R4 bulk export (ndjson), or a Bundle (.json).",
)
@click.option("--patient", required=True, help="Id of the person's Patient resource in the export.")
@told
def deposit(folder: Path, reference: str, fhir: Path, patient: str) -> None:
    """Seal one person's records of a FHIR export and deposit them at the medical centre.

    Receipts are kept in the folder. A deposit that was broken off goes on when the command is given again.
    """
    hospital = Organisation.at(folder)
    data = read_export(fhir, this_year=hospital.clock().year)
    if all(each.id != patient for each in data.patients):
        raise click.UsageError(f"the export has no Patient with the id {patient}")
    book = folder / "deposits" / f"{sha256(reference.encode()).hexdigest()[:32]}.json"
    done = deposit_records(hospital, reference, data.of(patient), book=book)
    click.echo(deposited(done))


@click.command(name="open")
@as_option
@reference_option
@some_categories_option
@some_years_option
@purpose_option
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Write the records here, one per line."
)
@told
def open_(
    folder: Path, reference: str, categories: tuple[str, ...], years: tuple[int, int], purpose: str, out: Path
) -> None:
    """Read and open what the person permitted."""
    opened = open_records(
        Organisation.at(folder),
        reference,
        categories=frozenset(Category(each) for each in categories),
        years=YearSpan(*years),
        purpose=Purpose(purpose),
        tell=bypassed(out.parent),
    )
    records = [each for each in opened if StreamName.of(each.media_type) is None]
    replace_private(out, b"".join(document.content + b"\n" for document in records))
    click.echo(f"{len(records)} records written to {out}")
    if len(opened) > len(records):
        click.echo(f"{len(opened) - len(records)} large documents: fetch them with open-file")


@click.command(name="trade-item")
@as_option
@click.option("--gtin", required=True)
@click.option("--name", required=True)
@told
def trade_item(folder: Path, gtin: str, name: str) -> None:
    """As a maker: name a trade item as one's own."""
    register_trade_item(Organisation.at(folder), gtin, name)
    click.echo("registered")


@click.command()
@as_option
@reference_option
@click.option("--gtin", required=True)
@click.option("--serial", required=True)
@told
def purchase(folder: Path, reference: str, gtin: str, serial: str) -> None:
    """As a retailer: register who owns an article from now on."""
    click.echo(f"ownership {register_purchase(Organisation.at(folder), reference, gtin, serial=serial)}")


@click.command()
@as_option
@click.option("--gtin", required=True)
@click.option("--record", required=True, type=EXISTING, help="Recall record (CPSC form, JSON).")
@click.option("--serials", type=(str, str), help="First and last serial number; without it all articles.")
@told
def recall(folder: Path, gtin: str, record: Path, serials: tuple[str, str] | None) -> None:
    """As a maker: start a recall; owners are notified, the maker sees counts."""
    maker = Organisation.at(folder)
    chosen = SerialRange(first=serials[0], last=serials[1]) if serials else None
    identifier = start_recall(maker, read_recall(record), gtin, serials=chosen)
    click.echo(f"recall {identifier}: {recall_progress(maker, identifier).model_dump_json()}")


@click.command(cls=IdCommand)
@as_option
@click.argument("identifier")
@told
def progress(folder: Path, identifier: str) -> None:
    """As a maker: show how far a recall is."""
    click.echo(recall_progress(Organisation.at(folder), identifier).model_dump_json())
