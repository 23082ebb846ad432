"""Which routes each body has, read from the application itself and not from a list that could be forgotten."""

from pathlib import Path

from consent.vocabulary import Body
from services.deployment.bootstrap import open_deployment
from services.deployment.layout import DEFAULT_PORTS
from services.deployment.processes import body_settings
from services.kit.access import AccessRule
from services.serve import create_app, settings_class

Routes = dict[tuple[str, str], AccessRule]


def routes_of_all_bodies(folder: Path) -> dict[Body, Routes]:
    """Return (method, path template) -> rule of every body, from applications made in `folder` and never served."""
    layout, register_key = open_deployment(folder, host="127.0.0.1", ports=DEFAULT_PORTS)
    found: dict[Body, Routes] = {}
    for body in Body:
        settings = settings_class(body).model_validate(body_settings(layout, body, register_key))
        app = create_app(body)(settings)
        found[body] = dict(app.state.access_rules)
        app.state.context.close()
    return found


def concrete(path: str) -> str:
    """Return a path with its parameters filled in."""
    parts = ["unknown" if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)
