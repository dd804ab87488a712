"""Heat maps in plotly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.viz._canvas import SETTLED
from pellucid.viz._page import layout
from pellucid.viz._scale import NOT_FINITE
from pellucid.viz._tokens import markup, short, width
from pellucid.viz._values import Floats, number, rounded

if TYPE_CHECKING:
    from pellucid.viz._map import HeatMap


def spec(heat: HeatMap) -> dict[str, Any]:
    """A heat map as plotly takes it, `{"data": .., "layout": ..}`."""
    rows, columns = heat.cells.shape
    cell = (92, 24) if heat.texts is not None else (min(max(900 / columns, 13), 84), 18)
    if rows < 12:
        cell = cell[0], 28
    names = [short(name) for name in heat.columns]
    xaxis = axis(names, cell[0], title=heat.xlabel, is_below=True)
    yaxis = axis([short(name) for name in heat.rows], cell[1], title=heat.ylabel)
    below = 60 + (16 if xaxis["tickangle"] == 0 else 8 * max(map(width, names)))
    left = 60 + 8 * max(width(short(name)) for name in heat.rows)
    top = 130 if heat.title else 96
    size = left + 30 + max(cell[0] * columns, 420), top + below + cell[1] * rows
    margin = {"l": left, "r": 30, "t": top, "b": below}
    return {
        "data": [*_traces(heat), *_frames(heat)],
        "layout": layout(
            heat.title,
            size,
            heat.scale,
            margin=margin,
            xaxis=xaxis,
            yaxis=yaxis,
            annotations=_notes(heat),
        ),
    }


def axis(names: list[str], cell: float, *, title: str, is_below: bool = False) -> dict[str, Any]:
    """An axis with a name at each of its cells, of so many pixels, or at as many as have room."""
    size = 13 if cell >= 15 else 11
    is_level = not is_below or 7.5 * max(map(width, names)) < cell
    step = 1 if is_below and is_level else max(1, round((size + 1) / cell + 0.2))
    first = 0 if is_below else (len(names) - 1) % step
    return {
        "title": {"text": markup(title), "standoff": 12},
        "tickmode": "array",
        "tickvals": list(range(first, len(names), step)),
        "ticktext": [markup(name) for name in names[first::step]],
        "tickangle": 0 if is_level else (-45 if cell >= 30 else -90),
        "tickfont": {"size": size},
        "showgrid": False,
        "zeroline": False,
        "range": [-0.5, len(names) - 0.5],
        "ticks": "",
    }


def missing(cells: Floats, **more: Any) -> dict[str, Any]:
    """A trace of the cells that are no number, which are grey and say what they are."""
    none = ~np.isfinite(cells)
    texts = [
        [number(x) if bad else "" for x, bad in zip(*row, strict=True)]
        for row in zip(cells, none, strict=True)
    ]
    return {
        "type": "heatmap",
        "z": [[0 if bad else None for bad in row] for row in none],
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, NOT_FINITE], [1, NOT_FINITE]],
        "showscale": False,
        "hoverongaps": False,
        "text": texts,
        "texttemplate": "%{text}",
        "hovertemplate": "%{y}, %{x}: %{text}<extra></extra>",
        **more,
    }


def _traces(heat: HeatMap) -> list[dict[str, Any]]:
    gap = 1 if max(heat.cells.shape) <= 64 else 0
    trace: dict[str, Any] = {
        "type": "heatmap",
        "z": rounded(heat.scale.place(heat.cells)),
        "coloraxis": "coloraxis",
        "hoverongaps": False,
        "xgap": gap,
        "ygap": gap,
    }
    if heat.texts is not None:
        trace["text"] = _texts(heat)
        trace["texttemplate"] = "%{text}"
        trace["textfont"] = {"size": 12}
    if heat.hovers is not None:
        trace["hovertext"] = [list(row) for row in heat.hovers]
        trace["hoverinfo"] = "text"
    else:
        trace["hovertemplate"] = f"{_hover(heat)}<extra></extra>"
    traces = [trace]
    if not np.isfinite(heat.cells).all():
        traces.append(missing(heat.cells, xgap=gap, ygap=gap))
    return traces


def _hover(heat: HeatMap) -> str:
    x, y = (markup(name).replace("%{", "% {") for name in (heat.xlabel, heat.ylabel))
    return f"{y} %{{y}}<br>{x} %{{x}}<br><b>%{{z:.4~g}}</b> {markup(heat.scale.unit)}"


def _texts(heat: HeatMap) -> list[list[str]]:
    def text(i: int, j: int, shown: str) -> str:
        return (
            f"<b>{markup(short(shown, 11))}</b>"
            if (i, j) in heat.framed
            else markup(short(shown, 12))
        )

    return [
        [text(i, j, shown) for j, shown in enumerate(row)] for i, row in enumerate(heat.texts or ())
    ]


def _frames(heat: HeatMap) -> list[dict[str, Any]]:
    """All frames as one line with gaps: a shape for each would be slow."""
    x: list[float | None] = []
    y: list[float | None] = []
    for row, column in sorted(heat.framed):
        left, right, low, high = column - 0.47, column + 0.47, row - 0.44, row + 0.44
        x += [left, right, right, left, left, None]
        y += [low, low, high, high, low, None]
    line = {"color": SETTLED, "width": 1.6}
    return (
        [{"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"}]
        if x
        else []
    )


def _notes(heat: HeatMap) -> list[dict[str, Any]]:
    return [
        {
            "text": markup(note.text),
            "x": note.cell[1],
            "y": note.cell[0],
            "ax": note.at[1],
            "ay": note.at[0],
            "axref": "x",
            "ayref": "y",
            "arrowcolor": SETTLED,
            "arrowhead": 2,
            "arrowwidth": 1.2,
        }
        for note in heat.notes
    ]
