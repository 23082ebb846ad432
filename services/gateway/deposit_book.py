"""What a deposit that goes in parts keeps: what is stored, the receipts, and the part whose answer did not come yet.

A part is kept before it is sent, as it was sealed. Sent again it is the same part: the medical centre refuses it as
known where it had stored it, and stores it where it had not. Content is known again by a keyed digest only.
"""

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from consent import base64url
from consent.sealing import NewBundle, PlainDocument
from consent.vocabulary import Category
from services.contracts.medical.bundles import worded_bundle
from services.contracts.medical.messages import BundleMessage
from services.gateway.errors import DepositFileError, GatewayError, PartlyDepositedError, RefusedError
from services.kit.encoding import Message
from services.kit.http import PeerUnavailableError
from services.kit.keys import replace_private
from services.kit.problems import UnavailableError

Place = tuple[Category, int]
KNOWN: Final = "bundle_known"
AUTHOR: Final = "author_not_verified"
_UNFIT: Final = frozenset({400, 409})
"""With these a part is refused that cannot be stored as it was sealed, such as for a key that is not open any more."""
_DIGEST: Final = b"sekisho-deposited-content/1\0"


class SentPart(Message):
    """A part as it was sealed, what its receipt has to name, and which content it is."""

    bundles: list[BundleMessage] = Field(repr=False)
    digests: list[str]
    contents: list[str]

    @classmethod
    def of(cls, bundles: Sequence[NewBundle], contents: Sequence[str]) -> "SentPart":
        """Word a part."""
        digests = [base64url.encode(digest) for bundle in bundles for digest in bundle.digests]
        return cls(
            bundles=[worded_bundle(each) for each in bundles], digests=digests, contents=list(contents)
        )


class Kept(Message):
    """The file of a book."""

    format: Literal["sekisho-deposits/1"] = "sekisho-deposits/1"
    receipts: list[str] = Field(default_factory=list)
    stored: list[str] = Field(default_factory=list)
    sent: SentPart | None = None


Send = Callable[[SentPart], str]
"""Sends a part and returns its receipt, checked."""


@dataclass(slots=True)
class DepositBook:
    """The deposits of one writer about one person; without a file they are kept as long as this object.

    For one thread at a time. Raises from every method: OSError.
    """

    _key: bytes
    _file: Path | None
    _kept: Kept

    @classmethod
    def at(cls, file: Path | None, *, key: bytes) -> "DepositBook":
        """Open a book; `key` is the writer's, who names documents by it. Raises: DepositFileError."""
        if file is None or not file.exists():
            return cls(key, file, Kept())
        try:
            return cls(key, file, Kept.model_validate_json(file.read_bytes()))
        except ValidationError as error:
            raise DepositFileError(f"{file} is damaged; restore it, or move it away to begin anew") from error

    def __repr__(self) -> str:
        return f"DepositBook({self._file!r})"

    def left_of(self, documents: Mapping[Place, Sequence[PlainDocument]]) -> dict[Place, list[PlainDocument]]:
        """Return what is not stored as far as this book knows: another content of a stored document is not."""
        if not self._kept.stored:
            return {place: list(content) for place, content in documents.items()}
        stored = set(self._kept.stored)
        left = {
            place: [each for each in content if self._content(place, each) not in stored]
            for place, content in documents.items()
        }
        return {place: content for place, content in left.items() if content}

    def known(self, documents: Mapping[Place, Sequence[PlainDocument]]) -> int:
        """Return how many documents are stored as far as this book knows."""
        left = sum(map(len, self.left_of(documents).values()))
        return sum(map(len, documents.values())) - left

    def begin(
        self, bundles: Sequence[NewBundle], documents: Mapping[Place, Sequence[PlainDocument]]
    ) -> SentPart:
        """Keep a part that is about to be sent."""
        if self._file is None:  # nobody asks later what it was
            return SentPart.of(bundles, ())
        contents = [self._content(place, each) for place, content in documents.items() for each in content]
        part = SentPart.of(bundles, contents)
        self._write({"sent": part})
        return part

    def settle(self, send: Send) -> list[str]:
        """Send the part again whose answer did not come; return its receipt, if it has one now.

        Raises: as `send` does.
        """
        part = self._kept.sent
        if part is None:
            return []
        try:
            receipt = send(part)
        except RefusedError as error:
            if error.code == KNOWN:
                self._note(part, [])
            elif error.status in _UNFIT or error.code == AUTHOR:
                self._write({"sent": None})
            else:
                raise  # it may be stored all the same
            return []
        self._note(part, [receipt])
        return [receipt]

    def end(self, part: SentPart, answer: Callable[[], str]) -> str:
        """Wait for the answer to the part that was begun; return its receipt. Raises: as `answer` does."""
        try:
            receipt = answer()
        except RefusedError as error:
            if error.status < 500:  # nothing of it is stored
                self._write({"sent": None})
            raise
        self._note(part, [receipt])
        return receipt

    def _note(self, part: SentPart, receipts: Sequence[str]) -> None:
        kept = self._kept
        stored = [*kept.stored, *part.contents]
        self._write({"receipts": [*kept.receipts, *receipts], "stored": stored, "sent": None})

    def _content(self, place: Place, document: PlainDocument) -> str:
        category, year = place
        named = f"{category.value}/{year}/{document.id}/{document.version}/{document.media_type}\0".encode()
        told = _DIGEST + sha256(named).digest() + document.content
        return base64url.encode(hmac.digest(self._key, told, "sha256")[:16])

    def _write(self, change: Mapping[str, object]) -> None:
        self._kept = self._kept.model_copy(update=change)
        if self._file is not None:
            replace_private(self._file, self._kept.model_dump_json().encode())


@contextmanager
def telling_parts(receipts: Sequence[str], *, parts: int) -> Iterator[None]:
    """Have an error say how many parts are stored, where some are. Raises: PartlyDepositedError."""
    try:
        yield
    except (GatewayError, PeerUnavailableError, UnavailableError) as error:
        if not receipts:
            raise
        raise PartlyDepositedError(tuple(receipts), parts=parts, why=str(error)) from error
