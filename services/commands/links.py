"""Wrong links of patient numbers: cut them, see one's own, hear what was set apart."""

from datetime import UTC, datetime
from pathlib import Path

import click

from services.commands.failures import told
from services.commands.options import IdCommand
from services.commands.organisation import as_option
from services.commands.person import card_option, signed_in
from services.contracts.identity.messages import LinkFault
from services.gateway import links
from services.gateway.organisation import Organisation

ORGANISATIONS_FAULTS = (LinkFault.WRONG_PERSON.value, LinkFault.WRONG_NUMBER.value)


@click.command(name="undo-link")
@as_option
@click.option("--patient-number", required=True, help="The organisation's own number of the patient.")
@click.option("--fault", required=True, type=click.Choice(ORGANISATIONS_FAULTS), help="What is wrong.")
@told
def undo_link(folder: Path, patient_number: str, fault: str) -> None:
    """Cut a wrong link: what was deposited under it is set apart, and who read it is told."""
    undone = links.undo_link(Organisation.at(folder), patient_number, LinkFault(fault))
    click.echo(f"link {undone.link} is cut")


@click.command(name="set-apart")
@as_option
@told
def set_apart(folder: Path) -> None:
    """Show what was set apart of what the organisation deposited or read."""
    notices = links.apart_notices(Organisation.at(folder))
    for each in notices:
        click.echo(f"{each.at}  deposited by {each.author}, {each.fault}: {len(each.documents)} documents")
        for document in each.documents:
            click.echo(f"  document {document}")
        for read in each.reads:
            click.echo(f"  read by you at {read}: do not go on with it")
    click.echo(f"{len(notices)} notices")


@click.command(name="links")
@card_option
@told
def own_links(card: Path) -> None:
    """Show which organisations have linked a patient number to you."""
    found = links.own_links(signed_in(card))
    for each in found:
        since = f"{datetime.fromtimestamp(each.linked_at, UTC):%Y-%m-%d %H:%M}"
        click.echo(f"{each.link}  {each.organisation}  since {since}  by {each.check.value}  {each.state}")
    click.echo(f"{len(found)} links")


@click.command(name="disown-link", cls=IdCommand)
@card_option
@click.argument("link")
@told
def disown_link(card: Path, link: str) -> None:
    """Cut a link of yours that you know nothing of; the id is that in `links`."""
    click.echo(f"link {links.disown_link(signed_in(card), link).link} is cut")
