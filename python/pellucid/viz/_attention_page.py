"""Attention patterns in plotly: a small map for each head, and a large one of the head picked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.viz._map_page import axis, missing
from pellucid.viz._page import GRID, layout, plot
from pellucid.viz._tokens import markup, short, width
from pellucid.viz._values import rounded

if TYPE_CHECKING:
    from pellucid.viz._attention import Attention

ACROSS = 520
"""Pixels of a row of heads."""


def small(attention: Attention) -> str:
    return plot(small_spec(attention), "heads")


def large(attention: Attention) -> str:
    return plot(large_spec(attention), "large")


def small_spec(attention: Attention) -> dict[str, Any]:
    """All heads; what `attention.js` needs to know stands in the layout's `meta`."""
    rows, columns = attention.grid()
    n_heads, n_queries, n_keys = attention.patterns.shape
    side = min(116.0, ACROSS / columns - 14)
    tall = max(side * n_queries / n_keys, 24.0)
    size = columns * (side + 14), rows * (tall + 26)
    data: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    names = []
    for head in range(n_heads):
        row, column = divmod(head, columns)
        left, top = column * (side + 14), row * (tall + 26) + 22
        over = "" if head == 0 else str(head + 1)
        bare = {"showgrid": False, "zeroline": False, "ticks": "", "showticklabels": False}
        bare |= {"fixedrange": True, "mirror": True, "showline": True, "linecolor": GRID}
        x = [left / size[0], (left + side) / size[0]]
        y = [1 - (top + tall) / size[1], 1 - top / size[1]]
        axes[f"xaxis{over}"] = bare | {
            "domain": x,
            "anchor": f"y{over}",
            "range": [-0.5, n_keys - 0.5],
        }
        axes[f"yaxis{over}"] = bare | {
            "domain": y,
            "anchor": f"x{over}",
            "range": [n_queries - 0.5, -0.5],
        }
        data.append(
            _trace(attention, head)
            | {"xaxis": f"x{over}", "yaxis": f"y{over}", "hoverinfo": "none"}
        )
        place = {"x": x[0], "y": y[1], "xref": "paper", "yref": "paper"}
        place |= {"xanchor": "left", "yanchor": "bottom", "showarrow": False, "borderpad": 0}
        names.append(place | {"text": markup(attention.heads[head]), "font": {"size": 12}})
    found = layout("", size, attention.scale, annotations=names, dragmode=False, **axes)
    found["margin"] = {"l": 2, "r": 2, "t": 2, "b": 2}
    found["coloraxis"]["showscale"] = False
    found["meta"] |= {
        "keys": list(attention.keys),
        "queries": list(attention.queries),
        "heads": list(attention.heads),
        "is_causal": attention.is_causal,
    }
    return {"data": data, "layout": found}


def large_spec(attention: Attention) -> dict[str, Any]:
    """The first head, with names."""
    _, n_queries, n_keys = attention.patterns.shape
    cell = min(max(760 / n_keys, 9), 34)
    keys, queries = (
        [short(name) for name in names] for names in (attention.keys, attention.queries)
    )
    xaxis = axis(keys, cell, title="key: what is looked at", is_below=True)
    yaxis = axis(queries, cell, title="query: who looks")
    yaxis |= {"range": [n_queries - 0.5, -0.5]}
    longest = max(map(width, keys))
    left, below = (
        60 + 8 * max(map(width, queries)),
        60 + (16 if xaxis["tickangle"] == 0 else 8 * longest),
    )
    size = left + 30 + max(cell * n_keys, 420), 110 + below + max(cell * n_queries, 60)
    main = _trace(attention, 0)
    main["hovertemplate"] = "%{y} → %{x}: <b>%{z:.3f}</b><extra></extra>"
    none = np.isfinite(attention.patterns[0]) | attention.blank()
    bad = missing(
        np.where(none, 0.0, np.nan), hovertemplate="%{y} → %{x}: not finite<extra></extra>"
    )
    bad.pop("text")
    bad.pop("texttemplate")
    margin = {"l": left, "r": 30, "t": 110, "b": below}
    return {
        "data": [main, bad],
        "layout": layout(
            attention.heads[0], size, attention.scale, margin=margin, xaxis=xaxis, yaxis=yaxis
        ),
    }


def _trace(attention: Attention, head: int) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "z": rounded(attention.patterns[head], digits=3),
        "coloraxis": "coloraxis",
        "hoverongaps": False,
        "name": markup(attention.heads[head]),
    }
