"""`sekisho fhir-gateway`: plain FHIR for an organisation's own systems, on its own machine."""

from contextlib import suppress
from pathlib import Path

import click

from consent.vocabulary import Purpose
from services.commands.failures import told
from services.commands.record_options import purpose_option
from services.gateway.fhir_face.serving import address, face_of, listen, secret_in, server_of
from services.gateway.organisation import Organisation

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("fhir-gateway")
@click.option("--as", "folder", required=True, type=FOLDER, help="Credentials of the organisation.")
@click.option(
    "--secret",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with the secret that the organisation's systems send; made when it is new.",
)
@click.option(
    "--audit",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File in which everything is noted that is done about somebody (AuditEvent); made when it is new.",
)
@click.option(
    "--port",
    default=0,
    type=click.IntRange(0, 65535),
    help="Port on 127.0.0.1; without one a free one is taken.",
)
@purpose_option
@told
def fhir_gateway(folder: Path, secret: Path, audit: Path, port: int, purpose: str) -> None:
    """Serve FHIR R4 on this machine and stay; Ctrl-C stops it. What is created leaves it sealed."""
    organisation = Organisation.at(folder)
    known = secret_in(secret)
    with listen(port) as listener:
        url = address(listener)
        app = face_of(organisation, audit, secret=known, url=url, purpose=Purpose(purpose))
        click.echo(f"FHIR R4 for the systems of {organisation.id}: {url}\nsecret: {secret}")
        click.echo(f"what is done is noted in: {audit}")
        with suppress(KeyboardInterrupt):  # raised again when the last requests are answered
            server_of(app).run(sockets=[listener])
    organisation.close()
    click.echo("stopped")
