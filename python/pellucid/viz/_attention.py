"""Attention patterns: where each token of a layer's heads looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.viz import _attention_page
from pellucid.viz._canvas import (
    FAINT,
    INK,
    LABEL_SIZE,
    TITLE_SIZE,
    color_bar,
    name_columns,
    name_queries,
)
from pellucid.viz._map_figure import colors
from pellucid.viz._picture import Picture
from pellucid.viz._scale import Scale, diverging, sequential
from pellucid.viz._text import spans
from pellucid.viz._tokens import labels
from pellucid.viz._values import Floats, array, counted, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Attention(Picture):
    """Patterns `[head, query, key]`; what a causal model's query cannot see is blank."""

    patterns: Floats
    tokens: tuple[str, ...]
    keys: tuple[str, ...]
    queries: tuple[str, ...]
    heads: tuple[str, ...]
    scale: Scale
    is_causal: bool
    title: str

    def blank(self) -> NDArray[np.bool_]:
        """Cells `[query, key]` that are not to be seen."""
        n_queries, n_keys = self.patterns.shape[1:]
        later = np.arange(n_keys) > np.arange(n_queries)[:, None] + n_keys - n_queries
        hidden: NDArray[np.bool_] = later & self.is_causal
        return hidden

    def grid(self) -> tuple[int, int]:
        """Rows and columns of heads."""
        n = len(self.heads)
        columns = n if n <= 3 else next((c for c in (4, 3, 5) if n % c == 0 and n <= 4 * c), 4)
        columns = columns if n <= 16 else 8
        return ceil(n / columns), columns

    def side(self) -> float:
        """Inches of a head's map."""
        rows, columns = self.grid()
        return min(6.0 if columns == 1 else 4.2, 11.0 / columns, 9.0 / rows)

    def size(self) -> tuple[float, float]:
        rows, columns = self.grid()
        n_queries, n_keys = self.patterns.shape[1:]
        tall = self.side() * max(n_queries / n_keys, 0.25)
        return 2.6 + (self.side() + 0.15) * columns, 1.9 + (tall + 0.45) * rows

    def paint(self, canvas: FigureBase) -> None:
        rows, columns = self.grid()
        axes = canvas.subplots(rows, columns, squeeze=False)
        cell = (self.side() - 0.1) / len(self.keys)
        image = None
        for head, spot in enumerate(axes.flat):
            if head >= len(self.heads):
                spot.set_axis_off()
                continue
            image = colors(spot, self.patterns[head], self.scale, is_blank=self.blank())
            if cell > 0.3:
                self._say_missing(spot, head)
            spot.set_title(self.heads[head], fontsize=LABEL_SIZE - 1, color=INK, parse_math=False)
            spot.spines[:].set_color("#d5dae0")
            spot.set_ylim(len(self.queries) - 0.5, -0.5)  # the first query is at the top
            self._name(spot, head, cell)
        color_bar(canvas, axes, image, self.scale)
        canvas.supxlabel("key: what is looked at", fontsize=LABEL_SIZE, color=FAINT)
        canvas.supylabel("query: who looks", fontsize=LABEL_SIZE, color=FAINT)
        if self.title:
            canvas.suptitle(
                self.title, x=0.01, ha="left", fontsize=TITLE_SIZE, color=INK, parse_math=False
            )

    def _say_missing(self, axes: Axes, head: int) -> None:
        values = self.patterns[head]
        for query, key in np.argwhere(~np.isfinite(values) & ~self.blank()).tolist():
            said = number(values[query, key])
            axes.text(key, query, said, ha="center", va="center", fontsize=9, color=INK)

    def _name(self, axes: Axes, head: int, cell: float) -> None:
        """Names left of the first column of heads, and below the last head of each column."""
        columns = self.grid()[1]
        axes.set_xticks([])
        axes.set_yticks([])
        if head + columns >= len(self.heads):
            name_columns(axes, self.keys, cell)
        if head % columns == 0:
            name_queries(axes, self.queries, cell)
        axes.tick_params(length=0, labelcolor=INK)

    def body(self) -> str:
        options = "".join(f"<option>{escape(head)}</option>" for head in self.heads)
        return (
            f'<div class="attention"><h1>{escape(self.title)}</h1>'
            f'<div class="bar"><label>head <select>{options}</select></label>'
            "<label>a token <select><option value=at>looks at</option>"
            "<option value=by>is seen by</option></select></label>"
            '<span class="faint">point at a token, click to hold it</span></div>'
            f'<div class="tokens">{spans(self.tokens)}</div><p class="told"></p>'
            '<div class="maps">'
            f"{_attention_page.small(self)}{_attention_page.large(self)}</div></div>"
        )


def attention(
    patterns: Any,
    *,
    tokens: Sequence[str],
    heads: Sequence[Any] | None = None,
    title: str = "",
    unit: str = "attention",
    is_causal: bool | None = None,
    limit: float | None = None,
) -> Attention:
    """Draws where a layer's heads look: `patterns`, `[head, query, key]`, as the tap `pattern` has.

    `tokens` are those of the keys. Queries are the same tokens, or the last of them if there are
    fewer. `heads` are the heads' names, 0 and on unless given. Keys after their query are blank if
    the model is causal, which it is unless a number there says otherwise. Numbers with a sign, such
    as differences of two patterns, have diverging colours. Colours reach to `limit`.

    On the page, pick a head and point at a token to see where it looks or by whom it is seen.
    """
    cells = array(patterns, "patterns", "head query key")
    n_heads, n_queries, n_keys = cells.shape
    counted(tokens, "tokens", n_keys, "one for each key")
    if n_queries > n_keys:
        counted(tokens, "tokens", n_queries, "at least one for each query")
    if heads is not None:
        counted(heads, "heads", n_heads, "one for each head")
    later = np.arange(n_keys) > np.arange(n_queries)[:, None] + n_keys - n_queries
    hidden = cells[:, later]
    if is_causal is None:
        is_causal = bool((~np.isfinite(hidden) | (hidden == 0)).all())
    if is_causal:
        cells = np.where(later, np.nan, cells)
    finite = cells[np.isfinite(cells)]
    has_sign = bool((finite < 0).any())
    scale = diverging(cells, 0.0, limit, unit, {}) if has_sign else sequential(cells, limit, unit)
    names = tuple(
        f"head {head}" if hasattr(head, "__index__") else str(head)
        for head in (range(n_heads) if heads is None else heads)
    )
    keys = labels(tokens, n_keys)
    return Attention(
        cells, tuple(tokens), keys, keys[n_keys - n_queries :], names, scale, is_causal, title
    )
