"""Every body as an application that is built and not served, to ask it about its routes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI

from consent.vocabulary import Body
from services.deployment.bootstrap import open_deployment
from services.deployment.layout import DEFAULT_PORTS
from services.deployment.processes import body_settings
from services.kit.access import AccessRule
from services.kit.context import BodyContext
from services.kit.settings import load_settings
from services.serve import create_app, settings_class

Rules = Mapping[tuple[str, str], AccessRule]


@contextmanager
def opened(folder: Path) -> Iterator[dict[Body, FastAPI]]:
    """Build all bodies of a new deployment in `folder`; nothing listens. They are closed when the block ends."""
    layout, register_key = open_deployment(folder / "data", host="127.0.0.1", ports=DEFAULT_PORTS)
    apps: dict[Body, FastAPI] = {}
    try:
        for body in Body:
            told = body_settings(layout, body, register_key)
            prefix = f"SEKISHO_{body.value.upper()}_"
            environment = {prefix + name.upper(): value for name, value in told.items()}
            settings = load_settings(settings_class(body), body, environment=environment)
            apps[body] = create_app(body)(settings)
        yield apps
    finally:
        for app in apps.values():
            context: BodyContext = app.state.context
            context.close()


def access_rules(apps: Mapping[Body, FastAPI]) -> dict[Body, Rules]:
    """Return who may call what, as the applications themselves enforce it."""
    return {body: app.state.access_rules for body, app in apps.items()}
