"""Signed notes (C2SP signed-note): text form, verifier keys, and the two Ed25519 signature types we speak."""

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import IntEnum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.kit.log.errors import CheckpointSignatureError, LogFormatError

DASH = "\N{EM DASH} "
MAX_SIGNATURES = 32
MAX_NOTE_CHARACTERS = 64_000
PUBLIC_KEY_BYTES = 32
KEY_ID_BYTES = 4
LATEST_TIME = 253_402_300_799  # the last second of the year 9999, where datetime ends


class SignatureType(IntEnum):
    """Signature type bytes. Source: C2SP signed-note and tlog-cosignature."""

    LOG = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line of a note, not verified. Shape: key_id 4 bytes."""

    name: str
    key_id: bytes
    payload: bytes

    @classmethod
    def parse(cls, line: str) -> "NoteSignature":
        """Read one line, its newline included. Raises: LogFormatError."""
        name, space, encoded = line.removeprefix(DASH).removesuffix("\n").partition(" ")
        if not (line.startswith(DASH) and line.endswith("\n") and space):
            raise LogFormatError("a signature line is a dash, a key name and base64; copy the note unchanged")
        raw = decode_base64(encoded)
        if len(raw) <= KEY_ID_BYTES:
            raise LogFormatError("a signature line is too short; copy the note unchanged")
        return cls(check_key_name(name), raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])

    def format(self) -> str:
        """Write the line, its newline included."""
        return f"{DASH}{self.name} {encode_base64(self.key_id + self.payload)}\n"

    @property
    def key(self) -> tuple[str, bytes]:
        """What identifies the key that made this signature."""
        return self.name, self.key_id


@dataclass(frozen=True, slots=True)
class UnverifiedNote:
    """A well-formed signed note that nobody has verified: its text says nothing yet."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, raw: str | bytes) -> "UnverifiedNote":
        """Read a signed note. Raises: LogFormatError."""
        note = decode_text(raw)
        if len(note) > MAX_NOTE_CHARACTERS or any(sign < " " and sign != "\n" for sign in note):
            raise LogFormatError(
                "a signed note is short text, no control characters; copy the note unchanged"
            )
        body, blank, tail = note.rpartition("\n\n")
        lines = tail.split("\n")
        if not blank or lines.pop() or not 1 <= len(lines) <= MAX_SIGNATURES:
            raise LogFormatError(
                f"a signed note is text, an empty line, 1 to {MAX_SIGNATURES} signatures; copy it unchanged"
            )
        return cls(body + "\n", tuple(NoteSignature.parse(line + "\n") for line in lines))

    def format(self) -> str:
        """Write the signed note."""
        return self.text + "\n" + "".join(signature.format() for signature in self.signatures)

    def with_signature(self, signature: NoteSignature) -> "UnverifiedNote":
        """Add a signature, in place of an earlier one by the same key."""
        kept = tuple(present for present in self.signatures if present.key != signature.key)
        return replace(self, signatures=(*kept, signature))


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """A public key that one accepts signatures of one type from. Shape: public_key 32 bytes."""

    name: str
    kind: SignatureType
    public_key: bytes

    @classmethod
    def parse(cls, vkey: str) -> "NoteVerifier":
        """Read a verifier key ``name+hex key id+base64``. Raises: LogFormatError."""
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = decode_base64(encoded)
        if len(raw) != 1 + PUBLIC_KEY_BYTES or raw[0] not in tuple(SignatureType):
            raise LogFormatError("a verifier key is an Ed25519 key of type 1 or 4; copy it from its owner")
        verifier = cls(check_key_name(name), SignatureType(raw[0]), raw[1:])
        if verifier.key_id.hex() != key_id:
            raise LogFormatError("a verifier key's id is not that of its key; copy it from its owner")
        return verifier

    def vkey(self) -> str:
        """Write the verifier key."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.kind]) + self.public_key)}"

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that point from a signature line to this key."""
        named = f"{self.name}\n".encode() + bytes([self.kind]) + self.public_key
        return sha256(named).digest()[:KEY_ID_BYTES]

    def signatures_in(self, note: UnverifiedNote) -> list[NoteSignature]:
        """The note's signatures that claim to be of this key; they must all verify."""
        key = (self.name, self.key_id)
        return [signature for signature in note.signatures if signature.key == key]

    def verify(self, note: UnverifiedNote) -> None:
        """Check that this log key signed the note's text. Raises: CheckpointSignatureError."""
        found = self.signatures_in(note)
        if self.kind is not SignatureType.LOG or not found:
            raise CheckpointSignatureError
        for signature in found:
            self._verify(signature.payload, note.text.encode())

    def verify_cosigned(self, note: UnverifiedNote) -> datetime | None:
        """Return when this witness co-signed, None if it did not. Raises: CheckpointSignatureError."""
        if self.kind is not SignatureType.COSIGNATURE:
            raise CheckpointSignatureError
        times = [self._cosigned_at(signature.payload, note.text) for signature in self.signatures_in(note)]
        return max(times, default=None)

    def _cosigned_at(self, payload: bytes, text: str) -> datetime:
        seconds = int.from_bytes(payload[:8])
        if not 0 < seconds <= LATEST_TIME:
            raise CheckpointSignatureError
        self._verify(payload[8:], cosigned_message(text, seconds))
        return datetime.fromtimestamp(seconds, UTC)

    def _verify(self, signature: bytes, message: bytes) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise CheckpointSignatureError from error


