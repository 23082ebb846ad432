"""A death, and one that was entered by mistake: as two supervisors enter it and take it back."""

from hashlib import sha256
from pathlib import Path

import click

from services.commands.failures import told
from services.commands.options import Said
from services.commands.organisation import EXISTING, as_option, reference_option
from services.commands.supervisors import show
from services.contracts.identity.guardianships import CorrectDeath, RegisterDeath
from services.gateway import guardians as gateway
from services.gateway.organisation import Organisation

document_option = click.option(
    "--document", required=True, type=EXISTING, help="Its scan; only the digest leaves this machine."
)


@click.command("death")
@as_option
@reference_option
@document_option
@click.option("--reason", required=True, type=Said())
@told
def death(folder: Path, reference: str, *, document: Path, reason: str) -> None:
    """As a supervisor: propose to enter a death; another one gives `approve --at identity`."""
    asked = RegisterDeath(reference=reference, document=digest_of(document))
    show(gateway.register_death(Organisation.at(folder), asked, reason=reason))


@click.command("correct-death")
@as_option
@reference_option
@document_option
@click.option("--reason", required=True, type=Said())
@told
def correct_death(folder: Path, reference: str, *, document: Path, reason: str) -> None:
    """As a supervisor: propose to take back a death that was entered by mistake; another one approves."""
    asked = CorrectDeath(reference=reference, document=digest_of(document))
    show(gateway.correct_death(Organisation.at(folder), asked, reason=reason))


def digest_of(document: Path) -> str:
    """Return the digest of a scan."""
    return sha256(document.read_bytes()).hexdigest()
