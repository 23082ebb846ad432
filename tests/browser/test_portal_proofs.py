"""The page's verification in the browser against the kit's own: both must say the same of every change."""

import json
import random
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785
from support.portal_browser import Visit

from consent.vocabulary import Body
from services.gateway.history import history
from services.kit.log.completeness import IncompleteError, verify_whole
from services.kit.log.errors import LogFormatError
from services.kit.log.evidence import (
    EvidenceError,
    EvidencePart,
    parse_evidence,
    parse_trust,
    verify_evidence,
)

pytestmark = [pytest.mark.browser, pytest.mark.processes]

SEED = 20261121
QUIET = 9  # whose history no other test makes longer
FLIPS = 150
VALUES = 400
NAMES = {
    EvidencePart.REFERENCE: "reference",
    EvidencePart.LOG: "log",
    EvidencePart.CHECKPOINT: "checkpoint",
    EvidencePart.ORIGIN: "origin",
    EvidencePart.LEAF: "leaf",
    EvidencePart.OPENING: "opening",
    EvidencePart.PROOF: "inclusion",
    EvidencePart.PART: "part",
}
VERIFY = """async ([files, trust]) => {
  const { parseTrust } = await import("/notes.js");
  const { prove } = await import("/proving.js");
  const keys = await parseTrust(trust);
  const told = files.map((file) => prove(file, keys, { body: "identity", verifies: true, now: 0 }));
  return (await Promise.all(told)).map(({ verdicts }) => verdicts);
}"""
WHOLE = """async ([files, trust]) => {
  const { parseTrust } = await import("/notes.js");
  const { prove } = await import("/proving.js");
  const keys = await parseTrust(trust);
  const told = files.map((file) => prove(file, keys, { body: "identity", verifies: true, now: 0 }));
  return (await Promise.all(told)).map(({ notWhole, wholes }) => notWhole ?? wholes.map(({ entries }) => entries));
}"""
CANONICAL = """async (values) => {
  const { canonical } = await import("/bytes.js");
  return values.map((value) => canonical(JSON.parse(value)));
}"""

File = dict[str, Any]


def _python(file: File, trust: File) -> list[str]:
    verdicts = ["proved"] * len(file["entries"])
    keys = parse_trust(json.dumps(trust).encode())
    try:
        verify_evidence(parse_evidence(json.dumps(file).encode()), keys)
    except EvidenceError as error:
        for failure in error.failures:
            verdicts[failure.entry - 1] = NAMES[failure.part]
    return verdicts


def _evidence(visit: Visit) -> tuple[File, File]:
    person = visit.scene.people[QUIET].person
    found = history(person, bodies=[Body.IDENTITY]).evidence
    trust = person.card.trust.evidence
    return found.model_dump(mode="json"), trust.model_dump(mode="json")


def _copy(file: File) -> File:
    copied: File = json.loads(json.dumps(file))
    return copied


def _flip(encoded: str, chance: random.Random) -> str:
    raw = bytearray(b64decode(encoded))
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return b64encode(raw).decode()


def _flipped(file: File, chance: random.Random) -> File:
    changed = _copy(file)
    entry = chance.choice(changed["entries"])
    opening = entry["opening"]
    choices: list[Callable[[], None]] = [
        lambda: entry.update(leaf=_flip(entry["leaf"], chance)),
        lambda: entry.update(index=entry["index"] ^ (1 << chance.randrange(6))),
        lambda: opening.update(salt=_flip(opening["salt"], chance)),
        lambda: opening.update(statement_digest=b64encode(chance.randbytes(32)).decode()),
        lambda: opening["event"].update(outcome="permitted "),
        lambda: opening["event"].update(count=chance.randrange(99)),
        lambda: opening["event"].pop("at"),
        lambda: entry["proof"].append(b64encode(bytes(32)).decode()),
        lambda: entry.update(proof=entry["proof"][:-1]),
        lambda: entry.update(checkpoint=7),
        lambda: _flip_in_list(entry["proof"], chance),
        lambda: _flip_in_note(changed["checkpoints"], chance),
    ]
    chance.choice(choices)()
    return changed


def _flip_in_list(encoded: list[str], chance: random.Random) -> None:
    place = chance.randrange(len(encoded))
    encoded[place] = _flip(encoded[place], chance)


def _flip_in_note(notes: list[str], chance: random.Random) -> None:
    lines = notes[0].split("\n")
    place = chance.choice([1, 2, *range(4, len(lines) - 1)])
    head, _, last = lines[place].rpartition(" ")
    if place == 1:
        lines[place] = str(int(last) + 1)
    else:
        lines[place] = f"{head} {_flip(last, chance)}".lstrip(" ") if head else _flip(last, chance)
    notes[0] = "\n".join(lines)


def test_browser_and_kit_agree_on_every_flipped_bit(visit: Visit) -> None:
    file, trust = _evidence(visit)
    chance = random.Random(SEED)
    files = [file, *(_flipped(file, chance) for _ in range(FLIPS))]
    expected = [_python(each, trust) for each in files]
    told = visit.page.evaluate(VERIFY, [files, trust])
    assert set(expected[0]) == {"proved"}
    assert {part for verdicts in expected for part in verdicts} >= set(NAMES.values()) - {
        "log",
        "origin",
        "leaf",
        "part",
    }
    assert told == expected


