"""`python -m benchmarks.suspicion`: precision and recall of each rule of suspicious use on a labelled synthetic log.

Read the figures as those of a made-up hospital: they show which rule finds what and what it costs in honest people
flagged, and they would be others elsewhere. The seed is fixed; the log is made without looking at the rules.
"""

import argparse
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.suspicion_log import Labelled, Log, Misuse
from benchmarks.suspicion_town import Town
from consent.identifiers import OperatorId
from services.contracts.medical.uses import Rule
from services.medical.use_model import Habits, Limits
from services.medical.use_rules import judge

SEED: Final = 20261121
ALL: Final = "all rules"
MEANT: Final[Mapping[Rule, frozenset[Misuse]]] = {
    Rule.UNEXPLAINED: frozenset(Misuse),
    Rule.OWN_WORD: frozenset({Misuse.MADE_UP}),
    Rule.AFTER_DISCHARGE: frozenset({Misuse.FORMER}),
    Rule.SELF: frozenset({Misuse.OWN}),
    Rule.CO_WORKER: frozenset({Misuse.COLLEAGUE}),
    Rule.SAME_SURNAME: frozenset({Misuse.NAMESAKE}),
    Rule.SAME_ADDRESS: frozenset({Misuse.NEIGHBOUR}),
    Rule.WELL_KNOWN: frozenset({Misuse.CELEBRITY}),
    Rule.NIGHT: frozenset({Misuse.NIGHT}),
    Rule.RATE: frozenset({Misuse.BULK}),
    Rule.SWEEP: frozenset({Misuse.LIST}),
}
"""Which misuse each rule is for: its recall is taken over that."""


@dataclass(frozen=True, slots=True)
class Score:
    """How good a rule is: flagged accesses, how many of them misuse, and how much of what it is for it found.

    `alone` counts misuse that no other rule flagged.
    """

    rule: str
    flagged: int
    precision: float
    meant: int
    recall: float
    alone: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """All scores, the share found of each misuse, and the cost. Units: `microseconds` for one access."""

    accesses: int
    misused: int
    scores: list[Score]
    found: dict[str, float]
    microseconds: float


def main() -> None:
    """Read the command line, judge, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suspicion", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    arguments = parser.parse_args()
    outcome = run(arguments.seed)
    show(outcome, Console())
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(asdict(outcome), indent=1, ensure_ascii=False) + "\n")


def run(seed: int, *, staff: int = 60, patients: int = 3000) -> Outcome:
    """Draw a month's log and judge it, access by access."""
    chance = random.Random(seed)
    town = Town(chance, staff=staff, patients=patients)
    log = Log(town, chance).draw()
    started = time.perf_counter()
    flags = _judged(town, log)
    spent = time.perf_counter() - started
    misused = {each.access.position: each.misuse for each in log if each.misuse is not None}
    return Outcome(
        accesses=len(log),
        misused=len(misused),
        scores=_scores(flags, misused),
        found=_found(flags, misused),
        microseconds=1e6 * spent / len(log),
    )


def show(outcome: Outcome, console: Console) -> None:
    """Print the tables."""
    title = f"Suspicious use: {outcome.accesses:,} accesses of a month, {outcome.misused:,} of them misuse"
    table = Table(
        title=title, caption=f"{outcome.microseconds:.0f} µs to judge one access", title_justify="left"
    )
    for number, column in enumerate(("rule", "flagged", "precision", "meant for", "recall", "alone")):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    for each in outcome.scores:
        figures = (
            str(each.flagged),
            f"{each.precision:.2f}",
            str(each.meant),
            f"{each.recall:.2f}",
            str(each.alone),
        )
        table.add_row(each.rule, *figures)
    console.print(table)
    found = Table(title="How much of each misuse any rule found", title_justify="left")
    found.add_column("misuse")
    found.add_column("recall", justify="right")
    for name, share in outcome.found.items():
        found.add_row(name, f"{share:.2f}")
    console.print(found)


def _judged(town: Town, log: Sequence[Labelled]) -> dict[int, set[Rule]]:
    habits: dict[OperatorId, Habits] = {}
    flags: dict[int, set[Rule]] = defaultdict(set)
    for each in log:
        operator = each.access.operator
        known = town.known(operator, each.patient)
        judged = judge(each.access, known, habits.get(operator, Habits()), Limits())
        habits[operator] = judged.habits
        for flag in judged.flags:
            flags[flag.position] |= flag.rules
    return flags


def _scores(flags: Mapping[int, set[Rule]], misused: Mapping[int, Misuse]) -> list[Score]:
    scores = []
    for rule in Rule:
        by_rule = {position for position, rules in flags.items() if rule in rules}
        meant = {position for position, misuse in misused.items() if misuse in MEANT[rule]}
        alone = sum(flags[position] == {rule} for position in by_rule & misused.keys())
        scores.append(_score(rule.value, by_rule, meant, misused=misused, alone=alone))
    scores.append(_score(ALL, set(flags), set(misused), misused=misused, alone=0))
    return scores


def _score(
    name: str, flagged: set[int], meant: set[int], *, misused: Mapping[int, Misuse], alone: int
) -> Score:
    right = len(flagged & misused.keys())
    return Score(
        rule=name,
        flagged=len(flagged),
        precision=right / len(flagged) if flagged else 0.0,
        meant=len(meant),
        recall=len(flagged & meant) / len(meant) if meant else 0.0,
        alone=alone,
    )


def _found(flags: Mapping[int, set[Rule]], misused: Mapping[int, Misuse]) -> dict[str, float]:
    total = Counter(misused.values())
    found = Counter(misuse for position, misuse in misused.items() if position in flags)
    return {misuse.value: found[misuse] / total[misuse] for misuse in Misuse if total[misuse]}


if __name__ == "__main__":
    main()
