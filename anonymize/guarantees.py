"""What a passed model means for the people in the table, in one plain sentence each."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from anonymize.models import Model

Sentence = Callable[[Mapping[str, Any]], tuple[str, str]]

_SENTENCES: Final[dict[str, Sentence]] = {
    "k-anonymity": lambda p: (
        f"Whoever knows all quasi-identifiers of a person finds at least {p['k']} rows that may be the person's.",
        f"ある人の準識別子をすべて知る者にも、その人のものであり得る行が{p['k']}行以上残ります。",
    ),
    "distinct l-diversity": lambda p: (
        f"Whoever finds a person's class is left with at least {p['l']} different values of {p['column']}; they need"
        " not be equally likely.",
        f"ある人のクラスが分かっても、「{p['column']}」の値は{p['l']}種類以上残ります（同じ確からしさとは限りません）。",
    ),
    "entropy l-diversity": lambda p: (
        f"Whoever finds a person's class is as uncertain about {p['column']} as among {p['l']:g} equally likely"
        " values.",
        f"ある人のクラスが分かっても、「{p['column']}」は同じ確からしさの{p['l']:g}個の値と同程度に不確かです。",
    ),
    "recursive (c,l)-diversity": lambda p: (
        f"In every class the most frequent value of {p['column']} is less than {p['c']:g} times as frequent as all"
        f" values from the {p['l']}-th most frequent on together.",
        f"どのクラスでも「{p['column']}」の最頻値は、{p['l']}番目以降の値の合計の{p['c']:g}倍未満です。",
    ),
    "t-closeness": lambda p: (
        f"Whoever finds a person's class learns about {p['column']} at most a shift of {p['t']:g} (earth mover's"
        " distance) from what the whole table tells anyway.",
        f"ある人のクラスが分かっても、「{p['column']}」の分布は表全体の分布から{p['t']:g}（EMD距離）以内です。",
    ),
    "basic beta-likeness": lambda p: (
        f"In no class is a value of {p['column']} more frequent than in the whole table by more than {p['beta']:g}"
        " times its frequency there.",
        f"どのクラスでも「{p['column']}」の値の頻度は、表全体での頻度から{p['beta']:g}倍を超えて増えません。",
    ),
    "enhanced beta-likeness": lambda p: (
        f"In no class is a value of {p['column']} more frequent than in the whole table by more than {p['beta']:g}"
        " times its frequency there, frequent values by less; no value that some rows lack becomes certain.",
        f"どのクラスでも「{p['column']}」の値の頻度は、表全体での頻度から{p['beta']:g}倍を超えて増えず、頻度の高い値は"
        "さらに小さく抑えられ、確実に知られることはありません。",
    ),
    "delta-disclosure privacy": lambda p: (
        f"In every class each value of {p['column']} is between e^-{p['delta']:g} and e^{p['delta']:g} times as"
        " frequent as in the whole table.",
        f"どのクラスでも「{p['column']}」の各値の頻度は、表全体での頻度のe^-{p['delta']:g}倍とe^{p['delta']:g}倍の間です。",
    ),
    "k-map": lambda p: (
        f"Whoever knows all quasi-identifiers of a person, but not that the person is in the table, finds at least"
        f" {p['k']} persons of the population of {p['population']} that a row may be of.",
        f"準識別子をすべて知っていても、その人が表にいると知らない者には、行の主であり得る人が母集団{p['population']}人の中に"
        f"{p['k']}人以上残ります。",
    ),
    "delta-presence": lambda p: (
        f"Whoever knows all quasi-identifiers of a person of the population of {p['population']} is between"
        f" {p['low']:g} and {p['high']:g} sure that the person is in the table.",
        f"母集団{p['population']}人のある人の準識別子をすべて知る者にも、その人が表にいる確からしさは{p['low']:g}以上"
        f"{p['high']:g}以下です。",
    ),
    "maximal risk": lambda p: (
        f"No row is linked with the right person with a probability above {p['limit']:g}"
        + _attacker(p, "by whoever knows that the person is in the table."),
        f"どの行も、本人と正しく結び付けられる確率は{p['limit']:g}以下です"
        + ("（母集団と照合する場合）。" if "population" in p else "（表にいると知られている場合）。"),
    ),
    "average risk": lambda p: (
        f"Of rows that are linked with persons, at most {p['limit']:g} are right on average"
        + _attacker(p, "for whoever knows who is in the table."),
        f"行を人と結び付けても、平均して正しいのは{p['limit']:g}以下です"
        + ("（母集団と照合する場合）。" if "population" in p else "（誰が表にいるか知られている場合）。"),
    ),
    "population uniqueness": lambda p: (
        f"By estimate, at most {p['limit']:.3g} of the population is unique in the quasi-identifiers, or no row of"
        " the table is; the table is taken to be a random sample.",
        f"推定では、準識別子が母集団で一意な者の割合は{p['limit']:.3g}以下であるか、表に一意な行がありません"
        "（表は無作為標本と仮定）。",
    ),
}


def guarantees(models: Sequence[Model], block: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """For each model what it guarantees, and what holds for the suppressed rows as a class of their own."""
    found: list[dict[str, object]] = []
    for at, model in enumerate(models):
        en, ja = _sentence(model)
        verdict = bool(block[at]["satisfied"]) if block else None
        block_en, block_ja = _of_block(verdict)
        found.append({**model.describe(), "en": en, "ja": ja, "block_en": block_en, "block_ja": block_ja})
    return found


def _sentence(model: Model) -> tuple[str, str]:
    described = model.describe()
    name = str(described["model"])
    if name in _SENTENCES:
        return _SENTENCES[name](described)
    given = ", ".join(f"{key} {value}" for key, value in described.items() if key != "model")
    documented = re.search(r"Guarantees: (.*?)(?:\n[A-Z][a-z]+:|\Z)", inspect.getdoc(model) or "", re.DOTALL)
    promised = f" {' '.join(documented[1].split())}" if documented else ""
    promised = promised[:1] + promised[1:2].upper() + promised[2:]
    return (
        f"The released table satisfies {name} ({given}).{promised}",
        f"公開される表は{name}（{given}）を満たします。",
    )


def _attacker(described: Mapping[str, Any], known: str) -> str:
    if "population" in described:
        return f" among the population of {described['population']}."
    return f" {known}"


def _of_block(satisfied: bool | None) -> tuple[str, str]:
    match satisfied:
        case None:
            return "No row is suppressed.", "抑制された行はありません。"
        case True:
            return (
                "The suppressed rows, as a class of their own, satisfy it too.",
                "抑制された行も、一つのクラスとしてこの条件を満たします。",
            )
        case False:
            return (
                "The suppressed rows, as a class of their own, do not satisfy it: for these people it is not"
                " guaranteed.",
                "抑制された行は、一つのクラスとしてこの条件を満たしません。該当する人には保証されません。",
            )
