"""Pages that show commands with their real output, and how what is shown is held against what happens.

A page's ```console blocks hold commands after `$ ` and below each what it prints. What differs from run to run (names
of 22 or 43 characters, personal numbers, moments, hexadecimal ids) has to be of the same kind; where a later command
repeats such a value, the value of the present run is given.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
KINDS: Mapping[str, str] = {
    "moment": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|\+00:00)?",
    "count": r"(?<=people: )\d+|(?<!\d)\d+(?= (?:former entries|of them|log entries|entries verified|are all up"
    r"|rows looked at|people are|bytes))|(?<=after )\d+\.\d(?= seconds)|(?<=entry )\d+(?= of its log)",
    "entry": r"(?<![\w/])(?:medical|oversight)/\d+(?![\w-])",
    "staff": r"(?:[a-z2-7]{4}-){3}[a-z2-7]{4}",
    "years": r"(?<!\d)20\d\d-20\d\d(?!\d)",
    "day": r"\d{4}-\d\d-\d\d",
    "name": r"(?<![\w-])(?:[\w-]{43}|[\w-]{22})(?![\w-])",
    "code": r"(?<![\w-])[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3,}(?![\w-])",
    "hexadecimal": r"(?<![\w-])[0-9a-f]{28,64}(?![\w-])",
    "number": r"(?<!\d)\d{12}(?!\d)",
    "port": r"(?<=127\.0\.0\.1:)\d+",
}
PASSING = frozenset({"moment", "day", "years", "count"})
VARIABLE = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in KINDS.items()))


class WalkthroughError(Exception):
    """What a page shows is not what happens; the message says where."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a page and the lines that it prints there; `place` is where these stand in the page."""

    command: str
    printed: Sequence[str]
    place: tuple[int, int]


@dataclass
class Known:
    """What the page's values are in the present run."""

    values: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, step: Step) -> tuple[dict[str, str], list[str]]:
        """Return the environment and the words of a step's command, with the present run's values.

        The words may end in `| grep TEXT`; `kept` does it. No words are left of `export NAME=value ...`, which holds
        from then on.
        """
        words = shlex.split(_given(step.command, self.values))
        lasting = words[0] == "export"
        given = dict(self.environment)
        words = words[1:] if lasting else words
        while words and re.fullmatch(r"[A-Z][A-Z_]*=.*", words[0]):
            name, _, value = words.pop(0).partition("=")
            given[name] = value
        if lasting:
            self.environment = given
        return given, words

    def learn(self, step: Step, printed: Sequence[str]) -> None:
        """Hold what a command printed against the page. Raises: WalkthroughError."""
        if len(printed) != len(step.printed):
            raise WalkthroughError(_said(step, printed, f"{len(step.printed)} lines are shown"))
        for shown, real in zip(step.printed, printed, strict=True):
            one, other = _split(shown), _split(real)
            if one.fixed != other.fixed or one.kinds != other.kinds:
                raise WalkthroughError(_said(step, printed, f"{shown!r} is shown"))
            for kind, value, present in zip(one.kinds, one.values, other.values, strict=True):
                # two moments that fall into one second on the page need not do so again
                if kind not in PASSING and self.values.setdefault(value, present) != present:
                    raise WalkthroughError(_said(step, printed, f"{value} was {self.values[value]} before"))


@dataclass(frozen=True, slots=True)
class _Line:
    fixed: Sequence[str]
    kinds: Sequence[str | None]
    values: Sequence[str]


def steps(page: str) -> Iterator[Step]:
    """Return the steps of a page, in order."""
    for block in BLOCK.finditer(page):
        at = block.start(1)
        command, begins, printed = None, at, list[str]()
        for line in block.group(1).splitlines(keepends=True):
            if line.startswith("$ "):
                if command is not None:
                    yield Step(command, printed, (begins, at))
                command, begins, printed = line[2:].rstrip("\n"), at + len(line), []
            elif command is not None and command.endswith("\\"):
                command, begins = command[:-1] + line.strip(), at + len(line)
            else:
                printed.append(line.rstrip())
            at += len(line)
        if command is not None:
            yield Step(command, printed, (begins, at))


def kept(words: Sequence[str], printed: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the command without `| grep TEXT` at its end, and the lines that this lets through."""
    if "|" not in words:
        return words, printed
    at = words.index("|")
    text = words[at + 2]
    return words[:at], [line for line in printed if text in line]


def rewritten(page: str, shown: Sequence[tuple[Step, Sequence[str]]], values: Mapping[str, str]) -> str:
    """Return the page with other output below its steps, and other `values` in its commands."""
    for step, printed in sorted(shown, key=lambda pair: -pair[0].place[0]):
        begins, ends = step.place
        told = "".join(f"{line.rstrip()}\n" for line in printed)
        page = page[:begins] + told + page[ends:]
    return _given(page, values)


def _given(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of others, all at once and each as a whole: one may be how another begins."""
    longest_first = sorted(values, key=len, reverse=True)
    known = "|".join(map(re.escape, longest_first))
    return re.sub(rf"(?:{known})(?!\d)", lambda found: values[found.group()], text) if known else text


def _split(line: str) -> _Line:
    found = list(VARIABLE.finditer(line))
    fixed = VARIABLE.sub("\0", line).split("\0")
    return _Line(fixed, [each.lastgroup for each in found], [each.group() for each in found])


def _said(step: Step, printed: Sequence[str], why: str) -> str:
    told = "\n".join(printed)
    return f"{why} below\n$ {step.command}\nbut it prints\n{told}"
