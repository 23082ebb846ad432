"""What a witness is asked with (C2SP tlog-witness): a log's new head, and the proof from the one last co-signed."""

from dataclasses import dataclass

from services.kit.log.checkpoint import parse_size
from services.kit.log.errors import LogFormatError
from services.kit.log.merkle import HASH_BYTES
from services.kit.log.note import decode_base64, decode_text, encode_base64

MAX_PROOF_LINES = 63


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """The request: the size last co-signed, the proof from there, and the log-signed note."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    @classmethod
    def parse(cls, body: bytes) -> "AddCheckpoint":
        """Read a request body. Raises: LogFormatError."""
        header, blank, note = decode_text(body).partition("\n\n")
        first, *lines = header.split("\n")
        if not blank or not first.startswith("old ") or len(lines) > MAX_PROOF_LINES:
            raise LogFormatError(
                f"a request is 'old N', up to {MAX_PROOF_LINES} proof lines, an empty line and the note"
            )
        proof = tuple(decode_base64(line) for line in lines)
        if any(len(given) != HASH_BYTES for given in proof):
            raise LogFormatError("a proof line is the base64 of one SHA-256 hash; make the proof again")
        return cls(parse_size(first.removeprefix("old ")), proof, note)

    def format(self) -> bytes:
        """Write the request body."""
        lines = [f"old {self.old_size}", *(encode_base64(given) for given in self.proof)]
        return ("\n".join(lines) + "\n\n" + self.note).encode()
