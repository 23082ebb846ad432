"""Commands whose modules are imported when they run: one command needs little of what all of them need."""

from collections.abc import Mapping
from importlib import import_module

import click


class Later(click.Command):
    """Stands for a command in the list of commands; the command of that name is in the module."""

    def __init__(self, name: str, *, module: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self._module = module

    def load(self) -> click.Command:
        """Import the command and return it."""
        found = vars(import_module(self._module)).values()
        return next(each for each in found if isinstance(each, click.Command) and each.name == self.name)


class LaterGroup(click.Group):
    """A group that lists commands without importing them, and imports the one that is named."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See `click.Group`."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, None if command is None else loaded(command), rest


def loaded(command: click.Command) -> click.Command:
    """Return the command itself where something stands for it."""
    return command.load() if isinstance(command, Later) else command


def standing_for(modules: Mapping[str, Mapping[str, str]], *, package: str) -> dict[str, click.Command]:
    """Return what stands for commands, by name, from the first sentence of each one's help, by module."""
    return {
        name: Later(name, module=f"{package}.{module}", summary=summary)
        for module, commands in modules.items()
        for name, summary in commands.items()
    }
