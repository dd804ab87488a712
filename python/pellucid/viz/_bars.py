"""Bars: one for each label, or several beside each other to compare."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.viz._canvas import FAINT, INK, TICK_SIZE, drawable, dress
from pellucid.viz._page import GRID, layout, plot
from pellucid.viz._picture import Picture
from pellucid.viz._scale import SERIES
from pellucid.viz._tokens import labels, markup, short, width
from pellucid.viz._values import Floats, counted, number, rounded, shaped

if TYPE_CHECKING:
    from matplotlib.figure import FigureBase

BEFORE_COLOR = "#a3adb8"


@dataclass(frozen=True)
class Bars(Picture):
    """Series of numbers, `[n]` each, with `n` labels."""

    series: dict[str, Floats]
    labels: tuple[str, ...]
    title: str
    xlabel: str
    limit: float | None

    def size(self) -> tuple[float, float]:
        return 8.0, 1.6 + 0.52 * len(self.labels) * max(1.0, 0.7 * len(self.series))

    def colors(self) -> list[str]:
        """The first of several series is grey, as what the others are compared with."""
        several = (BEFORE_COLOR, *SERIES) if len(self.series) > 1 else SERIES
        return list(itertools.islice(itertools.cycle(several), len(self.series)))

    def paint(self, canvas: FigureBase) -> None:
        axes = canvas.subplots()
        thick = 0.8 / len(self.series)
        places = np.arange(len(self.labels), dtype=np.float64)
        pairs = zip(self.series.items(), self.colors(), strict=True)
        for i, ((name, values), color) in enumerate(pairs):
            at = places + (i - (len(self.series) - 1) / 2) * thick
            drawn = axes.barh(
                at, np.nan_to_num(values, posinf=0, neginf=0), thick * 0.92, label=name, color=color
            )
            shown = [number(value) for value in values.tolist()]
            axes.bar_label(drawn, shown, padding=4, fontsize=TICK_SIZE - 1, color=INK)
        names = [drawable(short(name, 24)) for name in self.labels]
        axes.set_yticks(places, names, parse_math=False, fontsize=TICK_SIZE)
        axes.invert_yaxis()
        axes.margins(x=0.18)  # room for the number
        if self.limit is not None:
            axes.set_xlim(right=self.limit)
        dress(axes, self.title, self.xlabel, "")
        axes.tick_params(axis="x", labelsize=TICK_SIZE - 1, labelcolor=FAINT)
        if any((values < 0).any() for values in self.series.values()):
            axes.axvline(0, color=FAINT, linewidth=0.8)
        if len(self.series) > 1:
            axes.legend(frameon=False, fontsize=TICK_SIZE, labelcolor=INK, loc="lower right")

    def body(self) -> str:
        return plot(self.spec())

    def spec(self) -> dict[str, Any]:
        """The bars as plotly takes them."""
        names = [markup(short(name, 24)) for name in self.labels]
        n, several = len(names), len(self.series) > 1
        data = [
            {
                "type": "bar",
                "orientation": "h",
                "x": rounded(values),
                "y": list(range(n)),
                "name": markup(name),
                "text": [number(value) for value in values.tolist()],
                "textposition": "outside",
                "cliponaxis": False,
                "marker": {"color": color},
                "hovertemplate": f"%{{y}} {markup(name)} <b>%{{text}}</b><extra></extra>",
            }
            for (name, values), color in zip(self.series.items(), self.colors(), strict=True)
        ]
        left = 30 + 8 * max(width(name) for name in self.labels[:n])
        rows = 34 * n * max(1.0, 0.6 * len(self.series))
        xaxis: dict[str, Any] = {"title": {"text": markup(self.xlabel)}, "gridcolor": GRID}
        xaxis["zerolinecolor"] = GRID
        if self.limit is not None:
            xaxis["range"] = [
                min(0.0, *(float(np.nanmin(v)) for v in self.series.values())),
                self.limit,
            ]
        yaxis = {
            "tickmode": "array",
            "tickvals": list(range(n)),
            "ticktext": names,
            "range": [n - 0.5, -0.5],
            "ticks": "",
        }
        legend = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
        top = 86 if several else 56
        return {
            "data": data,
            "layout": layout(
                self.title,
                (left + 440, top + 60 + rows),
                margin={"l": min(left, 260), "r": 70, "t": top, "b": 60},
                xaxis=xaxis,
                yaxis=yaxis,
                showlegend=several,
                legend=legend,
                bargap=0.2,
            ),
        }


def bars(
    values: Any,
    names: Sequence[Any],
    *,
    title: str = "",
    xlabel: str = "probability",
    limit: float | None = None,
) -> Bars:
    """Draws a horizontal bar for each name, the first at the top, with its number beside it.

    `values` is `[n]`, or series of `[n]` each to compare: `{"before": p, "after": q}`. The first
    of several is grey, as what the others are compared with. Text is shown as tokens are. The axis
    goes to `limit`, or as far as the longest bar needs.
    """
    given = values if isinstance(values, Mapping) else {"": values}
    n = len(names)
    series = {
        str(name): shaped(each, f"values[{name!r}]" if name else "values", "n", [n])
        for name, each in given.items()
    }
    counted(names, "names", n, "one for each bar")
    return Bars(series, labels(names, n), title, xlabel, limit)
