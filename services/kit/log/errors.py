"""Everything the log package raises, split by what the caller can do about it."""


class LogError(Exception):
    """Base class of the log package's errors."""


class LogFormatError(LogError):
    """A text (note, key, request, evidence, trust file) lacks its prescribed form; nothing was done."""


class LogRangeError(LogError):
    """A position or size was asked for that this log has not reached."""


class LogCorruptError(LogError):
    """The stored log contradicts itself or what it signed before; stop signing and run the audit."""


class LogProofError(LogError):
    """A Merkle proof does not lead to the given root."""

    def __init__(self) -> None:
        super().__init__(
            "the log proof does not verify: fetch proof and checkpoint again, report a second failure"
        )


class OpeningError(LogError):
    """An opening is not the one that the log leaf commits to."""

    def __init__(self) -> None:
        super().__init__("the opening does not match the log leaf: fetch both from the log again")


class CheckpointSignatureError(LogError):
    """A checkpoint is not signed as the trusted keys demand."""

    def __init__(self) -> None:
        super().__init__(
            "the checkpoint's signatures do not verify: fetch a fresh checkpoint and compare the trusted keys"
        )


class UnknownLogError(LogError):
    """A checkpoint's origin is no log that this witness knows."""

    def __init__(self) -> None:
        super().__init__("this witness does not know the log: have its key registered with the witness first")


class CheckpointConflictError(LogError):
    """The submitter's old size is not the size the witness last co-signed; ``known_size`` is."""

    def __init__(self, known_size: int) -> None:
        super().__init__(
            f"the witness last co-signed size {known_size}: submit again with a proof from that size"
        )
        self.known_size = known_size


class SplitViewError(CheckpointConflictError):
    """A log signed two different roots for one size; both signed notes are kept as proof of misbehaviour."""

    def __init__(self, known_size: int, *, known_note: str, submitted_note: str) -> None:
        super().__init__(known_size)
        self.args = (
            f"the log signed two different roots for size {known_size}: keep both notes as evidence",
        )
        self.known_note = known_note
        self.submitted_note = submitted_note


class ConsistencyError(LogProofError):
    """A submitted checkpoint does not provably extend the one co-signed before."""
