"""A picture: what every function of `pellucid.viz` gives."""

from __future__ import annotations

import io
import os
from abc import ABC, abstractmethod
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.errors import fault
from pellucid.viz import _canvas, _page

if TYPE_CHECKING:
    from matplotlib.figure import Figure, FigureBase

IMAGES = (".png", ".svg", ".pdf")


class Picture(ABC):
    """Numbers and names, checked and ready to be drawn."""

    title: str

    def figure(self) -> Figure:
        """A matplotlib figure at the size of a slide, to show or to restyle through its `axes`.

        It belongs to nobody else: nothing of pyplot is used or changed.
        """
        figure = _canvas.new_figure(self.size())
        self.paint(figure)
        _canvas.use_fonts(figure)
        return figure

    def html(self) -> str:
        """A page with the interactive picture, light or dark as the reader's system is.

        It loads nothing: all that it needs, plotly too if the picture is one of plotly's, is in it.
        """
        return _page.page(self.body(), title=self.title, has_plots=self.has_plots())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the picture as what the name ends with: `.png`, `.svg`, `.pdf` or `.html`."""
        path = Path(path)
        if path.suffix == ".html":
            path.write_text(self.html(), encoding="utf-8")
        elif path.suffix in IMAGES:
            self.figure().savefig(path)
        else:
            endings = ", ".join(f"`{ending}`" for ending in IMAGES)
            message = (
                f"cannot save `{path.name}`: expected a name that ends with {endings} or `.html`"
            )
            raise fault("bad-argument", message)

    @abstractmethod
    def size(self) -> tuple[float, float]:
        """Width and height of the figure in inches."""

    @abstractmethod
    def paint(self, canvas: FigureBase) -> None:
        """Draws on a figure, or on its part of one."""

    @abstractmethod
    def body(self) -> str:
        """The page's HTML."""

    def has_plots(self) -> bool:
        """Whether plotly draws some of it."""
        return True

    def _repr_html_(self) -> str:
        height = 60 + round(60 * self.size()[1])  # until the page says how high it is
        return (
            f'<iframe srcdoc="{escape(self.html())}" height="{height}" loading="lazy"'
            ' style="width:100%;border:0;color-scheme:light dark"></iframe>'
        )

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.figure().savefig(buffer, format="png")
        return buffer.getvalue()
