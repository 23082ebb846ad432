"""What a leaf commits to: the event (hidden by a salt) and the reader's signed access statement.

Leaf: 64 bytes e || s. e = SHA-256(salt || RFC 8785 form of the event), salt of 32 bytes.
s = SHA-256(compact statement), or SHA-256(salt || "no statement") where nobody stated anything.
The log can be published: without the salt e tells nothing, and a statement carries a nonce of its own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from pydantic import JsonValue

from services.kit.canonical import CanonicalFormError
from services.kit.canonical import canonical as canonical_form
from services.kit.log.checkpoint import VerifiedCheckpoint
from services.kit.log.errors import LogFormatError, OpeningError
from services.kit.log.merkle import leaf_hash, verify_inclusion

SALT_BYTES = 32
LEAF_BYTES = 64
NO_STATEMENT = b"no statement"
WRITTEN = b"\x01"

Event = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class LogLeaf:
    """One leaf: the event's commitment and the statement's digest, 32 bytes each."""

    e: bytes
    s: bytes

    @classmethod
    def parse(cls, leaf: bytes) -> "LogLeaf":
        """Split stored leaf bytes. Raises: LogFormatError."""
        if len(leaf) != LEAF_BYTES:
            raise LogFormatError(f"a log leaf has {LEAF_BYTES} bytes; fetch the leaf again")
        return cls(leaf[:32], leaf[32:])

    @classmethod
    def for_statement(cls, e: bytes, *, statement: bytes) -> "LogLeaf":
        """Build the leaf that is in the log if this very statement was logged; the event stays hidden."""
        return cls.parse(e + sha256(statement).digest())

    @property
    def data(self) -> bytes:
        """The leaf's bytes, as appended to the tree."""
        return self.e + self.s

    @property
    def hash(self) -> bytes:
        """The RFC 6962 leaf hash."""
        return leaf_hash(self.data)


@dataclass(frozen=True, slots=True)
class Opening:
    """What the person concerned gets: all that is needed to recompute the leaf.

    Shape: salt 32 bytes; statement_digest SHA-256 of the compact statement, None where there was none.
    """

    salt: bytes = field(repr=False)
    event: Event = field(repr=False)
    statement_digest: bytes | None = None

    def written(self) -> "WrittenOpening":
        """Write the event out. Raises: LogFormatError when it has no RFC 8785 form."""
        return WrittenOpening(self.salt, canonical(self.event), self.statement_digest)

    def leaf(self) -> LogLeaf:
        """Recompute the leaf. Raises: as `written`."""
        return self.written().leaf()


@dataclass(frozen=True, slots=True)
class WrittenOpening:
    """An opening with its event as it was hashed: whoever keeps these bytes need not write them again to check them.

    Shape: as bytes a mark, the salt, whether there is a digest, 32 bytes of it or none, the event.
    """

    salt: bytes = field(repr=False)
    event: bytes = field(repr=False)
    statement_digest: bytes | None

    def leaf(self) -> LogLeaf:
        """Recompute the leaf. Raises: LogFormatError."""
        if len(self.salt) != SALT_BYTES:
            raise LogFormatError(f"a log salt has {SALT_BYTES} bytes; take it from the system's randomness")
        s = self.statement_digest
        if s is None:
            s = sha256(self.salt + NO_STATEMENT).digest()
        return LogLeaf.parse(sha256(self.salt + self.event).digest() + s)

    def read(self) -> Opening:
        """Return the opening. Raises: LogFormatError when the bytes are no event."""
        try:
            event = json.loads(self.event)
        except ValueError as error:
            raise LogFormatError("an event is JSON; restore the entry") from error
        if not isinstance(event, dict):
            raise LogFormatError("an event is a JSON object; restore the entry")
        return Opening(self.salt, event, self.statement_digest)

    def to_bytes(self) -> bytes:
        """Return the form in which it is kept."""
        digest = self.statement_digest
        return b"".join((WRITTEN, self.salt, bytes([digest is not None]), digest or b"", self.event))

    @classmethod
    def from_bytes(cls, kept: bytes) -> "WrittenOpening":
        """Read what `to_bytes` wrote. Raises: LogFormatError."""
        if kept[:1] != WRITTEN:
            raise LogFormatError("an opening is kept in another form; restore the entry")
        at = 1 + SALT_BYTES
        salt, end = kept[1:at], at + 1 + 32 * (kept[at : at + 1] == b"\x01")
        return cls(salt, kept[end:], kept[at + 1 : end] or None)


def canonical(event: Event) -> bytes:
    """Serialise an event in its one canonical form (RFC 8785). Raises: LogFormatError."""
    try:
        return canonical_form(dict(event))
    except CanonicalFormError as error:
        raise LogFormatError(
            "the event has no canonical JSON form: use text, whole numbers within 2^53, lists and objects"
        ) from error


def open_event(event: Event, *, salt: bytes, statement: bytes | None) -> Opening:
    """Make the opening of a new entry."""
    return Opening(salt, event, None if statement is None else sha256(statement).digest())


def verify_opening(opening: Opening | WrittenOpening, leaf: LogLeaf) -> None:
    """Check that ``opening`` is what ``leaf`` commits to. Raises: OpeningError."""
    try:
        recomputed = opening.leaf()
    except LogFormatError as error:
        raise OpeningError from error
    if recomputed != leaf:
        raise OpeningError


def verify_logged(
    leaf: LogLeaf, *, index: int, proof: Sequence[bytes], checkpoint: VerifiedCheckpoint
) -> None:
    """Check that ``leaf`` is at ``index`` of the log under a verified checkpoint. Raises: LogProofError."""
    head = checkpoint.checkpoint
    verify_inclusion(leaf_hash=leaf.hash, index=index, size=head.size, proof=proof, root=head.root)
