"""G5 to G7, C1 to C4 in the page: it says of evidence what the command line says, and tells the person what to do."""

import json
import random
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route
from support.kept_journal import NOW
from support.portal_browser import Visit
from support.shown_evidence import SOON, TRUST, Shown, released_unseen, shown_evidence
from support.waiting import until

from consent.vocabulary import Body
from services.demo.scene import Scene
from services.gateway.errors import NotVerifiedError
from services.gateway.history import History, merge, verify_file
from services.kit.keys import KeyFolder
from services.kit.log.checkpoint import Checkpoint
from services.kit.log.completeness import IncompleteError
from services.kit.log.errors import LogFormatError
from services.kit.log.evidence import EvidenceError
from services.kit.log.note import NoteSigner
from services.kit.log.seen_heads import SplitHistoryError

pytestmark = [pytest.mark.browser, pytest.mark.processes]

QUIET = 9
SEED = 20261121
FLIPS = 40
FORGED_ROOT = bytes([7]) * 32
SHOWN_CENTRES = ("ID centre", "Medical information centre", "Resident registry")
PROVE = """async ([files, trust]) => {
  const { missedBy } = await import("/completeness.js");
  const { parseTrust } = await import("/notes.js");
  const { prove } = await import("/proving.js");
  const keys = await parseTrust(trust);
  const told = async ([file, now]) => {
    const found = await prove(file, keys, { body: "medical", verifies: true, now });
    if (found.verdicts.some((each) => each !== "proved")) return "entries";
    if (found.notWhole !== null) return "incomplete";
    if (missedBy(found.entries, found.wholes).length > 0) return "missed";
    const wrong = found.held.find(({ problem }) => problem !== null);
    if (wrong) return wrong.problem;
    return {
      whole: found.wholes.map(({ origin, entries, later }) => [origin, entries, later]),
      outdated: [...new Set(found.outdated.map(({ origin }) => origin))],
      held: found.held.map(({ origin, witness, size }) => [origin, witness, Number(size)]),
      behind: [...new Set(found.behind.map(({ origin }) => origin))],
    };
  };
  return Promise.all(files.map(told));
}"""
MISSED = """async ([files, trust]) => {
  const { missedBy } = await import("/completeness.js");
  const { parseTrust } = await import("/notes.js");
  const { prove } = await import("/proving.js");
  const keys = await parseTrust(trust);
  const asked = files.map(([file, body]) => prove(file, keys, { body, verifies: true, now: 0 }));
  const found = await Promise.all(asked);
  return missedBy(found.flatMap(({ entries }) => entries), found.flatMap(({ wholes }) => wholes));
}"""
Told = str | dict[str, Any]


def _by_command_line(file: Path, trust: Path, now: datetime) -> Told:
    """What `sekisho verify` finds."""
    try:
        found = verify_file(file, trust)
    except EvidenceError:
        return "entries"
    except IncompleteError:
        return "incomplete"
    except NotVerifiedError as error:
        causes = {SplitHistoryError: "split", IncompleteError: "missed", LogFormatError: "head"}
        return next(said for kind, said in causes.items() if isinstance(error.__cause__, kind))
    return _told(found, now)


def _told(found: History, now: datetime) -> dict[str, Any]:
    return {
        "whole": [[each.origin, each.entries, each.later] for each in found.whole],
        "outdated": [f"sekisho/{each}" for each in found.outdated(now=now)],
        "held": [[each.origin, each.witness, each.size] for each in found.held],
        "behind": [f"sekisho/{each}" for each in found.behind],
    }


def _is(told: Told, verdict: str) -> bool:
    if isinstance(told, str):
        return told == verdict
    return verdict == "good" if not told["outdated"] + told["behind"] else bool(told.get(verdict))


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Shown]:
    return shown_evidence(tmp_path_factory.mktemp("logs"))


