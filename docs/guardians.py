"""Who may act for a person, and what becomes of what they laid down: the rule tables as a page."""

from collections.abc import Iterator, Sequence
from typing import Final

from consent.guardians import (
    CAPACITIES,
    FATES,
    OWN_MATTERS,
    RULES,
    STATES,
    SUITS,
    Act,
    Ages,
    Given,
)

AGES: Final = Ages()
HEAD: Final = f"""# Guardians and minors

A guardian is entered by two supervisors of the municipality, on evidence, and signs with a key of their own that one
body knows for one ward. No body but the ID centre knows who a guardian is, and none knows whose guardian else they are.
How it is done by hand is in [guardianship.md](guardianship.md). The tables below are `consent/guardians.py`; every
body asks them itself. A *child* is below {AGES.youth} years, a
*youth* below the age of majority, which is {AGES.majority} (Civil Code, article 4); both ages are settings of the
registry, which alone knows birth dates. *Protected* is an adult under guardianship (article 8). What a youth decides
alone, *own* matters, is a directive about
{" and ".join(sorted(each.value for each in OWN_MATTERS))} records and nothing else.
"""


def page() -> str:
    """Return the page."""
    parts = [
        HEAD,
        "## Who may do what\n",
        "*both*: the person with the own card, and a guardian. Of several guardians each acts alone; a refusal by one "
        "stands against a permission by another, as any refusal does. *keep_wallet*: make the wallet's keys "
        "known, lay its parts down.\n",
        _table(("state", "matter", *(each.value for each in Act)), _rules()),
        "\n## What becomes of it\n",
        "*confirm*: it stands until whoever decides now lays it down again, at most for the time that the ID centre's "
        "setting `confirmation_days` gives, then it lapses. *research*: for health research and nothing else.\n",
        _table(("what changes", "laid down by", *(each.value for each in Given)), _fates()),
        "\n## Capacities\n",
        _table(("capacity", "日本語", "English", "for whom"), _capacities()),
        "\n## States\n",
        _table(("state", "日本語", "English"), [(each, word.ja, word.en) for each, word in STATES.items()]),
    ]
    return "\n".join(parts) + "\n"


def _rules() -> Iterator[Sequence[str]]:
    for state, matters in RULES.items():
        for matter, acts in matters.items():
            yield state, matter, *(acts[act] for act in Act)


def _fates() -> Iterator[Sequence[str]]:
    for change, givers in FATES.items():
        for giver, given in givers.items():
            yield change, giver, *(given[each] for each in Given)


def _capacities() -> Iterator[Sequence[str]]:
    for capacity, word in CAPACITIES.items():
        yield capacity, word.ja, word.en, ", ".join(sorted(SUITS[capacity]))


def _table(head: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
