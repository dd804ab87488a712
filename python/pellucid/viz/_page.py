"""Pages that need nothing but themselves: style, script, plotly and data in one file.

A plot is its specification, as JSON that plotly's own schema describes; `page.js` hands it to
plotly.js, in the colours of the reader's system. plotly.js itself comes from the plotly package and
is packed, which makes a page of 2 MB out of one of 5.
"""

from __future__ import annotations

import base64
import zlib
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from pellucid.viz._scale import DARK, LIGHT, Scale
from pellucid.viz._tokens import data, markup

INK = {"light": "#22272e", "dark": "#e3e9f0"}
CARD = {"light": "#ffffff", "dark": "#20262e"}
GRID = "rgba(128,138,150,0.25)"
FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'Noto Sans CJK SC', sans-serif"


def page(body: str, *, title: str, has_plots: bool) -> str:
    """A whole page."""
    library = ""
    if has_plots:
        script = f"<script>{_read('attention.js')}{_read('page.js')}</script>"
        library = f'<script type="text/plain" id="plotly">{plotly()}</script>{script}'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_read('page.css')}</style></head>"
        f"<body>{body}{library}<script>{_read('fit.js')}</script></body></html>"
    )


def plot(spec: dict[str, Any], kind: str = "") -> str:
    """The place where plotly draws."""
    return (
        f'<div class="plot {kind}"><script type="application/json">{data(spec)}</script>'
        "<div></div></div>"
    )


def layout(
    title: str, size: tuple[float, float], scale: Scale | None = None, **more: Any
) -> dict[str, Any]:
    """What all plots share; `size` is in pixels."""
    found: dict[str, Any] = {
        "title": {"text": f"<b>{markup(title)}</b>", "font": {"size": 16}, "x": 0, "xref": "paper"},
        "width": round(size[0]),
        "height": round(size[1]),
        "font": {"family": FONT, "size": 13, "color": INK["light"]},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"align": "left", "font": {"size": 13}, "namelength": -1},
        "showlegend": False,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "#8b949e", "activecolor": "#d9600f"},
        "meta": {theme: _dress(theme, scale) for theme in ("light", "dark")},
    }
    if scale is not None:
        found["coloraxis"] = scale.coloraxis()
    return found | more


def _dress(theme: str, scale: Scale | None) -> dict[str, Any]:
    """What differs between light and dark, as plotly's `relayout` takes it."""
    found: dict[str, Any] = {
        "font.color": INK[theme],
        "hoverlabel.bgcolor": CARD[theme],
        "hoverlabel.bordercolor": GRID,
        "hoverlabel.font.color": INK[theme],
    }
    if scale is not None:
        found["coloraxis.colorscale"] = scale.colorscale(LIGHT if theme == "light" else DARK)
    return found


@cache
def plotly() -> str:
    """plotly.js: deflated, in base64."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as cause:
        message = "`pellucid.viz` makes pages with plotly: pip install 'pellucid[viz]'"
        raise ImportError(message) from cause
    return base64.b64encode(zlib.compress(get_plotlyjs().encode(), 9)).decode()


@cache
def _read(name: str) -> str:
    return (files("pellucid.viz") / name).read_text(encoding="utf-8")
