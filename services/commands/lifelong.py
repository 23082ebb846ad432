"""A person's lifelong record from the command line: own measurements, records brought along, everything taken home."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from consent.compartments import YearSpan
from consent.life_records import MEANINGS
from services.commands.failures import told
from services.commands.organisation import EXISTING, deposited
from services.commands.person import card_option, signing
from services.commands.record_options import categories_option
from services.gateway.clinical import ClinicalRecord
from services.gateway.erasing import erase, with_all_under_one_key
from services.gateway.measurements import MEASURES, OWN_PATIENT, Measured, observation
from services.gateway.own_bundle import save_bundle
from services.gateway.own_deposit import MEASUREMENTS, deposit_own, read_own
from services.gateway.own_records import own_records
from services.kit.keys import replace_private


@click.command(name="record-kinds")
@told
def record_kinds() -> None:
    """List what a lifelong record is made of, and in which category each kind is sealed."""
    for kind, meaning in MEANINGS.items():
        click.echo(f"{kind.value:<20} {meaning.category.value:<11} {meaning.ja} / {meaning.en}")


@click.command(name="add-measurement")
@card_option
@click.option("--of", "measured", required=True, type=click.Choice([each.value for each in Measured]))
@click.option("--value", required=True, help="The number, in the unit that the command prints.")
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), help="When, in UTC; by default now."
)
@told
def add_measurement(card: Path, measured: str, value: str, at: datetime | None) -> None:
    """Put a measurement of your own into your record, sealed and signed by your wallet."""
    person, kind = signing(card), Measured(measured)
    moment = person.clock() if at is None else at.replace(tzinfo=UTC)
    resource = observation(kind, value, at=moment, randomness=person.randomness)
    record = ClinicalRecord(
        OWN_PATIENT,
        MEASUREMENTS,
        moment.year,
        f"Observation/{resource['id']}",
        json.dumps(resource, ensure_ascii=False).encode(),
    )
    deposit_own(person, [record])
    measure = MEASURES[kind]
    click.echo(f"{measure.ja} / {measure.en}: {value} {measure.unit}, deposited, receipt checked")


@click.command(name="deposit-own")
@card_option
@click.option(
    "--fhir", required=True, type=EXISTING, help="FHIR R4 Bundle (JSON), ndjson file, or folder of ndjson."
)
@told
def deposit_own_records(card: Path, fhir: Path) -> None:
    """Put records that you bring along into your record, sealed and signed by your wallet.

    Receipts are kept beside the card. A deposit that was broken off goes on when the command is given again.
    """
    person = signing(card)
    book = card.with_name(f"{card.stem}-deposits.json")
    done = deposit_own(person, read_own(fhir, this_year=person.clock().year), book=book)
    click.echo(deposited(done))


@click.command(name="erase-records")
@card_option
@categories_option
@click.option("--years", type=(int, int), help="First and last year of the records.")
@click.option("--yes", is_flag=True, help="Erase what is shown; without it nothing is erased.")
@click.option("--receipt", type=click.Path(path_type=Path), help="Write the medical centre's receipt here.")
@told
def erase_records(
    card: Path, categories: tuple[str, ...], years: tuple[int, int] | None, yes: bool, receipt: Path | None
) -> None:
    """Have records of yours erased by destroying their keys; what was sealed together goes together."""
    person = signing(card)
    everything = own_records(person)
    span = None if years is None else YearSpan(*years)
    chosen = [
        each
        for each in everything
        if (not categories or each.category.value in categories) and (span is None or each.year in span)
    ]
    going = with_all_under_one_key(chosen, everything)
    for each in going:
        click.echo(f"{each.category.value} {each.year} by {each.author}: document {each.document.id}")
    if not yes or not going:
        click.echo(f"{len(going)} documents would be erased; give --yes to erase them for good")
        return
    erased = erase(person, going)
    if receipt is not None:
        replace_private(receipt, erased.token.encode() + b"\n")
    keys = len(erased.receipt.bundles)
    click.echo(f"{len(going)} documents erased, {keys} keys destroyed, receipt checked")


@click.command(name="own-bundle")
@card_option
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path))
@told
def own_bundle(card: Path, folder: Path) -> None:
    """Take everything home as one FHIR Bundle, opened on this machine; large documents become files beside it."""
    saved = save_bundle(signing(card), folder, left_out=lambda each: click.echo(f"! {each}"))
    for each in saved.large:
        click.echo(f"{each}")
    click.echo(f"{saved.file}: {saved.records} records, each verified and opened here")
