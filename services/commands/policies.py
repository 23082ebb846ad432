"""`sekisho policies`: which role may do what at which body, by the policy files of this program."""

import click

from consent.vocabulary import Body
from services.kit.permissions import policies as installed


@click.command()
def policies() -> None:
    """Show who may do what, and the digest that two officials approve before this program is used."""
    edition = installed()
    for action in edition.actions:
        for body in Body:
            roles = edition.roles_for(action, body)
            if roles:
                click.echo(f"{body.value:15} {action:20} {', '.join(roles)}")
    for action in edition.scope_actions:
        for body in Body:
            scopes = edition.scopes_for(action, body)
            if scopes:
                click.echo(f"{body.value:15} {action:20} terminal by itself: {', '.join(scopes)}")
    click.echo(f"digest {edition.digest}")
