"""Heat maps: rows and columns with names, a colour and perhaps a text in each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pellucid.viz import _map_figure, _map_page
from pellucid.viz._canvas import fitting
from pellucid.viz._page import plot
from pellucid.viz._picture import Picture
from pellucid.viz._scale import Scale, diverging, sequential
from pellucid.viz._tokens import labels
from pellucid.viz._values import Floats, array, counted

if TYPE_CHECKING:
    from matplotlib.figure import FigureBase


@dataclass(frozen=True)
class Note:
    """Words on the map with an arrow to a cell; both are (row, column)."""

    text: str
    cell: tuple[float, float]
    at: tuple[float, float]


@dataclass(frozen=True)
class HeatMap(Picture):
    """Cells `[rows, columns]` as colours; row 0 is at the bottom."""

    cells: Floats
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    scale: Scale
    title: str
    xlabel: str
    ylabel: str
    texts: Sequence[Sequence[str]] | None = None
    """What is written in the cells."""
    hovers: Sequence[Sequence[str]] | None = None
    """What the page says at a cell, as plotly's markup."""
    framed: frozenset[tuple[int, int]] = frozenset()
    """Cells that stand out."""
    notes: tuple[Note, ...] = ()

    def callout(self, text: str, *, cell: tuple[float, float], at: tuple[float, float]) -> HeatMap:
        """The map with `text` on it, at a (row, column), with an arrow to `cell`."""
        return replace(self, notes=(*self.notes, Note(text, cell, at)))

    def size(self) -> tuple[float, float]:
        cell = (0.95, 0.17) if self.texts is None else (1.15, 0.29)
        return fitting(cell, *self.cells.shape)

    def paint(self, canvas: FigureBase) -> None:
        _map_figure.paint(self, canvas)

    def body(self) -> str:
        return plot(_map_page.spec(self))


def heatmap(
    values: Any,
    *,
    rows: Sequence[Any] | None = None,
    columns: Sequence[Any] | None = None,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    unit: str = "",
    is_diverging: bool = True,
    limit: float | None = None,
) -> HeatMap:
    """Draws `values`, `[row, column]`, as colours; row 0 is at the bottom.

    `rows` and `columns` are names, of which text is shown as tokens are and a tuple on several
    lines. `unit` labels the colours. Diverging colours have their centre at 0 and reach to `limit`
    on both sides; others go from 0 to `limit`, which is the largest magnitude unless given.
    """
    cells = array(values, "values", "row column")
    if is_diverging:
        scale = diverging(cells, 0.0, limit, unit, {})
    else:
        scale = sequential(cells, limit, unit)
    return _named(cells, rows, columns, scale, title, xlabel, ylabel, "rows", "columns")


def patching(
    effects: Any,
    *,
    tokens: Sequence[Any],
    layers: Sequence[Any] | None = None,
    title: str = "",
    unit: str = "",
    corrupted: float | None = None,
    clean: float | None = None,
    limit: float | None = None,
    xlabel: str = "patched position",
    ylabel: str = "patched layer",
) -> HeatMap:
    """Draws what a patch at each layer and position does: `effects`, `[layer, position]`.

    `tokens` are those of the prompt that is patched, as `model.tokens` gives them; a tuple stands
    on several lines, such as what a token is and what is put in its place. `layers` are the layers'
    names, 0 and on unless given. Columns may as well be heads: say so with `xlabel`.

    Colours have their centre at 0, where a patch does nothing, and reach to `limit` on both sides.
    If effects are what is measured in the patched run, and not yet a difference or a share, give
    what is measured in the `corrupted` run, which is then the centre, and in the `clean` one; both
    are marked beside the colours.
    """
    cells = array(effects, "effects", "layer position")
    named = {"corrupted": corrupted, "clean": clean}
    marks = {float(at): name for name, at in named.items() if at is not None}
    center = 0.0 if corrupted is None else float(corrupted)
    scale = diverging(cells, center, limit, unit, marks)
    return _named(cells, layers, tokens, scale, title, xlabel, ylabel, "layers", "tokens")


def _named(
    cells: Floats,
    rows: Sequence[Any] | None,
    columns: Sequence[Any] | None,
    scale: Scale,
    title: str,
    xlabel: str,
    ylabel: str,
    rows_name: str,
    columns_name: str,
) -> HeatMap:
    for names, name, n, what in (
        (rows, rows_name, cells.shape[0], "one for each row of the values"),
        (columns, columns_name, cells.shape[1], "one for each column of the values"),
    ):
        if names is not None:
            counted(names, name, n, what)
    named = labels(rows, cells.shape[0]), labels(columns, cells.shape[1])
    return HeatMap(cells, *named, scale, title, xlabel, ylabel)