def test_browser_sees_that_an_entry_was_left_out_as_the_kit_does(visit: Visit) -> None:
    """C3, IT4: each entry that is left is proved; an old file without a count says nothing."""
    file, trust = _evidence(visit)
    count = len(file["entries"])
    files = [file, {**file, "histories": []}]
    files += [{**file, "entries": file["entries"][:at] + file["entries"][at + 1 :]} for at in range(count)]
    for each in files[2:]:
        evidence, keys = parse_evidence(json.dumps(each).encode()), parse_trust(json.dumps(trust).encode())
        with pytest.raises(IncompleteError):
            verify_whole(evidence, verify_evidence(evidence, keys), keys)
    assert visit.page.evaluate(WHOLE, [files, trust]) == [[count], [], *["whole"] * count]


def test_browser_and_kit_agree_on_foreign_logs_notes_and_leaves(visit: Visit) -> None:
    file, trust = _evidence(visit)
    medical = history(visit.scene.people[QUIET].person, bodies=[Body.MEDICAL]).evidence.checkpoints[0]
    note = file["checkpoints"][0]
    files = []
    for text in (
        note.replace("sekisho/identity\n", "sekisho/nobody\n", 1),
        medical,
        note.partition("\n\n")[0] + "\n",
        note + "\n",
        note.replace("\n\n", "\nextra\n\n", 1),
        note.replace("\u2014 ", "- "),
        note.rstrip("\n"),
        "\n".join(note.split("\n")[:-2]) + "\n",
        note + note.split("\n")[-2] + "\n",
        "",
    ):
        files.append(_copy(file) | {"checkpoints": [text]})
    short = _copy(file)
    short["entries"][0]["leaf"] = b64encode(bytes(63)).decode()
    other = _copy(file)
    other["entries"][0]["origin"] = "sekisho/medical"
    files += [short, other]
    expected = [_python(each, trust) for each in files]
    assert {part for verdicts in expected for part in verdicts} >= {"log", "origin", "leaf", "checkpoint"}
    assert visit.page.evaluate(VERIFY, [files, trust]) == expected


def test_an_entry_of_another_body_is_not_taken_for_this_ones(visit: Visit) -> None:
    person = visit.scene.people[QUIET].person
    medical = history(person, bodies=[Body.MEDICAL]).evidence.model_dump(mode="json")
    trust = person.card.trust.evidence.model_dump(mode="json")
    (verdicts,) = visit.page.evaluate(VERIFY, [[medical], trust])
    assert verdicts
    assert set(verdicts) == {"body"}


@pytest.mark.parametrize(
    "change",
    [
        lambda trust: trust.update(quorum=0),
        lambda trust: trust.update(quorum=9),
        lambda trust: trust["witnesses"].update(again=next(iter(trust["witnesses"].values()))),
        lambda trust: trust["logs"].update({"sekisho/medical": trust["logs"]["sekisho/identity"]}),
        lambda trust: trust["logs"].update(
            {"sekisho/medical": trust["logs"]["sekisho/medical"].replace("+", "+0", 1)}
        ),
    ],
)
def test_browser_and_kit_refuse_the_same_trust_files(visit: Visit, change: Callable[[File], None]) -> None:
    _, trust = _evidence(visit)
    change(trust)
    with pytest.raises(LogFormatError):
        parse_trust(json.dumps(trust).encode())
    told = visit.page.evaluate(
        "async (trust) => (await import('/notes.js')).parseTrust(trust).then(() => 'taken', () => 'refused')",
        trust,
    )
    assert told == "refused"


def _value(chance: random.Random, depth: int = 3) -> Any:
    kind = chance.randrange(8 if depth else 5)
    match kind:
        case 0:
            return chance.choice([True, False, None])
        case 1:
            return chance.randrange(-(2**53) + 1, 2**53)
        case 2:
            return chance.choice([0.0, -0.0, 1e21, 1e-7, 123456.789, 5e-324, 1.7976931348623157e308])
        case 3 | 4:
            return _text(chance)
        case 5 | 6:
            return {_text(chance): _value(chance, depth - 1) for _ in range(chance.randrange(5))}
        case _:
            return [_value(chance, depth - 1) for _ in range(chance.randrange(4))]


def _text(chance: random.Random) -> str:
    signs = 'aZ09 "\\/\b\f\n\r\t\x00\x1f\x7f\u20ac\u2028\ufb33\U0001f600é薬がＩ'
    return "".join(chance.choices(signs, k=chance.randrange(6)))


def test_browser_writes_the_same_canonical_form(visit: Visit) -> None:
    chance = random.Random(SEED)
    values = [_value(chance) for _ in range(VALUES)]
    told = visit.page.evaluate(CANONICAL, [json.dumps(value) for value in values])
    assert [each.encode() for each in told] == [rfc8785.dumps(value) for value in values]
