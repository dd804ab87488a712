"""What all figures of matplotlib share: sizes, fonts, names on axes that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import ceil
from typing import TYPE_CHECKING, Any

from pellucid.viz._tokens import short, width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure, FigureBase

    from pellucid.viz._scale import Scale

DPI = 160
INK, FAINT = "#22272e", "#6b7580"
SETTLED = "#d9600f"
TITLE_SIZE, LABEL_SIZE, TICK_SIZE, CELL_SIZE = 16, 14, 13, 12
SMALLEST = 5.5
"""Points of the smallest letters."""
COLUMN = 0.62 / 72
"""Inches that a letter takes for each point of its size."""
FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Malgun Gothic",
    "WenQuanYi Micro Hei",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
    "Noto Emoji",
    "Segoe UI Emoji",
    "Segoe UI Symbol",
    "Arial Unicode MS",
)
"""Those that are installed are asked in this order for letters that the ones before lack."""


def new_figure(size: tuple[float, float]) -> Figure:
    """A figure outside of pyplot; the only place that needs matplotlib to be there."""
    try:
        from matplotlib.figure import Figure
    except ImportError as cause:
        message = "`pellucid.viz` draws figures with matplotlib: pip install 'pellucid[viz]'"
        raise ImportError(message) from cause
    figure = Figure(figsize=size, dpi=DPI)
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.12)
    return figure


def use_fonts(figure: Figure) -> None:
    """Gives all texts the installed fonts, and boxes for letters that none of them has."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        shown = text.get_text()
        if not shown.isascii():
            text.set_text(drawable(shown))
            families = list(_letters())
            is_even = "monospace" in text.get_fontfamily()
            text.set_fontfamily(["DejaVu Sans Mono", *families] if is_even else families)


def drawable(text: str) -> str:
    """The text with a box for each letter that no font has, which matplotlib would warn about."""
    known = frozenset().union(*_letters().values())
    return "".join(c if c == "\n" or ord(c) in known else "\N{WHITE SQUARE}" for c in text)


@cache
def _letters() -> dict[str, frozenset[int]]:
    from matplotlib.font_manager import fontManager, get_font

    paths = {font.name: font.fname for font in fontManager.ttflist if font.name in FONTS}
    return {name: frozenset(get_font(paths[name]).get_charmap()) for name in FONTS if name in paths}


def ink_on(color: Any) -> str:
    """The colour of letters that can be read on another."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(color)
    return INK if 0.3 * red + 0.59 * green + 0.11 * blue > 0.52 else "white"


def fitting(cell: tuple[float, float], n_rows: int, n_columns: int) -> tuple[float, float]:
    """Inches for cells of a size, and what stands around them."""
    size = 2.8 + cell[0] * n_columns, 2.0 + cell[1] * n_rows
    return min(max(size[0], 6.0), 20.0), min(max(size[1], 3.5), 20.0)


def name_columns(axes: Axes, names: Sequence[str], cell: float) -> None:
    """Names below columns of `cell` inches: level, slanting, upright, or some of them, numbered."""
    names = [drawable(short(name)) for name in names]
    longest = max(map(width, names))
    size, turn = float(TICK_SIZE), 0
    if longest * COLUMN * size > cell * 0.95:
        turn = 45 if cell > 0.4 else 90
        size = min(size, cell * 72 * 0.9)
    step = 1
    if size < SMALLEST:
        size = 8.0
        step = ceil(1.2 * size / 72 / cell)
    places = range(0, len(names), step)
    shown = numbered(names, step)
    axes.set_xticks(places, shown, parse_math=False, fontsize=size, rotation=turn)
    for name in axes.get_xticklabels():
        if turn == 45:
            name.set(ha="right", va="top", rotation_mode="anchor")


def name_rows(axes: Axes, names: Sequence[str], cell: float) -> None:
    """Names left of rows of `cell` inches; if not all have room, the last one has its own."""
    names = [drawable(short(name)) for name in names]
    size = max(min(float(TICK_SIZE), cell * 72 * 1.2), 9.0 if len(names) < 60 else SMALLEST)
    step = max(1, round(size / 72 / cell + 0.25))
    first = (len(names) - 1) % step
    places = range(first, len(names), step)
    axes.set_yticks(places, names[first::step], parse_math=False, fontsize=size)


def name_queries(axes: Axes, names: Sequence[str], cell: float) -> None:
    """Names left of rows of `cell` inches, the first at the top; or some of them, numbered."""
    names = [drawable(short(name)) for name in names]
    size, step = min(float(TICK_SIZE), cell * 72 * 0.95), 1
    if size < SMALLEST:
        size = 8.0
        step = ceil(1.2 * size / 72 / cell)
    places = range(0, len(names), step)
    axes.set_yticks(places, numbered(names, step), parse_math=False, fontsize=size)


def numbered(names: Sequence[str], step: int) -> list[str]:
    """Every so many names; with their places, if some are left out."""
    return [f"{i} {names[i]}" if step > 1 else names[i] for i in range(0, len(names), step)]


def dress(axes: Axes, title: str, xlabel: str, ylabel: str) -> None:
    """The words around, and no lines that say nothing."""
    axes.set_title(title, fontsize=TITLE_SIZE, color=INK, loc="left", pad=12, parse_math=False)
    axes.set_xlabel(xlabel, fontsize=LABEL_SIZE, color=INK, parse_math=False)
    axes.set_ylabel(ylabel, fontsize=LABEL_SIZE, color=INK, parse_math=False)
    axes.tick_params(length=0, labelcolor=INK)
    axes.spines[:].set_visible(False)


def color_bar(canvas: FigureBase, axes: Any, image: Any, scale: Scale) -> Colorbar:
    """The colours and their numbers, right of the axes."""
    bar = canvas.colorbar(image, ax=axes, pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    places, names = scale.ticks()
    bar.set_ticks(places, labels=names)
    bar.ax.tick_params(labelsize=TICK_SIZE - 1, length=0, labelcolor=INK)
    bar.ax.minorticks_off()
    bar.set_label(scale.unit, fontsize=LABEL_SIZE, color=INK, labelpad=10, parse_math=False)
    return bar