def test_page_and_command_line_say_the_same_of_the_same_evidence(
    visit: Visit, cases: list[Shown], tmp_path: Path
) -> None:
    """G5 to G7, C1 to C4, IT2 to IT4: good, frozen, stale, dated ahead, another log's, witness unknown, cut."""
    file, trust = tmp_path / "evidence.json", tmp_path / "trust.json"
    trust.write_text(json.dumps(TRUST))
    expected: dict[str, Told] = {}
    for each in cases:
        file.write_text(each.evidence.model_dump_json())
        expected[each.name] = _by_command_line(file, trust, each.now)
        assert _is(expected[each.name], each.verdict), f"{each.name}: {expected[each.name]}"
    files = [[each.evidence.model_dump(mode="json"), each.now.timestamp() * 1000] for each in cases]
    found = visit.page.evaluate(PROVE, [files, TRUST])
    assert dict(zip(expected, found, strict=True)) == expected
    assert {each.verdict for each in cases} == {
        "good", "behind", "outdated", "incomplete", "split", "head", "entries"
    }  # fmt: skip


def test_page_and_command_line_agree_on_every_flipped_bit_of_heads_and_counts(
    visit: Visit, cases: list[Shown], tmp_path: Path
) -> None:
    file, trust = tmp_path / "evidence.json", tmp_path / "trust.json"
    trust.write_text(json.dumps(TRUST))
    (frozen,) = [each for each in cases if each.name == "frozen head"]
    chance = random.Random(SEED)
    changed = [_flipped(frozen.evidence.model_dump(mode="json"), chance) for _ in range(FLIPS)]
    expected = []
    for each in changed:
        file.write_text(json.dumps(each))
        expected.append(_by_command_line(file, trust, NOW + SOON))
    found = visit.page.evaluate(PROVE, [[[each, (NOW + SOON).timestamp() * 1000] for each in changed], TRUST])
    assert found == expected
    assert {each for each in expected if isinstance(each, str)} >= {"split", "head", "incomplete"}


