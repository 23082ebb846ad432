"""Signed notes, verifier keys and checkpoints: one form only, and nothing believed before it is verified."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.kit.log.checkpoint import Checkpoint, parse_size, verify_checkpoint, verify_cosigned
from services.kit.log.errors import CheckpointSignatureError, LogFormatError
from services.kit.log.merkle import EMPTY_ROOT, leaf_hash
from services.kit.log.note import Cosigner, NoteSignature, NoteSigner, NoteVerifier, UnverifiedNote

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
ORIGIN = "medical.example/log"
ROOT = leaf_hash(b"leaf")
TEXT = Checkpoint(ORIGIN, 1, ROOT).format()
LINE = "— example.org/key AAAAAAE=\n"


def key(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


LOG = NoteSigner(ORIGIN, key(1))
OVERSIGHT = Cosigner("oversight.example/witness", key(2))
IDENTITY = Cosigner("identity.example/witness", key(3))
WITNESSES = [OVERSIGHT.verifier, IDENTITY.verifier]


def cosigned(*witnesses: Cosigner, now: datetime = NOW) -> UnverifiedNote:
    note = LOG.sign(TEXT)
    for witness in witnesses:
        note = note.with_signature(witness.cosign(TEXT, now=now))
    return note


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "text\n",
        "text\n\n",
        f"text{LINE}",
        f"text\n{LINE}",
        f"text\n\n{LINE.rstrip()}",
        f"text\n\n{LINE}\n",
        f"text\n\n{LINE}more\n",
        f"te\txt\n\n{LINE}",
        f"text\r\n\n{LINE}",
        "text\n\n- example.org/key AAAAAAE=\n",
        "text\n\n—example.org/key AAAAAAE=\n",
        "text\n\n— example.org/key\n",
        "text\n\n—  AAAAAAE=\n",
        "text\n\n— example+key AAAAAAE=\n",
        "text\n\n— exa\u3000mple AAAAAAE=\n",
        "text\n\n— example.org/key AAAAAA==\n",
        "text\n\n— example.org/key AAAAAAF=\n",
        "text\n\n— example.org/key AAAA AAE=\n",
        "text\n\n— example.org/key AAAAAAE\n",
        "text\n\n" + LINE * 33,
        "x" * 70_000 + f"\n\n{LINE}",
        f"half a character \ud800\n\n{LINE}",
        f"\xff\n\n{LINE}".encode("latin-1", "replace"),
    ],
)
def test_anything_but_the_one_form_of_a_note_is_refused(raw: str | bytes) -> None:
    with pytest.raises(LogFormatError):
        UnverifiedNote.parse(raw)


def test_note_text_may_hold_empty_lines() -> None:
    note = UnverifiedNote.parse(f"first\n\nsecond\n\n{LINE}")
    assert note.text == "first\n\nsecond\n"
    assert note.format() == f"first\n\nsecond\n\n{LINE}"


@pytest.mark.parametrize("damage", ["name", "id", "key", "type", "short", "padding"])
def test_damaged_verifier_key_is_refused(damage: str) -> None:
    name, key_id, encoded = LOG.verifier.vkey().split("+", 2)
    damaged = {
        "name": f"other.example/log+{key_id}+{encoded}",
        "id": f"{name}+00000000+{encoded}",
        "key": f"{name}+{key_id}+{encoded[:-2]}A=",
        "type": f"{name}+{key_id}+Ag{encoded[2:]}",
        "short": f"{name}+{key_id}+{encoded[:8]}",
        "padding": f"{name}+{key_id}+{encoded}=",
    }[damage]
    with pytest.raises(LogFormatError):
        NoteVerifier.parse(damaged)


@pytest.mark.parametrize("verifier", [LOG.verifier, OVERSIGHT.verifier])
def test_verifier_key_survives_its_text_form(verifier: NoteVerifier) -> None:
    assert NoteVerifier.parse(verifier.vkey()) == verifier


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2028b"])
def test_signer_with_a_name_no_line_can_carry_is_refused(name: str) -> None:
    with pytest.raises(LogFormatError):
        NoteSigner(name, key(1))
    with pytest.raises(LogFormatError):
        Cosigner(name, key(1))


def test_printed_signers_show_no_key() -> None:
    assert repr(LOG) == "NoteSigner(name='medical.example/log', key=...)"
    assert repr(OVERSIGHT) == "Cosigner(name='oversight.example/witness', key=...)"


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n1\n",
        f"{ORIGIN}\n01\nx\n",
        TEXT + "an extension\n",
        TEXT + "\n",
        TEXT.removesuffix("\n"),
        TEXT.replace("\n1\n", "\n01\n"),
        TEXT.replace("\n1\n", "\n+1\n"),
        TEXT.replace("\n1\n", "\n-1\n"),
        TEXT.replace("\n1\n", "\n１\n"),
        TEXT.replace("\n1\n", "\n9223372036854775808\n"),
        TEXT.replace("\n1\n", "\n0\n"),
        TEXT.replace(ORIGIN, ""),
        TEXT.replace(ORIGIN, "two words"),
        f"{ORIGIN}\n1\nAAAA\n",
    ],
)
def test_anything_but_the_one_form_of_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(LogFormatError):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "checkpoint", [Checkpoint(ORIGIN, 0, EMPTY_ROOT), Checkpoint(ORIGIN, 2**63 - 1, ROOT)]
)
def test_checkpoint_survives_its_text_form(checkpoint: Checkpoint) -> None:
    assert Checkpoint.parse(checkpoint.format()) == checkpoint


@pytest.mark.parametrize("text", ["", " 1", "1 ", "1_0", "0x1", "00"])
def test_size_in_another_notation_is_refused(text: str) -> None:
    with pytest.raises(LogFormatError):
        parse_size(text)


def test_checkpoint_signed_by_its_log_is_verified() -> None:
    assert verify_checkpoint(LOG.sign(TEXT), log=LOG.verifier).checkpoint == Checkpoint(ORIGIN, 1, ROOT)


def test_checkpoint_of_another_origin_under_this_logs_key_is_refused() -> None:
    note = LOG.sign(TEXT.replace(ORIGIN, "product.example/log"))
    with pytest.raises(CheckpointSignatureError):
        verify_checkpoint(note, log=LOG.verifier)


def test_log_key_of_the_same_name_but_other_bytes_verifies_nothing() -> None:
    with pytest.raises(CheckpointSignatureError):
        verify_checkpoint(NoteSigner(ORIGIN, key(9)).sign(TEXT), log=LOG.verifier)


def test_every_changed_character_of_a_signed_checkpoint_is_noticed() -> None:
    raw = cosigned(OVERSIGHT).format().encode()
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises((LogFormatError, CheckpointSignatureError)):
            verify_cosigned(
                UnverifiedNote.parse(changed), log=LOG.verifier, witnesses=[OVERSIGHT.verifier], quorum=1
            )


def test_signatures_of_unknown_keys_change_nothing() -> None:
    note = cosigned(OVERSIGHT).with_signature(NoteSignature("stranger.example", b"\x00" * 4, b"\x01" * 72))
    verified = verify_cosigned(note, log=LOG.verifier, witnesses=WITNESSES, quorum=1)
    assert verified.witnesses == (OVERSIGHT.verifier.name,)


def test_false_signature_of_a_known_witness_refuses_the_whole_note() -> None:
    true = IDENTITY.cosign(TEXT, now=NOW)
    false = NoteSignature(true.name, true.key_id, true.payload[:-1] + bytes([true.payload[-1] ^ 1]))
    with pytest.raises(CheckpointSignatureError):
        verify_cosigned(
            cosigned(OVERSIGHT).with_signature(false), log=LOG.verifier, witnesses=WITNESSES, quorum=1
        )


@pytest.mark.parametrize("quorum", [0, 2])
def test_too_few_witnesses_are_refused(quorum: int) -> None:
    with pytest.raises(CheckpointSignatureError):
        verify_cosigned(cosigned(OVERSIGHT), log=LOG.verifier, witnesses=WITNESSES, quorum=quorum)


def test_one_key_under_two_names_is_one_witness() -> None:
    twin = Cosigner("twin.example/witness", key(2))
    with pytest.raises(CheckpointSignatureError):
        verify_cosigned(
            cosigned(OVERSIGHT, twin),
            log=LOG.verifier,
            witnesses=[OVERSIGHT.verifier, twin.verifier],
            quorum=2,
        )


def test_a_log_is_no_witness_of_itself() -> None:
    own = Cosigner("self.example/witness", key(1))
    with pytest.raises(CheckpointSignatureError):
        verify_cosigned(cosigned(own), log=LOG.verifier, witnesses=[own.verifier], quorum=1)


def test_log_signature_is_no_cosignature_and_the_other_way_round() -> None:
    with pytest.raises(CheckpointSignatureError):
        LOG.verifier.verify_cosigned(cosigned())
    with pytest.raises(CheckpointSignatureError):
        OVERSIGHT.verifier.verify(cosigned(OVERSIGHT))


def test_cosignature_without_a_time_is_refused() -> None:
    signature = OVERSIGHT.cosign(TEXT, now=datetime(1970, 1, 1, tzinfo=UTC))
    with pytest.raises(CheckpointSignatureError):
        OVERSIGHT.verifier.verify_cosigned(LOG.sign(TEXT).with_signature(signature))


def test_quorums_time_is_that_of_its_oldest_needed_cosignature() -> None:
    late = IDENTITY.cosign(TEXT, now=NOW + timedelta(hours=1))
    note = cosigned(OVERSIGHT).with_signature(late)
    both = verify_cosigned(note, log=LOG.verifier, witnesses=WITNESSES, quorum=2)
    one = verify_cosigned(note, log=LOG.verifier, witnesses=WITNESSES, quorum=1)
    assert (both.at, one.at) == (NOW, NOW + timedelta(hours=1))


def test_newer_cosignature_replaces_the_earlier_one_of_the_same_key() -> None:
    note = cosigned(OVERSIGHT).with_signature(OVERSIGHT.cosign(TEXT, now=NOW + timedelta(hours=1)))
    assert OVERSIGHT.verifier.verify_cosigned(note) == NOW + timedelta(hours=1)
    assert len(note.signatures) == 2
