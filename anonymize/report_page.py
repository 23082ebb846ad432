"""The report as one HTML page: no scripts, nothing loaded, English and Japanese."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from anonymize.report import Account
from anonymize.report_plots import Bars, svg

_EXAMPLES: Final = 5


def page(report: Mapping[str, Any], account: Account) -> str:
    """Write a full report of the account as a page."""
    # Only who writes a page waits for the template engine.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    folder = Path(__file__).parent
    templates = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.filters["figure"] = _figure
    columns, rows = _examples(account)
    return templates.get_template("report.html").render(
        report=report,
        plots={bars.name: Markup(svg(bars)) for bars in _plots(report)},  # noqa: S704 - made here, escaped there
        example_columns=columns,
        example_rows=rows,
        identifying=len(account.schema.identifying),
    )


def _figure(value: object) -> str:
    """A number as people read it."""
    if isinstance(value, bool) or value is None:
        return {True: "yes / はい", False: "no / いいえ", None: "–"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _plots(report: Mapping[str, Any]) -> list[Bars]:
    sizes: Sequence[Mapping[str, int]] = report["classes"]["sizes"]
    spans = [f"{span['from']}–{span['to']}" if span["from"] < span["to"] else "1" for span in sizes]
    rows = [span["rows"] for span in sizes]
    losses: Mapping[str, float] = report["loss"]["columns"]
    risks = report["risk"]
    kinds = [("prosecutor", "highest"), ("prosecutor", "average"), ("marketer", "average")]
    found = {
        when: [risks[at][who][what] for who, what in kinds]
        for when, at in (("before", "before"), ("after", "after"))
    }
    return [
        _bars(
            "sizes",
            "Rows by size of their class / クラスの大きさ別の行数",
            spans,
            rows,
            [f"{n:,}" for n in rows],
        ),
        _bars(
            "losses",
            "Loss of each quasi-identifier / 準識別子ごとの損失",
            list(losses),
            list(losses.values()),
            [f"{loss:.1%}" for loss in losses.values()],
        ),
        Bars(
            "risks",
            "Risk before and after / 前後のリスク",
            "; ".join(
                f"{who} {what}: {risks['before'][who][what]:.2%} before, {risks['after'][who][what]:.2%} after"
                for who, what in kinds
            ),
            [f"{who},\n{what}" for who, what in kinds],
            found,
            {when: [f"{value:.2%}" for value in values] for when, values in found.items()},
        ),
    ]


def _bars(name: str, title: str, labels: list[str], values: Sequence[float], written: list[str]) -> Bars:
    told = "; ".join(f"{label}: {text}" for label, text in zip(labels, written, strict=True))
    return Bars(name, title, told, labels, {"": values}, {"": written})


def _examples(account: Account) -> tuple[list[str], list[list[str]]]:
    """One row of each of the largest classes: its quasi-identifiers as released, and the class's rows.

    Other columns are left out: the board sees how the table looks, and learns of nobody.
    """
    recoding, table = account.recoding, account.evaluator.table
    kept = np.flatnonzero(~recoding.suppressed)
    chosen = kept[np.argsort(-recoding.sizes[kept], kind="stable")][:_EXAMPLES]
    class_of_row = recoding.of[table.record_of]
    rows = []
    for number in chosen.tolist():
        row = account.released[list(table.columns)].iloc[int(np.argmax(class_of_row == number))]
        rows.append([*(str(cell) for cell in row.tolist()), f"{int(recoding.sizes[number]):,}"])
    if recoding.suppressed_rows:
        rows.append([*["*"] * len(table.columns), f"{recoding.suppressed_rows:,}"])
    return list(table.columns), rows
