"""Pictures of what a trace found: heat maps, logit lenses, bars.

Every function takes tensors of this package, NumPy, PyTorch or (nested) lists, and gives a
matplotlib `Figure` of its own: nothing global changes, and everything can still be restyled through
`figure.axes`. Sizes suit a slide. matplotlib comes with `pip install 'pellucid[viz]'` and is
imported at the first picture.

```python
from pellucid import viz

viz.heatmap(effects, xticks=model.tokens(prompt), yticks=range(30)).savefig("effects.png")
```
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid._canvas import (
    CELL_SIZE,
    FAINT,
    INK,
    LABEL_SIZE,
    TICK_SIZE,
    TITLE_SIZE,
    array,
    colour_bar,
    drawable,
    dress,
    figure_of,
    fitting,
    frame,
    light_blues,
    name_cells,
    new_figure,
    short,
    tick,
    token_label,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["bars", "callout", "heatmap", "lens_table", "panels", "token_label"]

SERIES_COLORS = ("#2f6db3", "#e07b39", "#5b9a68", "#8d6cab")
BEFORE_COLOR = "#b4bcc6"


def heatmap(
    values: Any,
    *,
    xticks: Sequence[Any] | None = None,
    yticks: Sequence[Any] | None = None,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    unit: str = "",
    is_diverging: bool = True,
    limit: float | None = None,
    axes: Axes | None = None,
) -> Figure:
    """Draws `values`, `[rows, columns]`, as colours; row 0 is at the bottom.

    `xticks` and `yticks` name columns and rows; text is shown as tokens are, a tuple on several
    lines. `unit` labels the colour bar. Diverging colours are white at 0 and reach to `limit` on
    both sides; others go from 0 to `limit`, which is the largest magnitude unless given.
    """
    cells = array(values, ndim=2)
    limit = float(np.nanmax(np.abs(cells))) or 1.0 if limit is None else limit
    if axes is None:
        axes = new_figure(fitting(cells, (0.95, 0.17))).subplots()
    image = axes.imshow(
        cells,
        cmap="RdBu" if is_diverging else light_blues(),
        vmin=-limit if is_diverging else 0.0,
        vmax=limit,
        aspect="auto",
        origin="lower",
        interpolation="nearest",
    )
    name_cells(axes, cells.shape, xticks, yticks)
    dress(axes, title, xlabel, ylabel)
    axes.spines[:].set_visible(False)
    bar = colour_bar(axes, image, unit)
    if cells.min() > -0.05 * limit:  # nothing is red: the bar need not show it
        bar.ax.set_ylim(0.0, limit)
    return figure_of(axes)


def lens_table(
    tokens: Sequence[Sequence[str]],
    probabilities: Any,
    *,
    prompt: Sequence[str],
    title: str = "",
    unit: str = "probability of the top token",
    axes: Axes | None = None,
) -> Figure:
    """Draws a logit lens: each layer's top token at each position, coloured by its probability.

    `tokens` is `[l][s]`, `probabilities` `[l, s]`, `prompt` the `s` tokens that were read. Layer 0
    is at the bottom. Framed are tokens that stay the same from there to the last layer.
    """
    cells = array(probabilities, ndim=2)
    if axes is None:
        axes = new_figure(fitting(cells, (1.15, 0.29))).subplots()
    heatmap(
        cells,
        xticks=prompt,
        yticks=range(len(cells)),
        title=title,
        xlabel="read at",
        ylabel="after layer",
        unit=unit,
        is_diverging=False,
        limit=1.0,
        axes=axes,
    )
    for layer, position in np.ndindex(*cells.shape):
        token = tokens[layer][position]
        settled = all(later[position] == token for later in tokens[layer:])
        if settled:
            frame(axes, position, layer)
        axes.text(
            position,
            layer,
            drawable(short(token_label(token))),
            ha="center",
            va="center",
            fontsize=CELL_SIZE,
            color=INK,
            fontweight="bold" if settled else "normal",
            parse_math=False,
        )
    return figure_of(axes)


def bars(
    values: Any,
    labels: Sequence[Any],
    *,
    title: str = "",
    xlabel: str = "probability",
    limit: float | None = None,
    axes: Axes | None = None,
) -> Figure:
    """Draws a horizontal bar for each label, the first at the top, with its number beside it.

    `values` is `[n]`, or names with `[n]` each to compare: `{"before": p, "after": q}`. The first
    of several series is grey, as what the others are compared with. The axis goes to `limit`, or as
    far as the longest bar needs.
    """
    several = isinstance(values, Mapping)
    series = dict(values) if isinstance(values, Mapping) else {"": values}
    n, thick = len(labels), 0.8 / len(series)
    if axes is None:
        axes = new_figure((8.0, 1.6 + 0.52 * n * max(1.0, 0.7 * len(series)))).subplots()
    colors = itertools.cycle((BEFORE_COLOR, *SERIES_COLORS) if several else SERIES_COLORS)
    places = np.arange(n, dtype=np.float64)
    for i, (name, given) in enumerate(series.items()):
        at = places + (i - (len(series) - 1) / 2) * thick
        drawn = axes.barh(at, array(given, ndim=1), thick * 0.92, label=name, color=next(colors))
        axes.bar_label(drawn, fmt="%.3f", padding=4, fontsize=TICK_SIZE - 1, color=INK)
    axes.set_yticks(places, [tick(label) for label in labels], parse_math=False)
    axes.invert_yaxis()
    axes.margins(x=0.18)  # room for the number
    if limit is not None:
        axes.set_xlim(right=limit)
    dress(axes, title, xlabel, "")
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="x", labelsize=TICK_SIZE - 1, labelcolor=FAINT)
    if several:
        axes.legend(frameon=False, fontsize=TICK_SIZE, labelcolor=INK, loc="lower right")
    return figure_of(axes)


def callout(
    figure: Figure, text: str, *, cell: tuple[float, float], at: tuple[float, float]
) -> None:
    """Writes `text` on the first map of a figure, at a (row, column), with an arrow to `cell`."""
    note = figure.axes[0].annotate(
        text,
        xy=cell[::-1],
        xytext=at[::-1],
        ha="center",
        va="center",
        fontsize=LABEL_SIZE,
        color=INK,
        arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.2, "shrinkB": 2},
    )
    note.set_in_layout(False)  # it lies on the map, which need not make room for it


def panels(n: int, *, size: tuple[float, float] = (13.0, 5.2), title: str = "") -> Figure:
    """An empty figure with `n` panels side by side: give its `axes` to the functions above.

    `size` is width and height in inches.
    """
    figure = new_figure(size)
    figure.subplots(1, n)
    if title:
        figure.suptitle(title, fontsize=TITLE_SIZE + 1, fontweight="bold", color=INK)
    return figure
