"""What all pictures of `pellucid.viz` share: figures, sizes, fonts, colours, names of tokens."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

DPI = 160
INK = "#22272e"
FAINT = "#8b949e"
SETTLED = "#d9600f"
TITLE_SIZE, LABEL_SIZE, TICK_SIZE, CELL_SIZE = 16, 14, 13, 12
VISIBLE = str.maketrans({" ": "·", "\n": "↵", "\t": "⇥", "\r": "␍"})
TOKEN_WIDTH = 12
"""Characters of a token that a cell has room for."""


def token_label(token: str) -> str:
    """A token with its spaces and line ends made visible: `" Paris"` becomes `"·Paris"`."""
    shown = token.translate(VISIBLE)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)


def array(values: Any, *, ndim: int) -> NDArray[np.float64]:
    """Numbers of any library; as many axes as `ndim`."""
    floats = _floats(values)
    if floats.ndim != ndim:
        raise ValueError(f"expected values with {ndim} axes, got shape {list(floats.shape)}")
    return floats


def _floats(values: Any) -> NDArray[np.float64]:
    if isinstance(values, list | tuple):
        return np.array([_floats(item) for item in values])
    if hasattr(values, "detach"):  # tensors here and of PyTorch, which may be bfloat16
        values = values.detach().cpu().float()
    return np.asarray(values, dtype=np.float64)


def new_figure(size: tuple[float, float]) -> Figure:
    """A figure outside of pyplot; the only place that needs matplotlib to be there."""
    try:
        from matplotlib.figure import Figure
    except ImportError as cause:
        message = "`pellucid.viz` draws with matplotlib: pip install 'pellucid[viz]'"
        raise ImportError(message) from cause
    figure = Figure(figsize=size, dpi=DPI)
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.12)
    # Notebooks show a figure that pyplot did not make only if it says how.
    figure._repr_png_ = lambda: _png(figure)  # type: ignore[attr-defined]
    return figure


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def figure_of(axes: Axes) -> Figure:
    return cast("Figure", axes.get_figure())


def fitting(cells: NDArray[np.float64], cell: tuple[float, float]) -> tuple[float, float]:
    """Inches for cells of a size, and what stands around them."""
    rows, columns = cells.shape
    width, height = 2.8 + cell[0] * columns, 2.0 + cell[1] * rows
    return min(max(width, 6.0), 20.0), min(max(height, 3.5), 20.0)


def name_cells(
    axes: Axes, shape: tuple[int, ...], xticks: Sequence[Any] | None, yticks: Sequence[Any] | None
) -> None:
    if xticks is not None:
        names = [tick(name) for name in xticks]
        turned = max((len(line) for name in names for line in name.split("\n")), default=0) > 12
        axes.set_xticks(range(shape[1]), names, parse_math=False, rotation=40 if turned else 0)
    if yticks is not None:
        # A label for each of many rows would be unreadable.
        step = 1 if shape[0] <= 12 else 2 if shape[0] <= 34 else 5
        names = [tick(name) for name in yticks]
        first = (shape[0] - 1) % step  # the last row, a model's last layer, has its name
        axes.set_yticks(range(first, shape[0], step), names[first::step], parse_math=False)


def dress(axes: Axes, title: str, xlabel: str, ylabel: str) -> None:
    axes.set_title(drawable(title), fontsize=TITLE_SIZE, color=INK, loc="left", pad=12)
    axes.set_xlabel(xlabel, fontsize=LABEL_SIZE, color=INK)
    axes.set_ylabel(ylabel, fontsize=LABEL_SIZE, color=INK)
    axes.tick_params(labelsize=TICK_SIZE, length=0, labelcolor=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)


def light_blues() -> Any:
    """Blues on which black text can be read."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["Blues"](np.linspace(0.0, 0.55, 256)))


def frame(axes: Axes, x: float, y: float) -> None:
    """Marks the cell of a map."""
    from matplotlib.patches import Rectangle

    corner, side = (x - 0.47, y - 0.44), (0.94, 0.88)
    axes.add_patch(Rectangle(corner, *side, fill=False, edgecolor=SETTLED, linewidth=1.8))


def colour_bar(axes: Axes, image: Any, unit: str) -> Colorbar:
    bar = figure_of(axes).colorbar(image, ax=axes, pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=TICK_SIZE - 1, length=0, labelcolor=INK)
    bar.set_label(unit, fontsize=LABEL_SIZE, color=INK, labelpad=10)
    return bar


def tick(label: Any) -> str:
    """The name of a row or column."""
    if isinstance(label, tuple):
        return "\n".join(tick(line) for line in label)
    return drawable(token_label(label)) if isinstance(label, str) else str(label)


def short(text: str) -> str:
    """As much of a token as a cell has room for."""
    return text if len(text) <= TOKEN_WIDTH else text[: TOKEN_WIDTH - 1] + "…"


def drawable(text: str) -> str:
    """The text without letters that matplotlib's own font lacks and would warn about."""
    known = _letters()
    return "".join(c if c == "\n" or ord(c) in known else "\N{WHITE SQUARE}" for c in text)


@cache
def _letters() -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(get_font(findfont(FontProperties())).get_charmap())
