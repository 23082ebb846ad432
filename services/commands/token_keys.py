"""`sekisho rotate-token-key`: another key signs access tokens, while traffic goes on."""

from datetime import UTC, datetime
from pathlib import Path

import click

from services.commands.failures import told
from services.deployment.token_keys import rotate


@click.command("rotate-token-key")
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the deployment, as of `sekisho up`.",
)
@told
def rotate_token_key(data: Path) -> None:
    """Plan another key for access tokens; every body knows it before it signs, and no token is refused meanwhile."""
    planned = rotate(data)
    click.echo(
        f"key {planned.number} signs from {datetime.fromtimestamp(planned.starts, UTC):%H:%M:%S} UTC on"
    )
