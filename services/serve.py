"""Serving one body: `python -m services.serve BODY`. Settings come from the environment or SEKISHO_CONFIG."""

import argparse
import logging
import ssl
import sys
from collections.abc import Callable
from importlib import import_module
from typing import NoReturn

from fastapi import FastAPI
from sqlalchemy.exc import DatabaseError

from consent.vocabulary import Body
from services.kit.context import tls_files
from services.kit.database import DataVersionError
from services.kit.keys import KeyFolderError
from services.kit.log.errors import LogError
from services.kit.parent import end_with
from services.kit.server import PortInUseError, serve
from services.kit.settings import BodySettings, SettingsError, load_settings


def main() -> None:
    """Run one body until it is told to stop; exit status 2 when it cannot start, with one line that says why."""
    parser = argparse.ArgumentParser(prog="python -m services.serve", description=__doc__)
    parser.add_argument("body", choices=[body.value for body in Body])
    parser.add_argument("--parent", type=int, help="stop when this process ends")
    arguments = parser.parse_args()
    body = Body(arguments.body)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s", level=logging.WARNING)
    if arguments.parent:
        end_with(arguments.parent)
    try:
        settings = load_settings(settings_class(body), body)
        app = create_app(body)(settings)
        tls = tls_files(settings)
        # browsers of citizens have no client certificate; everybody else must show one in the handshake
        required = ssl.CERT_NONE if body is Body.PORTAL else ssl.CERT_REQUIRED
        serve(app, host=settings.host, port=settings.port, tls=tls, client_certificates=required)
    except ssl.SSLError as error:  # its text names no file
        files = "the TLS certificate, key or authority"
        _give_up(
            body, f"{files} cannot be used ({error.reason}); restore the folder tls, or set tls_... anew"
        )
    except DatabaseError as error:  # its text names statements
        reason = type(error.orig).__name__
        _give_up(body, f"the database cannot be used ({reason}); restore it, or set database_url anew")
    except (SettingsError, DataVersionError, KeyFolderError, LogError, PortInUseError, OSError) as error:
        _give_up(body, str(error))


def _give_up(body: Body, why: str) -> NoReturn:
    print(f"{body.value}: {why}", file=sys.stderr)
    sys.exit(2)


def settings_class(body: Body) -> type[BodySettings]:
    """Return the settings class of a body; only that body's package is imported."""
    found: type[BodySettings] = import_module(f"services.{body.value}.settings").Settings
    return found


def create_app(body: Body) -> Callable[[BodySettings], FastAPI]:
    """Return a body's `create_app`."""
    found: Callable[[BodySettings], FastAPI] = import_module(f"services.{body.value}.app").create_app
    return found


if __name__ == "__main__":
    main()
