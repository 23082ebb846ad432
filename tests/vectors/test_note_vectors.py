"""The signed note published in C2SP signed-note, against our parser and verifier."""

import json

import pytest
from support.shared_data import SHARED, needs

from services.kit.log.errors import CheckpointSignatureError
from services.kit.log.note import NoteVerifier, SignatureType, UnverifiedNote

FILE = SHARED / "vectors" / "tlog" / "signed-note.json"

pytestmark = needs(FILE)


@pytest.fixture
def vector() -> dict[str, str]:
    found: dict[str, str] = json.loads(FILE.read_text())
    return found


def test_published_key_reads_and_writes_back(vector: dict[str, str]) -> None:
    verifier = NoteVerifier.parse(vector["vkey"])
    assert (verifier.name, verifier.kind) == ("example.com/foo", SignatureType.LOG)
    assert verifier.vkey() == vector["vkey"]


def test_published_note_verifies_and_writes_back(vector: dict[str, str]) -> None:
    note = UnverifiedNote.parse(vector["note"])
    NoteVerifier.parse(vector["vkey"]).verify(note)
    assert note.text == "This is an example message.\n"
    assert note.format() == vector["note"]


def test_published_note_with_another_text_is_refused(vector: dict[str, str]) -> None:
    note = UnverifiedNote.parse(vector["note"].replace("example message", "example massage"))
    with pytest.raises(CheckpointSignatureError):
        NoteVerifier.parse(vector["vkey"]).verify(note)
