"""Names of tokens: what cannot be seen made visible, long ones cut, nothing taken for markup."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from html import escape
from typing import Any

VISIBLE = str.maketrans({" ": "·", "\n": "↵", "\t": "⇥", "\r": "␍"})
LONGEST = 14
"""Columns of a name that an axis has room for."""


def token_label(token: str) -> str:
    """A token with its spaces and line ends made visible: `" Paris"` becomes `"·Paris"`."""
    shown = token.translate(VISIBLE)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)


def label(name: Any) -> str:
    """The name of a row or column: text as tokens are, a tuple on several lines."""
    if isinstance(name, tuple):
        return "\n".join(label(line) for line in name)
    return (token_label(name) or "∅") if isinstance(name, str) else str(name)


def labels(names: Sequence[Any] | None, n: int) -> tuple[str, ...]:
    """`n` names, which are numbers unless given."""
    return tuple(label(name) for name in (range(n) if names is None else names))


def width(text: str) -> int:
    """Columns that the longest line takes; letters of Chinese and the like take two."""
    return max(sum(_columns(c) for c in line) for line in text.split("\n"))


def _columns(c: str) -> int:
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def short(text: str, longest: int = LONGEST) -> str:
    """As many columns of each line as there is room for."""
    return "\n".join(_short(line, longest) for line in text.split("\n"))


def _short(line: str, longest: int) -> str:
    if width(line) <= longest:
        return line
    kept, room = "", longest - 1
    for c in line:
        room -= _columns(c)
        if room < 0:
            break
        kept += c
    return kept + "…"


def markup(text: str) -> str:
    """The text for plotly, which reads tags and entities in whatever it shows."""
    return escape(text, quote=False).replace("\n", "<br>")


def data(value: Any) -> str:
    """JSON that can stand in a page, whatever its strings contain."""
    found = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for c in "<>&\u2028\u2029":
        found = found.replace(c, f"\\u{ord(c):04x}")
    return found
