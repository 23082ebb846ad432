"""What a log hands out to the person concerned, before it is written into an evidence file."""

from dataclasses import dataclass, replace

from services.kit.log.entry import Opening


@dataclass(frozen=True, slots=True)
class ProvenPart:
    """A person's part of a bulk entry, and its proof under the root that the entry commits to."""

    opening: Opening
    slot: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry as the log hands it out: its opening, and its proof under a co-signed checkpoint."""

    opening: Opening
    index: int
    proof: tuple[bytes, ...]
    cosigned_note: str
    part: ProvenPart | None = None

    def with_part(self, part: ProvenPart) -> "ProvenEntry":
        """Return this bulk entry with one person's part."""
        return replace(self, part=part)


@dataclass(frozen=True, slots=True)
class ProvenHistory:
    """A person's row of the roll that `counted`, an entry of the log, commits to. Shape: start 32 bytes."""

    start: bytes
    row: int
    proof: tuple[bytes, ...]
    counted: ProvenEntry
