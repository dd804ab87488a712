"""Colours of numbers, which people who confuse red and green tell apart as well.

What has a sign is red below the centre and blue above it; the rest goes from pale to deep blue. On
dark pages the centre is dark, so that what matters shines there too. What is no number is grey.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.viz._values import Floats, brief

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

LIGHT = {
    "sequential": ("#f5f9fe", "#c9ddf0", "#7fb5dc", "#3a84bf", "#0f4c8a"),
    "diverging": ("#9c1c2c", "#d9644f", "#f6b8a0", "#f7f7f7", "#a9cfe6", "#4a90c4", "#1c5a99"),
}
DARK = {
    "sequential": ("#161d27", "#1b3453", "#1f4d7f", "#2567ae", "#3c88d8"),
    "diverging": ("#ffb09c", "#e0674f", "#7a332d", "#1b212a", "#21486b", "#4590c9", "#a6d6ff"),
}
SERIES = ("#3a7fc1", "#e07b39", "#4f9a8d", "#8d6cab")
"""Colours of bars that stand for different things, on light pages and dark ones."""
NOT_FINITE = "#9aa1a9"


@dataclass(frozen=True)
class Scale:
    """Which colour a number has, and what is written beside the bar of colours.

    `marks` are numbers with a name of their own. With `is_log` colours follow the logarithm; with
    `is_reversed` the smallest number has the deepest colour.
    """

    low: float
    high: float
    unit: str = ""
    kind: str = "sequential"
    is_log: bool = False
    is_reversed: bool = False
    is_half: bool = False
    marks: Mapping[float, str] = field(default_factory=dict)

    def anchors(self, table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Colours from the lowest to the highest number."""
        colors = table[self.kind]
        if self.is_half:
            colors = colors[len(colors) // 2 :]
        return colors[::-1] if self.is_reversed else colors

    def place(self, values: Floats) -> Floats:
        """Numbers on the axis along which colours change evenly."""
        return np.log10(np.maximum(values, 1e-300)) if self.is_log else values

    def ends(self) -> tuple[float, float]:
        """`low` and `high` on that axis; they differ even if all numbers are the same."""
        low, high = self.place(np.array([self.low, self.high])).tolist()
        return (low, high) if high > low else (low, low + 1.0)

    def ticks(self) -> tuple[list[float], list[str]]:
        """Places and names beside the bar."""
        low, high = self.ends()
        if self.is_log:
            whole = [float(10**k) for k in range(int(np.ceil(low)), int(np.floor(high)) + 1)]
            return self.place(np.array(whole)).tolist(), [f"{n:g}" for n in whole]
        marks = {place: f"{name} {brief(place)}" for place, name in self.marks.items()}
        near = 0.12 * (high - low)
        middle = 0.5 * (low + high)
        for end in (low, high, middle):
            if all(abs(end - mark) >= near for mark in marks):
                marks[end] = brief(end)
        places = sorted(marks)
        return places, [marks[place] for place in places]

    def colormap(self) -> Colormap:
        """The colours for matplotlib."""
        from matplotlib.colors import LinearSegmentedColormap

        return LinearSegmentedColormap.from_list("pellucid", self.anchors(LIGHT))

    def colorscale(self, table: Mapping[str, tuple[str, ...]] = LIGHT) -> list[list[Any]]:
        """The colours for plotly."""
        colors = self.anchors(table)
        return [[i / (len(colors) - 1), color] for i, color in enumerate(colors)]

    def coloraxis(self) -> dict[str, Any]:
        """The colours and the bar beside them, above the picture, for plotly."""
        (low, high), (places, names) = self.ends(), self.ticks()
        bar = {
            "orientation": "h",
            "thickness": 10,
            "lenmode": "pixels",
            "len": 420 if self.marks else 300,
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "bottom",
            "ypad": 6,
            "xpad": 0,
            "outlinewidth": 0,
            "title": {"text": self.unit, "side": "top"},
            "tickangle": 0,
            "tickvals": places,
            "ticktext": names,
            "ticklabeloverflow": "allow",
        }
        return {"cmin": low, "cmax": high, "colorscale": self.colorscale(), "colorbar": bar}


def signed(value: float) -> str:
    """The colour of a bar whose sign matters."""
    return "#4a90c4" if value >= 0 else "#d9644f"


def diverging(
    values: Floats, center: float, limit: float | None, unit: str, marks: Mapping[float, str]
) -> Scale:
    """Colours for what lies on both sides of a centre; a side that no number has is left out."""
    off = values[np.isfinite(values)] - center
    reach = [abs(mark - center) for mark in marks] + [float(np.abs(off).max(initial=0.0))]
    limit = max(reach) or 1.0 if limit is None else limit
    is_half = bool(off.min(initial=0.0) > -0.05 * limit) and all(m >= center for m in marks)
    low = center if is_half else center - limit
    return Scale(low, center + limit, unit, "diverging", is_half=is_half, marks=marks)


def sequential(values: Floats, limit: float | None, unit: str) -> Scale:
    """Colours for what starts at 0, and ends at the largest number unless a limit is given."""
    found = values[np.isfinite(values)]
    low = min(float(found.min(initial=0.0)), 0.0)
    return Scale(low, float(found.max(initial=0.0)) or 1.0 if limit is None else limit, unit)