class NoteSigner:
    """A log's signing key under its name. Guarantees: printed, it shows no key."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.verifier = NoteVerifier(check_key_name(name), SignatureType.LOG, public_bytes(key))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.verifier.name!r}, key=...)"

    def sign(self, text: str) -> UnverifiedNote:
        """Sign a text that ends with a newline."""
        signature = NoteSignature(self.verifier.name, self.verifier.key_id, self._key.sign(text.encode()))
        return UnverifiedNote(text, (signature,))


class Cosigner:
    """A witness's signing key under its name, one key per name. Guarantees: printed, it shows no key."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.verifier = NoteVerifier(check_key_name(name), SignatureType.COSIGNATURE, public_bytes(key))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.verifier.name!r}, key=...)"

    def cosign(self, text: str, *, now: datetime) -> NoteSignature:
        """State that, as of ``now``, the text is the largest consistent tree head seen of its log."""
        seconds = int(now.timestamp())
        signed = self._key.sign(cosigned_message(text, seconds))
        return NoteSignature(self.verifier.name, self.verifier.key_id, seconds.to_bytes(8) + signed)


def cosigned_message(text: str, seconds: int) -> bytes:
    """The bytes that an Ed25519 cosignature covers. Source: C2SP tlog-cosignature."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The raw public key, 32 bytes."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def check_key_name(name: str) -> str:
    """Return a name that a signature line can carry. Raises: LogFormatError."""
    if not name or "+" in name or any(sign.isspace() or sign < " " for sign in name):
        raise LogFormatError("a key name has no spaces and plus signs, as in example.org/log; rename the key")
    return name


def encode_base64(raw: bytes) -> str:
    """Standard base64 with padding, as notes carry it."""
    return base64.b64encode(raw).decode()


def decode_base64(encoded: str) -> bytes:
    """Read canonical standard base64. Raises: LogFormatError."""
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise LogFormatError("not standard base64; copy the text unchanged") from error
    if encode_base64(raw) != encoded:
        raise LogFormatError("not canonical base64; copy the text unchanged")
    return raw


def decode_text(raw: str | bytes) -> str:
    """Read UTF-8. Raises: LogFormatError."""
    try:
        return raw.decode() if isinstance(raw, bytes) else raw.encode().decode()
    except UnicodeError as error:
        raise LogFormatError("not UTF-8 text; copy the text unchanged") from error
