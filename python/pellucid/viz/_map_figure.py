"""Heat maps in matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.viz._canvas import (
    CELL_SIZE,
    COLUMN,
    INK,
    LABEL_SIZE,
    SETTLED,
    SMALLEST,
    color_bar,
    dress,
    ink_on,
    name_columns,
    name_rows,
)
from pellucid.viz._scale import NOT_FINITE, Scale
from pellucid.viz._tokens import short, width
from pellucid.viz._values import Floats, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    from pellucid.viz._map import HeatMap

AROUND = (2.6, 1.7)
"""Inches right and left, above and below, that are not the cells'."""


def paint(heat: HeatMap, canvas: FigureBase) -> None:
    """Draws a heat map on a figure."""
    axes: Axes = canvas.subplots()
    rows, columns = heat.cells.shape
    width_in, height_in = heat.size()
    cell = (width_in - AROUND[0]) / columns, (height_in - AROUND[1]) / rows
    image = colors(axes, heat.cells, heat.scale)
    axes.set_aspect("auto")
    name_columns(axes, heat.columns, cell[0])
    name_rows(axes, heat.rows, cell[1])
    dress(axes, heat.title, heat.xlabel, heat.ylabel)
    color_bar(canvas, axes, image, heat.scale)
    for row, column in sorted(heat.framed):
        _frame(axes, column, row, min(1.8, 4 * min(cell)))
    _write(axes, heat, cell, image)
    for note in heat.notes:
        _note(axes, note)


def colors(axes: Axes, cells: Floats, scale: Scale, *, is_blank: Any = False) -> Any:
    """The cells' colours; grey are those that are no number, unless they are blank."""
    from matplotlib.colors import ListedColormap

    finite = np.isfinite(cells)
    shown = np.ma.array(scale.place(np.where(finite, cells, 1.0)), mask=~finite)
    low, high = scale.ends()
    image = axes.imshow(
        shown, scale.colormap(), vmin=low, vmax=high, origin="lower", interpolation="nearest"
    )
    missing = ~finite & ~np.broadcast_to(is_blank, cells.shape)
    if missing.any():
        grey = np.ma.array(np.zeros(cells.shape), mask=~missing)
        axes.imshow(grey, ListedColormap([NOT_FINITE]), origin="lower", interpolation="nearest")
    return image


def _write(axes: Axes, heat: HeatMap, cell: tuple[float, float], image: Any) -> None:
    """Texts in cells, as large as the longest allows; and what is no number."""
    finite = np.isfinite(heat.cells)
    texts = heat.texts or [[""] * heat.cells.shape[1]] * heat.cells.shape[0]
    shown = [
        [text if finite[i, j] else number(heat.cells[i, j]) for j, text in enumerate(row)]
        for i, row in enumerate(texts)
    ]
    # Longer ones are cut: they would make all others small.
    longest = max((min(width(text), 10) for row in shown for text in row), default=0)
    size = min(CELL_SIZE, cell[1] * 72 * 0.72, cell[0] * 0.94 / COLUMN / max(longest, 1))
    size = max(size, min(7.0, cell[1] * 72 * 0.72))
    room = int(cell[0] * 0.94 / COLUMN / size)
    if size < SMALLEST or room < 3:
        return
    for i, row in enumerate(shown):
        for j, text in enumerate(row):
            if text:
                axes.text(
                    j,
                    i,
                    short(text, min(room, 14)),
                    ha="center",
                    va="center",
                    fontsize=size,
                    color=_readable_on(image, heat, i, j),
                    fontweight="bold" if (i, j) in heat.framed else "normal",
                    parse_math=False,
                )


def _readable_on(image: Any, heat: HeatMap, i: int, j: int) -> str:
    if not np.isfinite(heat.cells[i, j]):
        return INK
    place = heat.scale.place(heat.cells[i : i + 1, j])[0]
    return ink_on(image.cmap(image.norm(place)))


def _frame(axes: Axes, x: float, y: float, line: float) -> None:
    from matplotlib.patches import Rectangle

    corner, side = (x - 0.47, y - 0.44), (0.94, 0.88)
    axes.add_patch(Rectangle(corner, *side, fill=False, edgecolor=SETTLED, linewidth=line))


def _note(axes: Axes, note: Any) -> None:
    found = axes.annotate(
        note.text,
        xy=note.cell[::-1],
        xytext=note.at[::-1],
        ha="center",
        va="center",
        fontsize=LABEL_SIZE,
        color=INK,
        arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.2, "shrinkB": 2},
        parse_math=False,
    )
    found.set_in_layout(False)  # it lies on the map, which need not make room for it
