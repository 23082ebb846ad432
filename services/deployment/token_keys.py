"""Changing the key for access tokens in a deployment's own folder, while its bodies run."""

from pathlib import Path

from consent.vocabulary import Body
from services.deployment.layout import load
from services.deployment.processes import body_settings
from services.identity import tables
from services.identity.app import MIGRATIONS
from services.identity.settings import Settings
from services.identity.token_keys import TokenKeys
from services.identity.token_store import KeyTerm, TokenStore
from services.identity.workflows.token_keys import change_key
from services.kit.context import open_body
from services.kit.settings import load_settings


def rotate(folder: Path) -> KeyTerm:
    """Plan another key for access tokens. Raises: DeploymentError, DataVersionError, KeyFolderError."""
    layout, register_key = load(folder)
    told = body_settings(layout, Body.IDENTITY, register_key)
    prefix = f"SEKISHO_{Body.IDENTITY.value.upper()}_"
    environment = {prefix + name.upper(): value for name, value in told.items()}
    settings = load_settings(Settings, Body.IDENTITY, environment=environment)
    context = open_body(Body.IDENTITY, settings, tables=tables.KIT, migrations=MIGRATIONS)
    try:
        keys = TokenKeys(context.keys, TokenStore(context.cipher), settings, context.randomness)
        return change_key(context, keys)
    finally:
        context.close()
