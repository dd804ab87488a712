"""Coloured text in matplotlib: letters of one width, laid out by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pellucid.viz._canvas import FAINT, INK, LABEL_SIZE, TITLE_SIZE, color_bar, ink_on
from pellucid.viz._scale import NOT_FINITE
from pellucid.viz._tokens import token_label, width

if TYPE_CHECKING:
    from matplotlib.figure import FigureBase

    from pellucid.viz._text import Text

LETTER = 0.125
"""Inches of a letter of 15 points, which is 0.602 of its size."""
SIZE = LETTER * 72 / 0.602
LINE = 0.34
ACROSS = 84
"""Letters of a line."""


class Piece(NamedTuple):
    """Some letters of a token that stand on one line."""

    token: int
    line: int
    column: int
    text: str


def size(picture: Text) -> tuple[float, float]:
    """Inches of the figure."""
    return _across(picture) * LETTER + 2.0, 1.3 + LINE * _lines(picture)


def paint(picture: Text, canvas: FigureBase) -> None:
    """Draws the prompts below each other."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.patches import Rectangle

    axes = canvas.subplots()
    colors = ScalarMappable(Normalize(*picture.scale.ends()), picture.scale.colormap())
    top = 0.0
    for name, tokens, scores in picture.prompts:
        if name:
            axes.text(
                0, top + 0.5, name, fontsize=LABEL_SIZE, color=FAINT, va="center", parse_math=False
            )
            top += 1
        line = 0
        for piece in laid_out(tokens):
            score, line = scores[piece.token], piece.line
            color: Any = colors.to_rgba(score) if np.isfinite(score) else NOT_FINITE
            corner, columns = (piece.column, top + line + 0.08), width(piece.text)
            axes.add_patch(
                Rectangle(corner, columns, 0.84, facecolor=color, edgecolor="white", linewidth=1)
            )
            axes.text(
                piece.column + columns / 2,
                top + line + 0.52,
                piece.text,
                fontsize=SIZE,
                fontfamily="monospace",
                color=ink_on(color),
                ha="center",
                va="center",
                parse_math=False,
            )
        top += line + 1.5
    axes.set_xlim(0, _across(picture))
    axes.set_ylim(top, 0)
    axes.set_axis_off()
    color_bar(canvas, axes, colors, picture.scale)
    if picture.title:
        axes.set_title(picture.title, fontsize=TITLE_SIZE, color=INK, loc="left", parse_math=False)


def laid_out(tokens: Sequence[str], across: int = ACROSS) -> Iterator[Piece]:
    """Where each token stands; one that does not fit its line goes on in the next."""
    line = column = 0
    for i, token in enumerate(tokens):
        text = ""
        whole = width(token_label(token))
        if column + whole > across >= whole:
            line, column = line + 1, 0
        start = column
        for c in token or "∅":
            shown = c if c == " " else token_label(c)
            if column + width(shown) > across:
                if text:
                    yield Piece(i, line, start, text)
                text, line, column, start = "", line + 1, 0, 0
            text += shown
            column += width(shown)
            if c == "\n":
                yield Piece(i, line, start, text)
                text, line, column, start = "", line + 1, 0, 0
        if text:
            yield Piece(i, line, start, text)


def _across(picture: Text) -> int:
    ends = [p.column + width(p.text) for _, tokens, _ in picture.prompts for p in laid_out(tokens)]
    return max(40, *ends)


def _lines(picture: Text) -> float:
    found = 0.0
    for name, tokens, _ in picture.prompts:
        found += bool(name) + 1.5 + max((piece.line for piece in laid_out(tokens)), default=0)
    return found
