"""The highest number that was ever seen, also before a restart: what is lower is an old copy."""

from pathlib import Path
from typing import Protocol

from services.kit.durable import sync_folder


class HighWater(Protocol):
    """A mark that only rises."""

    def height(self) -> int:
        """Return the highest number so far; 0 before any."""

    def rise_to(self, number: int) -> None:
        """Keep a number if it is higher. Raises: OSError; then it is not kept."""


class MarkInMemory:
    """A mark for who starts anew each time."""

    def __init__(self) -> None:
        self._height = 0

    def height(self) -> int:
        """See `HighWater`."""
        return self._height

    def rise_to(self, number: int) -> None:
        """See `HighWater`."""
        self._height = max(self._height, number)


class MarkInFolder:
    """A mark as the name of an empty file: several processes share it, and none can lower it.

    Guarantees: a number that was kept survives a power cut.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def height(self) -> int:
        """See `HighWater`."""
        return max(self._marks(), default=0)

    def rise_to(self, number: int) -> None:
        """See `HighWater`."""
        if number <= self.height():
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._folder / str(number)).touch(mode=0o600)
        sync_folder(self._folder)
        for lower in self._marks():
            if lower < number:
                (self._folder / str(lower)).unlink(missing_ok=True)

    def _marks(self) -> list[int]:
        if not self._folder.is_dir():
            return []
        return [int(each.name) for each in self._folder.iterdir() if each.name.isdecimal()]
