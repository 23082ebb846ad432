"""What a ledger's owner keeps outside of its database, so that a lost or rolled-back one is noticed."""

import fcntl
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from anonymize.errors import LedgerError

_BEHIND: Final = (
    "The release ledger is behind its anchor: it was lost, rolled back or exchanged; release nothing, and"
    " restore it from a backup that contains every entry."
)


@dataclass(frozen=True, slots=True)
class Head:
    """How many entries a ledger has, and the seal of the last one."""

    entries: int
    seal: bytes

    def require_in(self, seals: Sequence[bytes]) -> None:
        """Raises: LedgerError unless a ledger with these seals has this head or has gone on from it."""
        if self.entries and (len(seals) < self.entries or seals[self.entries - 1] != self.seal):
            raise LedgerError(_BEHIND)


class Anchor(Protocol):
    """Remembers the newest head of a ledger, at a place that whoever can change the database cannot change."""

    def read(self) -> Head | None:
        """The newest head, None if there never was one."""

    def advance(self, head: Head) -> None:
        """Remember a newer head; durable when it returns."""


class FileAnchor:
    """An anchor in a file, replaced as a whole.

    A missing file is right for a ledger without entries only; `advance` it to `ReleaseLedger.head()` by hand to
    begin anchoring a ledger that has some.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Head | None:
        """Raises: LedgerError when the file is no anchor."""
        try:
            told = json.loads(self._path.read_text("utf-8"))
            return Head(int(told["entries"]), bytes.fromhex(told["seal"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise LedgerError("The ledger's anchor cannot be read; restore it from a copy.") from cause

    def advance(self, head: Head) -> None:
        """Write beside it and rename, so that a crash leaves the old head or the new one."""
        with self._path.with_name(self._path.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # of two processes, the later head must stay
            self._replace(head)

    def _replace(self, head: Head) -> None:
        known = self.read()
        if known is not None and known.entries >= head.entries:
            return
        told = json.dumps({"entries": head.entries, "seal": head.seal.hex()})
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(told)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(self._path)
