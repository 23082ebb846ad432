"""Large documents, steps R8s and R10s on the reader's side: fetch segment by segment, open, compare with the signature.

What is opened goes into a file of another name beside the target, which gets its name when everything was right: a
study that is cut off never looks like a whole one.
"""

import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from consent.compartments import YearSpan
from consent.errors import ConsentError, MalformedError
from consent.identifiers import DocumentId
from consent.sealing import PlainDocument
from consent.statements import Selection
from consent.streams import LargeDocument, StreamCipher, StreamName, signed
from consent.vocabulary import Body, Category, Purpose
from services.contracts.medical.messages import ReadAnswer
from services.contracts.medical.streams import AskSegment, StreamsClient
from services.gateway.clinic import read_about
from services.gateway.errors import LargeFileError, NotVerifiedError
from services.gateway.large_documents import Watch, unwatched
from services.gateway.opening import OpenedBundle
from services.gateway.organisation import Organisation
from services.gateway.patience import PATIENT, Patience
from services.gateway.unopened import Unopened, log_unopened
from services.gateway.wrong_fragments import Tell, log_only

_LONGEST_FILE_NAME: Final = 255
_LONGEST_ENDING: Final = 100


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A large document that was opened whole into a file."""

    document: DocumentId
    large: LargeDocument
    path: Path


@dataclass(frozen=True, slots=True)
class FoundLarge:
    """A large document that may be fetched: read and permitted, its segments not here yet."""

    document: PlainDocument
    bundle: OpenedBundle
    name: StreamName
    large: LargeDocument
    ticket: str


def find_large(
    organisation: Organisation,
    reference: str,
    *,
    categories: frozenset[Category],
    years: YearSpan,
    purpose: Purpose,
    tell: Tell = log_only,
) -> list[FoundLarge]:
    """Read what the person permitted, and return the large documents among it. Raises: as `clinic.open_records`."""
    selection = Selection(categories, years)
    read = read_about(organisation, reference, selection=selection, purpose=purpose, tell=tell)
    return [found for bundle in read.bundles for found in _large_of(bundle, read.answer)]


def fetch(
    organisation: Organisation,
    found: FoundLarge,
    folder: Path,
    *,
    watch: Watch = unwatched,
    patience: Patience = PATIENT,
) -> OpenedFile:
    """Fetch and open one large document into a folder, under its own name if that is free.

    Guarantees: the file is there whole, and as its author signed it, or not at all.
    Raises: RefusedError, NotVerifiedError, LargeFileError, kit's PeerUnavailableError when patience ends.
    """
    document, large = found.document, found.large
    cipher = StreamCipher(found.bundle.key, found.bundle.meta, document.id, document.version, large=large)

    def segments() -> Iterator[bytes]:
        for number in range(found.name.segments):
            yield patience.ask(
                partial(_segment, organisation, AskSegment(ticket=found.ticket, number=number))
            )

    try:
        path = write_whole(cipher.open(signed(found.name, segments())), large, folder, watch=watch)
    except ConsentError as error:
        raise NotVerifiedError(f"the large document does not verify: {error}") from error
    return OpenedFile(document.id, large, path)


def write_whole(
    parts: Iterator[bytes],
    large: LargeDocument,
    folder: Path,
    *,
    watch: Watch,
    reserved: Collection[str] = (),
) -> Path:
    """Write a large document to a folder, under its own name when all of it is there and the name is not reserved.

    Raises: LargeFileError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=folder, prefix=".unfinished-")
        try:
            with os.fdopen(handle, "wb") as opened:
                for part in parts:
                    opened.write(part)
                    watch(len(part))
                opened.flush()
                os.fsync(opened.fileno())
                if opened.tell() != large.size:
                    raise NotVerifiedError("the large document has another size than its author says")
            return _named(Path(unfinished), folder, large.name, reserved)
        finally:
            with suppress(FileNotFoundError):
                Path(unfinished).unlink()
    except OSError as error:
        raise LargeFileError(f"{folder.name} cannot be written to ({error.strerror})") from error


def _named(unfinished: Path, folder: Path, name: str, reserved: Collection[str]) -> Path:
    """Give a finished file its name; with a number when the name is taken, as nothing is ever overwritten."""
    plain = name.lstrip(".") or "document"
    stem, dot, suffix = plain.partition(".")
    ending = dot + suffix
    if len(ending.encode()) > _LONGEST_ENDING:
        stem, ending = plain, ""
    taken = {each.casefold() for each in reserved}
    for number in count(1):
        target = folder / _fitting(stem, ending if number == 1 else f"-{number}{ending}")
        with suppress(FileExistsError):
            if target.name.casefold() not in taken:
                os.link(unfinished, target)
                return target
    raise AssertionError("unreachable: some number is free")


def _fitting(stem: str, ending: str) -> str:
    """Return a file's name that a file system takes: 255 signs of Japanese are 765 bytes, and most take 255."""
    room = _LONGEST_FILE_NAME - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore") + ending


def _large_of(bundle: OpenedBundle, answer: ReadAnswer) -> Iterator[FoundLarge]:
    for document in bundle.documents:
        try:
            name = StreamName.of(document.media_type)
            if name is None:
                continue
            large = _described(document, bundle)
            if large is None:
                continue
            yield FoundLarge(document, bundle, name, large, answer.tickets[document.id])
        except (ConsentError, KeyError) as error:
            raise NotVerifiedError("the answer names a large document that cannot be fetched") from error


def _described(document: PlainDocument, bundle: OpenedBundle) -> LargeDocument | None:
    """Return what a document says of a large one; None where its author says nothing that can be read."""
    try:
        return LargeDocument.from_content(document.content)
    except MalformedError:
        log_unopened(Unopened(document.id, bundle.meta.compartment, bundle.meta.author))
        return None


def _segment(organisation: Organisation, message: AskSegment) -> bytes:
    return organisation.ask(
        Body.MEDICAL, lambda http, token: StreamsClient(http).segment(message, token=token)
    )
