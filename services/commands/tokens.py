"""Naming PKCS#11 tokens on the command line, for commands that make a card's keys."""

import os
from collections.abc import Mapping

import click

from services.contracts.identity.messages import Application
from services.gateway.card_backends import TokenCard
from services.gateway.card_tokens import TokenPlace, usual_tokens
from services.kit.clock import system_randomness


def token_card(labels: Mapping[Application, str]) -> TokenCard:
    """Return a card on tokens with these labels; their present PINs are in the environment or asked for."""
    places = {
        application: TokenPlace(label, _present_pin(application)) for application, label in labels.items()
    }
    return TokenCard(usual_tokens(), places, randomness=system_randomness)


def _present_pin(application: Application) -> str:
    variable = f"SEKISHO_TOKEN_PIN_{application.value.upper()}"
    return os.environ.get(variable) or str(
        click.prompt(f"Present PIN of the token ({application.value})", hide_input=True)
    )
