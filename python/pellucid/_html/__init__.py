"""What notebooks show of tensors, traces and models: HTML that needs nothing but itself.

Colours are the notebook's own, and shades of them that can be read on light and dark pages alike.
Whatever comes from a model, a prompt or a path is escaped.
"""

from __future__ import annotations

from html import escape

_STYLE = """
.pellucid{font:13px/1.5 system-ui,sans-serif;max-width:100%;overflow-x:auto}
.pellucid code,.pellucid pre,.pellucid td,.pellucid th{font:12px/1.5 ui-monospace,Menlo,monospace}
.pellucid code,.pellucid pre,.pellucid td,.pellucid th{color:inherit;background:none}
.pellucid pre{margin:2px 0 4px;padding:6px 10px;background:rgba(127,127,127,.1);border-radius:4px}
.pellucid table{border-collapse:collapse;margin:4px 0;border:0}
.pellucid td,.pellucid th{border:0;padding:1px 8px;text-align:right;white-space:nowrap}
.pellucid th{font-weight:normal;opacity:.65}
.pellucid tr{background:none!important}
.pellucid .l td{text-align:left}
.pellucid .faint{opacity:.65}
.pellucid details>summary{cursor:pointer}
.pellucid details>div,.pellucid .leaf{margin-left:18px}
.pellucid .row{display:flex;gap:14px;white-space:nowrap}
.pellucid summary>.row{display:inline-flex}
.pellucid .leaf>.row{padding-left:14px}
.pellucid .head{display:flex;gap:14px;flex-wrap:wrap;align-items:baseline}
.pellucid .strip{display:flex;width:100%;max-width:560px;height:14px;margin:4px 0}
.pellucid .strip i{flex:1}
.pellucid .mark{display:inline-block;min-width:3.6em;font-weight:600}
"""


def page(*parts: str) -> str:
    """Parts under one another."""
    return f'<div class="pellucid"><style>{_STYLE}</style>{"".join(parts)}</div>'


def head(*items: str) -> str:
    """Items beside each other, the first in bold."""
    first, *rest = items
    spans = "".join(f"<span>{item}</span>" for item in rest if item)
    return f'<div class="head"><b>{first}</b>{spans}</div>'


def faint(text: object) -> str:
    """Less important text."""
    return f'<span class="faint">{escape(str(text))}</span>'


def code(text: object) -> str:
    """Names, shapes, paths."""
    return f"<code>{escape(str(text))}</code>"


def folded(title: str, inside: str, *, is_open: bool = False) -> str:
    """What opens by a click."""
    state = " open" if is_open else ""
    return f"<details{state}><summary>{title}</summary><div>{inside}</div></details>"


def quantity(n: float) -> str:
    """`134.5 M`; with a space after it where there is no unit."""
    for unit in ("", "k", "M", "G", "T"):
        if n < 1000 or unit == "T":
            break
        n /= 1000
    return f"{n:.3g} {unit}"


def n_bytes(n: int) -> str:
    """`25.3 kB`."""
    return f"{quantity(n)}B"
