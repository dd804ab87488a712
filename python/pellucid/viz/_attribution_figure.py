"""Direct logit attribution in matplotlib: layers above, heads below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pellucid.viz._canvas import FAINT, INK, LABEL_SIZE, TICK_SIZE, TITLE_SIZE, drawable, dress
from pellucid.viz._scale import SERIES, signed
from pellucid.viz._values import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    from pellucid.viz._attribution import Attribution


def paint(picture: Attribution, canvas: FigureBase) -> None:
    """Draws on a figure."""
    rows = canvas.subplots(2 if picture.heads else 1, 1, squeeze=False)
    _layers(picture, rows[0, 0])
    if picture.heads:
        _heads(picture, rows[1, 0])
    if picture.title:
        canvas.suptitle(
            picture.title, x=0.01, ha="left", fontsize=TITLE_SIZE, color=INK, parse_math=False
        )


def _layers(picture: Attribution, axes: Axes) -> None:
    rest = np.array(list(picture.rest.values()))
    _bars(axes, np.array(picture.places()[: len(rest)]), rest, 0.6, FAINT, "")
    thick = 0.84 / len(picture.parts)
    for k, (name, values) in enumerate(picture.parts.items()):
        at = np.arange(len(values)) + (k - (len(picture.parts) - 1) / 2) * thick
        _bars(axes, at, values, thick * 0.95, SERIES[k % len(SERIES)], name)
    named = picture.named()
    axes.set_xticks(
        [picture.places()[i] for i in named],
        [drawable(picture.names()[i]) for i in named],
        parse_math=False,
        fontsize=TICK_SIZE,
    )
    dress(axes, "", "layer", picture.unit)
    _ground(axes)
    axes.legend(
        frameon=False,
        fontsize=TICK_SIZE,
        labelcolor=INK,
        ncols=len(picture.parts),
        loc="lower left",
        bbox_to_anchor=(0, 1),
    )


def _heads(picture: Attribution, axes: Axes) -> None:
    names, values = zip(*picture.heads, strict=True)
    axes.bar(range(len(values)), values, 0.7, color=[signed(value) for value in values])
    axes.set_xticks(range(len(names)), names, fontsize=TICK_SIZE - 1, rotation=40, parse_math=False)
    for name in axes.get_xticklabels():
        name.set(ha="right", rotation_mode="anchor")
    dress(axes, "", "", picture.unit)
    axes.set_title("heads that add or take most", fontsize=LABEL_SIZE, color=FAINT, loc="left")
    _ground(axes)


def _bars(
    axes: Axes,
    places: np.ndarray,
    values: np.ndarray,
    thick: float,
    color: str,
    name: str,
) -> None:
    """Bars; what is no number says so in its place."""
    finite = np.isfinite(values)
    axes.bar(places, np.where(finite, values, 0), thick, label=name or "_", color=color)
    for place, value in zip(places[~finite].tolist(), values[~finite].tolist(), strict=True):
        axes.text(
            place, 0, number(value), ha="center", va="bottom", fontsize=9, rotation=90, color=INK
        )


def _ground(axes: Axes) -> None:
    axes.axhline(0, color=FAINT, linewidth=0.8)
    axes.tick_params(axis="y", labelsize=TICK_SIZE - 1, labelcolor=FAINT)
    axes.grid(axis="y", color="#e3e7ec", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.01)
