"""Turning the errors that a user can do something about into one line and an exit status."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click
from pydantic import ValidationError

from consent.errors import ConsentError
from services.deployment.layout import DeploymentError
from services.gateway.errors import GatewayError
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.log.errors import LogError
from services.kit.problems import ProblemError

P = ParamSpec("P")
R = TypeVar("R")

EXPECTED = (
    ConsentError,
    DeploymentError,
    GatewayError,
    LogError,
    PeerUnavailableError,
    ProblemError,
    RemoteProblemError,
)


class Telling:
    """Lets a command end with one line and exit status 1 where the user can do something about it.

    `others` are errors of libraries that few commands load; their commands name them.
    """

    def __init__(self, *others: type[Exception]) -> None:
        self._expected: tuple[type[Exception], ...] = (*EXPECTED, *others)

    def __call__(self, command: Callable[P, R]) -> Callable[P, R]:
        """Return the command, telling."""

        @wraps(command)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return command(*args, **kwargs)
            except OSError as error:
                raise click.ClickException(_of_system(error)) from error
            except self._expected as error:
                raise click.ClickException(str(error)) from error
            except ValidationError as error:
                raise click.ClickException(_unsuitable(error)) from error

        return wrapped


told = Telling()


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
