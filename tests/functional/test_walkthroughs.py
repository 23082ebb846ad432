"""The walkthroughs: every command of a page is given over the running bodies, and prints what the page shows.

`SEKISHO_WRITE_WALKTHROUGHS=1` writes what the commands print into the pages instead.
"""

import os
from pathlib import Path

import pytest
from support.command_line import within

from docs.walkthrough import Known, Step, WalkthroughError, rewritten, steps
from services.demo.scene import Scene

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
    known, shown = Known(), list[tuple[Step, list[str]]]()
    for step in steps(text):
        environment, words = known.command(step)
        if not words:
            continue
        assert words[0] == "sekisho"
        done = within(*words[1:], environment=environment)
        printed = [line.rstrip() for line in (done.stdout + done.stderr).splitlines()]
        shown.append((step, printed))
        if WRITE not in os.environ:
            known.learn(step, printed)
            continue
        for value, present in _values(step, printed):
            known.values.setdefault(value, present)
    if WRITE in os.environ:
        page.write_text(rewritten(text, shown, known.values), encoding="utf-8")


def _values(step: Step, printed: list[str]) -> list[tuple[str, str]]:
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
