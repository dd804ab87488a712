"""Several pictures beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from pellucid.viz._canvas import INK, TITLE_SIZE
from pellucid.viz._picture import Picture

if TYPE_CHECKING:
    from matplotlib.figure import FigureBase


@dataclass(frozen=True)
class Beside(Picture):
    """Pictures from the left to the right."""

    pictures: tuple[Picture, ...]
    title: str

    def size(self) -> tuple[float, float]:
        sizes = [picture.size() for picture in self.pictures]
        return sum(wide for wide, _ in sizes), max(high for _, high in sizes) + 0.5

    def paint(self, canvas: FigureBase) -> None:
        wide = [picture.size()[0] for picture in self.pictures]
        parts = canvas.subfigures(1, len(wide), width_ratios=wide, squeeze=False)
        for part, picture in zip(parts.flat, self.pictures, strict=True):
            picture.paint(part)
        if self.title:
            canvas.suptitle(
                self.title,
                x=0.01,
                ha="left",
                fontsize=TITLE_SIZE + 1,
                fontweight="bold",
                color=INK,
                parse_math=False,
            )

    def body(self) -> str:
        inside = "".join(f"<div>{picture.body()}</div>" for picture in self.pictures)
        return f'<h1>{escape(self.title)}</h1><div class="pictures">{inside}</div>'

    def has_plots(self) -> bool:
        return any(picture.has_plots() for picture in self.pictures)


def beside(*pictures: Picture, title: str = "") -> Beside:
    """Puts pictures beside each other, with a title over all."""
    return Beside(pictures, title)
