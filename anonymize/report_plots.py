"""Plots of a report as inline SVG: readable in black and white, with a title and a description each."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK: Final = "#1b1b1b"
_BEFORE: Final = "#b35900"
_AFTER: Final = "#1b4f72"
_WIDTH: Final = 3.4
_ROW: Final = 0.34


@dataclass(frozen=True, slots=True)
class Bars:
    """Horizontal bars: a label, a length and what is written at its end, for each series by its name."""

    name: str
    title: str
    description: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[float]]
    written: Mapping[str, Sequence[str]]


def svg(bars: Bars) -> str:
    """Draw the bars. Guarantees: no script, no reference to anything outside, the same text for the same bars."""
    # Only who draws waits for the library.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = len(bars.labels) * len(bars.series)
    with mpl.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": bars.name, "font.size": 9, "font.family": "sans-serif"}
    ):
        figure = Figure(
            figsize=(_WIDTH, 0.5 + _ROW * rows + 0.25 * (len(bars.series) > 1)), layout="constrained"
        )
        _draw(figure, bars)
        written = io.BytesIO()
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return _inlined(written.getvalue().decode("utf-8"), bars)


def _draw(figure: "Figure", bars: Bars) -> None:
    axes: Axes = figure.add_subplot()
    height = 0.8 / len(bars.series)
    styles = [(_BEFORE, "///"), (_AFTER, "")] if len(bars.series) > 1 else [(_AFTER, "")]
    for at, (name, values), (colour, hatch) in zip(count(), bars.series.items(), styles, strict=False):
        places = [row + (at - (len(bars.series) - 1) / 2) * height for row in range(len(bars.labels))]
        drawn = axes.barh(
            places, values, height=height * 0.9, label=name, color=colour, hatch=hatch, edgecolor="white"
        )
        axes.bar_label(drawn, bars.written[name], padding=2, color=_INK, fontsize=8)
    axes.set_yticks(range(len(bars.labels)), bars.labels, parse_math=False)
    axes.invert_yaxis()
    longest = max((value for values in bars.series.values() for value in values), default=0.0)
    axes.set_xlim(0, longest * 1.3 or 1)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.xaxis.set_visible(False)
    if len(bars.series) > 1:
        axes.legend(loc="upper center", bbox_to_anchor=(0.4, 0.02), ncols=2, frameon=False, fontsize=8)


def _inlined(drawn: str, bars: Bars) -> str:
    """Keep the drawing only, with identifiers of its own, and name it for those who do not see it."""
    body = drawn[drawn.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{bars.name}-", body)
    return re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', _opening(bars), body, count=1)


def _opening(bars: Bars) -> str:
    named = f"{bars.name}-title {bars.name}-description"
    return (
        r'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="\1"'
        f' role="img" aria-labelledby="{named}">'
        f'<title id="{bars.name}-title">{_literal(bars.title)}</title>'
        f'<desc id="{bars.name}-description">{_literal(bars.description)}</desc>'
    )


def _literal(text: str) -> str:
    return escape(text).replace("\\", r"\\")
