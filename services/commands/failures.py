"""Turning the errors that a user can do something about into one line and an exit status."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click
from pydantic import ValidationError

from anonymize import AnonymizeError
from consent.errors import ConsentError
from services.demo.story import DemoError
from services.deployment.layout import DeploymentError
from services.gateway.errors import GatewayError
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.log.errors import LogError
from services.kit.problems import ProblemError

P = ParamSpec("P")
R = TypeVar("R")

EXPECTED = (
    AnonymizeError,
    ConsentError,
    DemoError,
    DeploymentError,
    GatewayError,
    LogError,
    PeerUnavailableError,
    ProblemError,
    RemoteProblemError,
)


def told(command: Callable[P, R]) -> Callable[P, R]:
    """Let a command end with one line and exit status 1 where the user can do something about it."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except OSError as error:
            raise click.ClickException(_of_system(error)) from error
        except EXPECTED as error:
            raise click.ClickException(str(error)) from error
        except ValidationError as error:
            raise click.ClickException(_unsuitable(error)) from error

    return wrapped


def _of_system(error: OSError) -> str:
    """Say which file it is and what is wrong with it, without the number of the error."""
    if error.filename is None or error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}; name another file or folder, or correct this one"


def _unsuitable(error: ValidationError) -> str:
    """Say which values were unsuitable, and not what they were."""
    wrong = [
        f"{'.'.join(map(str, each['loc']))}: {each['msg'].removeprefix('Value error, ')}"
        for each in error.errors(include_input=False)
    ]
    return "; ".join(wrong)
