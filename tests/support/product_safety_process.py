"""The product safety centre as a process: `python product_safety_process.py FOLDER [NAME=VALUE]...` (settings)."""

import ssl
import sys
from pathlib import Path
from typing import Any

from support.product_safety_world import World, load_world

from consent.vocabulary import Body
from services.kit.context import open_body
from services.kit.server import serve
from services.product_safety import tables
from services.product_safety.app import MIGRATIONS, assemble


def main() -> None:
    """Serve the world's centre until the process ends."""
    world = load_world(Path(sys.argv[1]))
    overrides: dict[str, Any] = dict(each.split("=", 1) for each in sys.argv[2:])
    settings = world.settings(**overrides, **tls_settings(world))
    context = open_body(Body.PRODUCT_SAFETY, settings, tables=tables.KIT, migrations=MIGRATIONS)
    app = assemble(context, world.register, settings)
    serve(
        app,
        host="127.0.0.1",
        port=world.port,
        tls=context.tls,
        client_certificates=ssl.CERT_REQUIRED,
    )


def tls_settings(world: World) -> dict[str, Path]:
    """Return where the centre's TLS files lie, as settings."""
    tls = world.tls("centre")
    return {"tls_certificate": tls.certificate, "tls_key": tls.key, "tls_authority": tls.authority}


if __name__ == "__main__":
    main()
