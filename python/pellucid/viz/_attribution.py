"""Direct logit attribution: what each part of a model adds to an answer, as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.viz import _attribution_figure
from pellucid.viz._page import GRID, layout, plot
from pellucid.viz._picture import Picture
from pellucid.viz._scale import SERIES, signed
from pellucid.viz._tokens import labels, markup
from pellucid.viz._values import Floats, array, counted, number, rounded, shaped

if TYPE_CHECKING:
    from matplotlib.figure import FigureBase

APART = 2.6
"""Layers that a bar takes which belongs to none, as its name is long."""


@dataclass(frozen=True)
class Attribution(Picture):
    """What parts of each layer add, `[layer]` each; and perhaps the heads that add most."""

    parts: dict[str, Floats]
    rest: dict[str, float]
    layers: tuple[str, ...]
    heads: tuple[tuple[str, float], ...]
    title: str
    unit: str

    def names(self) -> list[str]:
        """Those of the bars: what belongs to no layer, and the layers."""
        return [*(name.replace(" ", "\n") for name in self.rest), *self.layers]

    def places(self) -> list[float]:
        """Where the bars stand: layers at 0 and on, the others before them and further apart."""
        before = [APART * (i - len(self.rest)) for i in range(len(self.rest))]
        return [*before, *map(float, range(len(self.layers)))]

    def size(self) -> tuple[float, float]:
        return min(max(9.0, 3.0 + 0.36 * len(self.names())), 18.0), 7.6 if self.heads else 4.8

    def named(self) -> list[int]:
        """Bars that have a name below them: not all of very many layers."""
        start, step = len(self.rest), max(1, round(len(self.layers) / 40 + 0.25))
        return [*range(start), *range(start, start + len(self.layers), step)]

    def paint(self, canvas: FigureBase) -> None:
        _attribution_figure.paint(self, canvas)

    def body(self) -> str:
        return plot(self.spec())

    def spec(self) -> dict[str, Any]:
        """The bars as plotly takes them."""
        names, places, start = self.names(), self.places(), len(self.rest)
        data = []
        if self.rest:
            data.append(_bar(places[:start], [*self.rest.values()], [*self.rest], "#8b949e", ""))
            data[0] |= {"width": 0.6, "offset": -0.3}
        for k, (part, values) in enumerate(self.parts.items()):
            said = [f"layer {name}, {part}" for name in self.layers]
            data.append(_bar(places[start:], values, said, SERIES[k % len(SERIES)], part))
        xaxis = {
            "tickvals": [places[i] for i in self.named()],
            "ticktext": [markup(names[i]) for i in self.named()],
            "tickangle": 0,
            "title": {"text": "layer"},
        }
        ground = {
            "title": {"text": markup(self.unit)},
            "gridcolor": GRID,
            "zerolinecolor": "#8b949e",
        }
        more: dict[str, Any] = {"xaxis": xaxis | {"showgrid": False}, "yaxis": dict(ground)}
        width = max(640, 140 + 32 * len(places) + 80 * start, 140 + 44 * len(self.heads))
        if self.heads:
            values = np.array([value for _, value in self.heads])
            bar = _bar(range(len(values)), values, [name for name, _ in self.heads], "", "")
            bar["marker"]["color"] = [signed(value) for value in values.tolist()]
            data.append(bar | {"xaxis": "x2", "yaxis": "y2"})
            more["yaxis"]["domain"] = [0.6, 1]
            more["xaxis"]["anchor"] = "y"
            more["yaxis2"] = dict(ground) | {"domain": [0, 0.38], "anchor": "x2"}
            more["xaxis2"] = {
                "anchor": "y2",
                "tickvals": list(range(len(values))),
                "ticktext": [markup(name) for name, _ in self.heads],
                "title": {"text": "heads that add or take most"},
                "showgrid": False,
                "tickangle": -45,
            }
        margin = {"l": 70, "r": 30, "t": 90, "b": 90}
        legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
        size = (width, 620 if self.heads else 420)
        return {
            "data": data,
            "layout": layout(
                self.title, size, margin=margin, barmode="group", bargap=0.2, legend=legend, **more
            )
            | {"showlegend": True},
        }


def attribution(
    parts: Mapping[str, Any],
    *,
    heads: Any = None,
    rest: Mapping[str, float] | None = None,
    layers: Sequence[Any] | None = None,
    n_heads: int = 16,
    title: str = "",
    unit: str = "logits",
) -> Attribution:
    """Draws what each part of a model adds to an answer's logit, or to a difference of two.

    `parts` are `[layer]` each: `{"attention": a, "MLP": m}`. `rest` is what belongs to no layer:
    `{"embedding": 0.3}`. `heads`, `[layer, head]`, adds bars for the `n_heads` of largest
    magnitude, named as `L9H6`. `layers` are the layers' names, 0 and on unless given.
    """
    first, *others = parts
    given = {first: array(parts[first], f"parts[{first!r}]", "layer")}
    n = len(given[first])
    given |= {name: shaped(parts[name], f"parts[{name!r}]", "layer", [n]) for name in others}
    if layers is not None:
        counted(layers, "layers", n, "one for each layer")
    names = labels(layers, n)
    most: list[tuple[str, float]] = []
    if heads is not None:
        cells = array(heads, "heads", "layer head")
        cells = shaped(heads, "heads", "layer head", [n, cells.shape[1]])
        sized = np.where(np.isfinite(cells), np.abs(cells), -1.0)
        order = np.argsort(-sized, axis=None, kind="stable")[:n_heads]
        found = [divmod(int(at), cells.shape[1]) for at in order]
        most = [(f"L{names[i]}H{j}", float(cells[i, j])) for i, j in found]
    rest = {str(name): float(value) for name, value in (rest or {}).items()}
    return Attribution(given, rest, names, tuple(most), title, unit)


def _bar(x: Any, values: Any, said: list[str], color: str, name: str) -> dict[str, Any]:
    floats = np.asarray(values, dtype=np.float64)
    return {
        "type": "bar",
        "x": list(x),
        "y": rounded(floats),
        "name": markup(name),
        "showlegend": bool(name),
        "marker": {"color": color},
        "hovertext": [
            f"{markup(each)}: <b>{number(v)}</b>"
            for each, v in zip(said, floats.tolist(), strict=True)
        ],
        "hoverinfo": "text",
    }
