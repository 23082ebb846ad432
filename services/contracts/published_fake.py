"""A body's published log in memory, for tests of who reads it; the contract test holds it to the real one."""

from dataclasses import dataclass, field
from datetime import datetime

from services.contracts.published import ContradictionMessage, LogViews
from services.kit.log.checkpoint import Checkpoint
from services.kit.log.errors import LogRangeError
from services.kit.log.merkle import plan_consistency, root_from_leaves
from services.kit.log.note import Cosigner, NoteSigner
from services.kit.log.tiles import HEIGHT, Tile, TileReader, bundle


@dataclass
class FakePublished:
    """A log of `leaves`; `seen` are the notes that the body has of other logs."""

    signer: NoteSigner
    cosigner: Cosigner
    now: datetime
    leaves: list[bytes] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    contradictions: list[ContradictionMessage] = field(default_factory=list)

    def note(self, size: int | None = None) -> str:
        """Return the signed head at a size, by default the present one."""
        leaves = self.leaves[:size]
        head = Checkpoint(self.signer.verifier.name, len(leaves), root_from_leaves(leaves))
        return self.signer.sign(head.format()).format()

    def checkpoint(self) -> str:
        """Return the newest co-signed checkpoint."""
        text = Checkpoint(self.signer.verifier.name, len(self.leaves), root_from_leaves(self.leaves)).format()
        return self.signer.sign(text).with_signature(self.cosigner.cosign(text, now=self.now)).format()

    def tile(self, tile: Tile) -> bytes:
        """Return the bytes of one tile. Raises: LogRangeError."""
        if not tile.is_within(len(self.leaves)):
            raise LogRangeError(f"the log does not serve tile {tile.path}")
        wanted = range(tile.first, tile.first + tile.width)
        if tile.level is None:
            return bundle(self.leaves[wanted.start : wanted.stop])
        wide = 1 << HEIGHT * tile.level
        return b"".join(root_from_leaves(self.leaves[at * wide : (at + 1) * wide]) for at in wanted)

    def tiles(self, size: int) -> TileReader:
        """Return the log at a size."""
        return TileReader(self.tile, size)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof between two sizes of the log. Raises: LogRangeError."""
        if not old <= new <= len(self.leaves):
            raise LogRangeError(f"the log does not have {new} entries")
        return [root_from_leaves(self.leaves[start:end]) for start, end in plan_consistency(old, new)]

    def views(self) -> LogViews:
        """Return what the body has seen of all logs."""
        return LogViews(notes=[*self.seen, self.note()], contradictions=self.contradictions)
