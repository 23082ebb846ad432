"""The walkthroughs: every command of a page is given over the running bodies, and prints what the page shows.

`SEKISHO_WRITE_WALKTHROUGHS=1` writes what the commands print into the pages instead.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.command_line import within

from docs.walkthrough import Known, Step, WalkthroughError, kept, rewritten, steps
from services.demo.scene import Scene
from services.deployment.layout import DEFAULT_PORTS, HOST

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "walkthroughs").glob("*.md"))
WRITE = "SEKISHO_WRITE_WALKTHROUGHS"


@pytest.mark.processes
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_print_what_the_page_shows(
    page: Path, deployment: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").symlink_to(deployment.layout.folder)
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    usual = {
        f"{HOST}:{port}": f"{HOST}:{deployment.layout.ports[body]}" for body, port in DEFAULT_PORTS.items()
    }
    known, shown = Known(dict(usual)), list[tuple[Step, Sequence[str]]]()
    for step in steps(text):
        environment, words = known.command(step)
        if not words:
            continue
        assert words[0] == "sekisho"
        done = within(*kept(words, ())[0][1:], environment=environment)
        _, printed = kept(words, [line.rstrip() for line in (done.stdout + done.stderr).splitlines()])
        shown.append((step, printed))
        if WRITE not in os.environ:
            known.learn(step, printed)
            continue
        for value, present in _values(step, printed):
            known.values.setdefault(value, present)
    if WRITE in os.environ:
        learnt = {value: present for value, present in known.values.items() if value not in usual}
        page.write_text(rewritten(text, shown, learnt), encoding="utf-8")


def _values(step: Step, printed: Sequence[str]) -> list[tuple[str, str]]:
    probe = Known()
    try:
        probe.learn(step, printed)
    except WalkthroughError:
        return []
    return list(probe.values.items())


PAGE = """Text.

```console
$ sekisho enrol --card a.json
card file: a.json
reference: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
$ export Y=2
$ X=1 sekisho link \\
    --reference AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
ok
```
"""
REAL = "B" * 43


def test_values_of_the_present_run_are_given_to_later_commands() -> None:
    first, export, second = steps(PAGE)
    known = Known()
    known.learn(first, ["card file: a.json", f"reference: {REAL}"])
    assert known.command(export) == ({"Y": "2"}, [])
    assert known.command(second) == ({"X": "1", "Y": "2"}, ["sekisho", "link", "--reference", REAL])


@pytest.mark.parametrize(
    "printed",
    [
        ["card file: a.json"],
        ["card file: b.json", f"reference: {REAL}"],
        ["card file: a.json", f"reference: {REAL[1:]}"],
        ["card file: a.json", "reference: 123456789012"],
    ],
)
def test_page_that_shows_something_else_is_found(printed: list[str]) -> None:
    first, *_ = steps(PAGE)
    with pytest.raises(WalkthroughError, match=r"sekisho enrol"):
        Known().learn(first, printed)


def test_value_that_changes_within_a_run_is_found() -> None:
    first, _, second = steps(PAGE)
    known = Known()
    known.learn(first, ["card file: a.json", f"reference: {REAL}"])
    with pytest.raises(WalkthroughError, match="before"):
        known.learn(first, ["card file: a.json", f"reference: {'C' * 43}"])
    with pytest.raises(WalkthroughError):
        known.learn(second, [])


def test_page_is_written_anew() -> None:
    first, _, second = steps(PAGE)
    told = rewritten(PAGE, [(first, ["card file: x"]), (second, ["no", "more"])], {"A" * 43: REAL})
    assert [list(step.printed) for step in steps(told)] == [["card file: x"], [], ["no", "more"]]
    assert [step.command for step in steps(told)][2] == second.command.replace("A" * 43, REAL)


def test_lines_are_kept_by_a_text() -> None:
    words = ["sekisho", "history", "|", "grep", "number"]
    assert kept(words, ["a number", "something", "numbers"]) == (words[:2], ["a number", "numbers"])
    assert kept(words[:2], ["a"]) == (words[:2], ["a"])
