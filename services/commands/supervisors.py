"""`sekisho propose`, `proposals`, `approve`, `reject`: what two supervisors do together, at any body."""

import json
from pathlib import Path

import click

from consent.vocabulary import Body
from services.commands.failures import told
from services.commands.options import IdCommand, Said, text_of
from services.commands.person import card_option, signed_in
from services.contracts.proposals import ShownProposal
from services.gateway.credentials import load, save
from services.gateway.organisation import Organisation
from services.gateway.supervisor import (
    approve as approve_proposal,
)
from services.gateway.supervisor import (
    colleague,
    withdraw_proposal,
)
from services.gateway.supervisor import (
    present_operator as present,
)
from services.gateway.supervisor import (
    proposals as fetch_proposals,
)
from services.gateway.supervisor import (
    propose as make_proposal,
)
from services.gateway.supervisor import (
    reject as reject_proposal,
)

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
as_option = click.option("--as", "folder", required=True, type=FOLDER, help="Credentials of a supervisor.")
body_option = click.option(
    "--at",
    "body",
    required=True,
    type=click.Choice([each.value for each in Body]),
    help="The body where it is done.",
)


@click.command()
@as_option
@body_option
@click.option("--kind", required=True, help="What is to be done, such as suspend (docs/dual-control.md).")
@click.option("--with", "parameters", required=True, help="Its parameters, a JSON object, or @FILE.")
@click.option("--reason", required=True, type=Said())
@told
def propose(folder: Path, body: str, kind: str, parameters: str, reason: str) -> None:
    """Propose a privileged operation; it waits for another supervisor."""
    text = text_of(Path(parameters[1:])) if parameters.startswith("@") else parameters
    try:
        asked = json.loads(text)
    except ValueError as error:
        raise click.UsageError("--with takes a JSON object, or @FILE with one") from error
    if not isinstance(asked, dict):
        raise click.UsageError("--with takes a JSON object, or @FILE with one")
    show(make_proposal(Organisation.at(folder), Body(body), kind, asked, reason=reason))


@click.command()
@as_option
@body_option
@told
def proposals(folder: Path, body: str) -> None:
    """Show what your organisation proposed at a body, with the preview of each."""
    found = fetch_proposals(Organisation.at(folder), Body(body))
    for each in found:
        show(each)
    click.echo(f"{len(found)} proposals")


@click.command(cls=IdCommand)
@as_option
@body_option
@click.argument("proposal")
@click.option("--yes", is_flag=True, help="Do not ask after the preview was shown.")
@told
def approve(folder: Path, body: str, proposal: str, *, yes: bool) -> None:
    """Look at another supervisor's proposal and have it take effect."""
    supervisor = Organisation.at(folder)
    for each in fetch_proposals(supervisor, Body(body)):
        if each.id == proposal:
            show(each)
    if not yes:
        click.confirm("Approve this?", abort=True)
    show(approve_proposal(supervisor, Body(body), proposal))


@click.command(cls=IdCommand)
@as_option
@body_option
@click.argument("proposal")
@click.option("--reason", required=True, type=Said())
@told
def reject(folder: Path, body: str, proposal: str, reason: str) -> None:
    """End a proposal without effect; one's own is withdrawn."""
    supervisor, at = Organisation.at(folder), Body(body)
    own = {each.id for each in fetch_proposals(supervisor, at) if each.proposer == load(folder).operator}
    end = withdraw_proposal if proposal in own else reject_proposal
    show(end(supervisor, at, proposal, reason=reason))


@click.command("new-operator")
@click.option(
    "--as", "folder", required=True, type=FOLDER, help="Credentials of a colleague at the same terminal."
)
@click.option("--name", required=True, help="The new operator's name in the register.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Write the new credentials here.")
@click.option(
    "--human-name", help="What the oversight body reads if it unmasks this operator; default: --name."
)
@told
def new_operator(folder: Path, name: str, out: Path, human_name: str | None) -> None:
    """Make the card of another operator; it counts when an official has accredited it (accredit-operator)."""
    save(colleague(load(folder), name, human_name=human_name), out)
    click.echo(f"credentials of {name}: {out}")


@click.command("present-operator")
@card_option
@click.option("--of", "folder", required=True, type=FOLDER, help="Credentials of the operator that you are.")
@told
def present_operator(card: Path, folder: Path) -> None:
    """With your own card: have the ID centre vouch that you are the human behind an operator's card."""
    click.echo(present(signed_in(card), load(folder)))


def show(proposal: ShownProposal) -> None:
    """Print one proposal with its preview."""
    click.echo(
        f"{proposal.id}  {proposal.kind}  {proposal.state.value}  by {proposal.proposer}: {proposal.reason}"
    )
    for name, value in proposal.preview.items():
        click.echo(f"    {name}: {json.dumps(value, ensure_ascii=False)}")
    for name, value in (proposal.outcome or {}).items():
        click.echo(f"    → {name}: {json.dumps(value, ensure_ascii=False)}")