def _flipped(file: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    (head,), (told,) = file["heads"], file["histories"]
    match chance.randrange(6):
        case 0:
            _flip_one(head["proof"], chance)
        case 1:
            head["note"] = _flip_note(head["note"], chance)
        case 2:
            told["start"] = _flip(told["start"], chance)
        case 3:
            told["row"] ^= 1 << chance.randrange(3)
        case 4:
            _flip_one(told["proof"], chance)
        case _:
            told["counted"]["opening"]["event"]["at"] = "2026-11-01T09:00:01.000Z"
    return file


def _flip(encoded: str, chance: random.Random) -> str:
    raw = bytearray(b64decode(encoded))
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return b64encode(raw).decode()


def _flip_one(encoded: list[str], chance: random.Random) -> None:
    place = chance.randrange(len(encoded))
    encoded[place] = _flip(encoded[place], chance)


def _flip_note(note: str, chance: random.Random) -> str:
    lines = note.split("\n")
    place = chance.choice([1, 2, 4])
    start, _, last = lines[place].rpartition(" ")
    changed = str(int(last) + 1) if place == 1 else _flip(last, chance)
    lines[place] = f"{start} {changed}".lstrip(" ") if place == 4 else changed
    return "\n".join(lines)


@pytest.mark.parametrize("place", ["shown", "hidden", "behind the count"])
def test_page_and_command_line_miss_the_same_reads(visit: Visit, tmp_path: Path, place: str) -> None:
    """IT4: the second body took part in a read that the medical centre's whole history does not show."""
    file, trust = tmp_path / "evidence.json", tmp_path / "trust.json"
    (tmp_path / "log").mkdir()
    medical, oversight, told = released_unseen(tmp_path / "log", place)
    trust.write_text(json.dumps(told))
    file.write_text(merge([medical, oversight]).model_dump_json())
    missed = _by_command_line(file, trust, NOW + SOON) == "missed"
    files = [
        [each.model_dump(mode="json"), body]
        for each, body in ((medical, "medical"), (oversight, "oversight"))
    ]
    found = visit.page.evaluate(MISSED, [files, told])
    assert found == (["sekisho/oversight"] if missed else [])
    assert missed is (place == "hidden")


def _load_until(visit: Visit, centre: str, text: str) -> str:
    """Load again, as the page says, until it says something of a centre."""

    def told() -> bool:
        if text in visit.centre(centre):
            return True
        visit.page.evaluate("document.getElementById('status').textContent = ''")
        visit.page.click("#refresh")
        visit.told("#status", "entries loaded")
        return False

    until(told)
    return visit.centre(centre)


def test_what_was_checked_of_each_log_is_said_in_both_languages(visit: Visit, tmp_path: Path) -> None:
    """A witness may be a moment ahead of a log's own answer: then one loads again."""
    page = visit.page
    visit.sign_in(visit.scene.people[QUIET])
    for centre in SHOWN_CENTRES:
        told = _load_until(visit, centre, "Its log goes with what was seen of it by:")
        assert "Oversight body." in told
        assert "all proved." in told
        assert "These are all up to" in told
    told = page.inner_text("#witnesses")
    assert (
        told
        == "Each log was held against what these witnesses had seen of it before: ID centre, Oversight body."
    )
    assert "READ" not in visit.status()
    assert visit.centre("anonymiser").endswith("that there is none cannot be proved.")
    assert visit.faults() == {}
    page.click('[data-language="ja"]')
    assert "監督機関" in page.inner_text("#witnesses")
    assert "これがすべてです" in page.inner_text("#centres")


def test_a_witness_that_does_not_answer_is_named_and_what_that_means(visit: Visit) -> None:
    page = visit.page
    page.route("**/relay/oversight/log/views", lambda route: route.abort())
    visit.sign_in(visit.scene.people[QUIET])
    told = page.inner_text("#witnesses")
    assert "before: ID centre." in told
    assert "Not reached: Oversight body. What was seen there was not checked. Load again later." in told
    page.route("**/relay/identity/log/views", lambda route: route.fulfill(json={"notes": "none"}))
    visit.page.click("#refresh")
    visit.told("#witnesses", "Not reached: ID centre, Oversight body.")
    assert "No witness showed what it saw of this log" in visit.centre("Medical information centre")


@pytest.fixture
def identity_log(deployment: Scene) -> NoteSigner:
    """The ID centre's own key, as its operator has it."""
    keys = KeyFolder(deployment.layout.body(Body.IDENTITY) / "keys")
    return NoteSigner("sekisho/identity", keys.ed25519("log"))


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (1, "It showed ANOTHER HISTORY than yours to: Oversight body."),
        (10**9, "Its log was SET BACK: it no longer has what it signed for: Oversight body."),
    ],
)
def test_a_log_with_two_faces_or_set_back_is_named(
    visit: Visit, identity_log: NoteSigner, size: int, said: str
) -> None:
    """G6, IT2: every answer of the ID centre is without a flaw; one head that it signed is not of it."""
    note = identity_log.sign(Checkpoint("sekisho/identity", size, FORGED_ROOT).format()).format()
    forged = {"notes": [note], "contradictions": []}
    visit.page.route("**/relay/oversight/log/views", lambda route: route.fulfill(json=forged))
    visit.sign_in(visit.scene.people[QUIET])
    told = visit.centre("ID centre")
    assert said in told
    assert "report it to: Oversight body." in told
    assert visit.status().endswith("READ what is said above the list about: ID centre.")
    file = visit.saved("#save", "evidence.json")
    if size == 1:
        with pytest.raises(NotVerifiedError, match="sekisho/identity showed oversight another history"):
            verify_file(file, visit.scene.layout.trust)


def test_a_log_that_goes_on_showing_an_old_head_is_told(visit: Visit) -> None:
    """G7, IT3: the ID centre's answer of before is shown again, though its log has gone on since."""
    kept: list[Any] = []

    def freeze(route: Route) -> None:
        answer = route.fetch()
        if answer.ok and not kept:
            kept.append(answer.json())
        if answer.ok:
            route.fulfill(json=kept[0])
        else:  # the centre asks for its nonce first
            route.fulfill(response=answer)

    visit.page.route("**/relay/identity/history", freeze)
    visit.sign_in(visit.scene.people[QUIET])
    visit.page.click("#sign-out")
    visit.sign_in(visit.scene.people[QUIET])  # which the ID centre logs
    told = _load_until(visit, "ID centre", "More of this log than is shown here was seen by: Oversight body.")
    assert "Load again in some minutes. If it stays so, save the evidence and report it" in told
