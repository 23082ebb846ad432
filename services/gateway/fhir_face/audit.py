"""What the face did, for its own organisation: one AuditEvent (IHE BALP) a line in a file of this machine.

It is the organisation's own book and proves nothing to others: what bodies did stands in their logs. An answer leaves
only after its entry is on the disk.
"""

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from pydantic import JsonValue

from consent.instants import write
from consent.purposes import coding
from consent.vocabulary import Purpose
from services.gateway.errors import AuditFileError
from services.gateway.fhir_face.documents import ORGANISATIONS, REFERENCES
from services.gateway.fhir_face.errors import CODES, EXPECTED, FaceError, Resource, refused
from services.gateway.organisation import Organisation
from services.kit.keys import write_private
from services.kit.strict_json import StrictJsonError, loads

OPERATORS: Final = "urn:sekisho:operator"
_HL7: Final = "http://terminology.hl7.org/CodeSystem"
_ACTIONS: Final = {"create": "C", "read": "R", "search-type": "E"}
_SUCCESS, _FAILURE = "0", "8"
_BEGINNING: Final = b'{"resourceType":"AuditEvent","id":"'
logger = logging.getLogger("sekisho")


@dataclass(slots=True)
class Noted:
    """What an entry says beside who and when; filled in while the work is done."""

    interaction: str
    kind: str
    reference: str
    documents: list[str] = field(default_factory=list)


class AuditBook:
    """The file of one face. Safe between threads. Raises from every method: AuditFileError."""

    def __init__(self, file: Path, organisation: Organisation, *, purpose: Purpose) -> None:
        self._file = file
        self._organisation = organisation
        self._purpose = purpose
        self._lock = threading.Lock()
        try:
            if not file.exists():
                write_private(file, b"")
        except OSError as error:
            raise _unusable(file, error) from error

    @contextmanager
    def noting(self, interaction: str, kind: str, reference: str) -> Iterator[Noted]:
        """Note what is done about a person, also when it is refused; raises what it raises."""
        noted = Noted(interaction, kind, reference)
        try:
            yield noted
        except (FaceError, *EXPECTED) as error:
            told = error if isinstance(error, FaceError) else refused(error)
            self._write(noted, refusal=told.wrong.code)
            raise
        self._write(noted, refusal=None)

    def entries(self, reference: str, *, since: str = "") -> list[Resource]:
        """Return the entries about a person, oldest first; `since` is an instant as entries write it."""
        found = []
        with self._lock:
            try:
                lines = self._file.read_bytes().splitlines()
            except OSError as error:
                raise _unusable(self._file, error) from error
        for number, line in enumerate(lines, start=1):
            try:
                entry = loads(line)
            except StrictJsonError as error:
                if not _begins_an_entry(line):
                    raise AuditFileError(f"{self._file}:{number} is damaged; restore the file") from error
                logger.error("%s:%d is an entry that was cut off; it is left out", self._file, number)
                continue
            if entry["entity"][0]["what"]["identifier"]["value"] == reference and entry["recorded"] >= since:
                found.append(entry)
        return found

    def _write(self, noted: Noted, *, refusal: str | None) -> None:
        line = json.dumps(self._event(noted, refusal=refusal), separators=(",", ":")).encode() + b"\n"
        with self._lock:
            try:
                with self._file.open("a+b") as opened:
                    opened.write(b"\n" + line if _is_cut_off(opened) else line)
                    opened.flush()
                    os.fsync(opened.fileno())
            except OSError as error:
                raise _unusable(self._file, error) from error

    def _event(self, noted: Noted, *, refusal: str | None) -> Resource:
        own = self._organisation.credentials
        documents: list[JsonValue] = [
            {"what": {"reference": f"{noted.kind}/{each}"}, "type": _coded("audit-entity-type", "2")}
            for each in noted.documents
        ]
        system, code = coding(self._purpose)
        event: Resource = {
            "resourceType": "AuditEvent",
            "id": self._organisation.randomness(16).hex(),
            "type": _coded("audit-event-type", "rest"),
            "subtype": [{"system": "http://hl7.org/fhir/restful-interaction", "code": noted.interaction}],
            "action": _ACTIONS[noted.interaction],
            "recorded": write(self._organisation.clock()),
            "outcome": _SUCCESS if refusal is None else _FAILURE,
            "purposeOfEvent": [{"coding": [{"system": system, "code": code}]}],
            "agent": [{"who": {"identifier": _named(OPERATORS, own.operator)}, "requestor": True}],
            "source": {"observer": {"identifier": _named(ORGANISATIONS, own.organisation)}},
            "entity": [
                {
                    "what": {"identifier": _named(REFERENCES, noted.reference)},
                    "type": _coded("audit-entity-type", "1"),
                    "role": _coded("object-role", "1"),
                },
                *documents,
            ],
        }
        return event if refusal is None else event | {"outcomeDesc": f"{CODES}|{refusal}"}


def _is_cut_off(opened: BinaryIO) -> bool:
    """Say whether the last line has no end, so that what follows would be lost with it."""
    size = opened.seek(0, os.SEEK_END)
    opened.seek(max(size - 1, 0))
    return opened.read(1) not in (b"", b"\n")


def _begins_an_entry(line: bytes) -> bool:
    """Say whether a line is what a machine that stopped leaves of an entry."""
    return line.startswith(_BEGINNING) or _BEGINNING.startswith(line)


def _coded(system: str, code: str) -> Resource:
    return {"system": f"{_HL7}/{system}", "code": code}


def _named(system: str, value: str) -> Resource:
    return {"system": system, "value": value}


def _unusable(file: Path, error: OSError) -> AuditFileError:
    return AuditFileError(
        f"{file} cannot be used ({error.strerror}); nothing is answered without its entry there"
    )
