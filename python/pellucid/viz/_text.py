"""Text whose tokens are coloured by a number each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.viz import _text_figure
from pellucid.viz._picture import Picture
from pellucid.viz._scale import Scale, diverging
from pellucid.viz._tokens import VISIBLE, token_label
from pellucid.viz._values import Floats, array, brief, counted, number, shaped

if TYPE_CHECKING:
    from matplotlib.figure import FigureBase


@dataclass(frozen=True)
class Text(Picture):
    """Prompts: a name, tokens and `[position]` numbers each."""

    prompts: tuple[tuple[str, tuple[str, ...], Floats], ...]
    scale: Scale
    title: str

    def size(self) -> tuple[float, float]:
        return _text_figure.size(self)

    def paint(self, canvas: FigureBase) -> None:
        _text_figure.paint(self, canvas)

    def has_plots(self) -> bool:
        return False

    def body(self) -> str:
        less = "" if self.scale.is_half else "rgb(var(--less) / var(--most)), "
        bar = (
            f"background:linear-gradient(90deg, {less}transparent, rgb(var(--more) / var(--most)))"
        )
        parts = [f"<h1>{escape(self.title)}</h1>"] if self.title else []
        low, high = brief(self.scale.low), brief(self.scale.high)
        parts.append(
            f'<div class="legend">{low}<b style="{bar}"></b>{high}'
            f"<span>{escape(self.scale.unit)}</span></div>"
        )
        for name, tokens, scores in self.prompts:
            heading = f"<h2>{escape(name)}</h2>" if name else ""
            parts.append(
                f'{heading}<div class="tokens">{spans(tokens, scores, self.scale.high)}</div>'
            )
        return "".join(parts)


def text(
    tokens: Any,
    scores: Any,
    *,
    names: Sequence[str] | None = None,
    title: str = "",
    unit: str = "",
    limit: float | None = None,
) -> Text:
    """Draws text with each token coloured by its number: blue above 0, red below.

    `tokens` are those of a prompt, as `model.tokens` gives them, and `scores` has a number for
    each, `[position]`. Of several prompts give lists of both, and perhaps their `names`; they share
    their colours, which reach to `limit` on both sides of 0, the largest magnitude unless given.
    """
    is_one = len(tokens) == 0 or isinstance(tokens[0], str)
    given = [(tokens, scores)] if is_one else list(zip(tokens, scores, strict=False))
    if not is_one:
        counted(scores, "scores", len(tokens), "one list for each prompt")
    if names is not None:
        counted(names, "names", len(given), "one for each prompt")
    prompts = []
    for i, (words, numbers) in enumerate(given):
        name = "scores" if is_one else f"scores[{i}]"
        array(numbers, name, "position")
        floats = shaped(numbers, name, "position", [len(words)])
        prompts.append((names[i] if names else "", tuple(words), floats))
    every = np.concatenate([floats for _, _, floats in prompts])
    return Text(tuple(prompts), diverging(every, 0.0, limit, unit, {}), title)


def spans(tokens: Sequence[str], scores: Floats | None = None, limit: float = 1.0) -> str:
    """Tokens as HTML; what a number says is in a variable of the style, `--w` from 0 to 1."""
    if scores is None:
        return "".join(f"<span>{_shown(token)}</span>" for token in tokens)
    found = []
    for i, (token, score) in enumerate(zip(tokens, scores.tolist(), strict=True)):
        tip = escape(f"{token_label(token)} ({i}): {number(score)}")
        if np.isfinite(score):
            state, part = ("n" if score < 0 else "p"), min(abs(score) / limit, 1.0)
        else:
            state, part = "x", 0.0
        found.append(
            f'<span class="{state}" style="--w:{part:.3f}" data-tip="{tip}">{_shown(token)}</span>'
        )
    return "".join(found)


def _shown(token: str) -> str:
    """A token as it reads in the text: its spaces are spaces, its line ends shown and obeyed."""
    found = []
    for c in token:
        if c in "\n\t\r":
            found.append(f"<i>{VISIBLE[ord(c)]}</i>" + (c if c != "\r" else ""))
        else:
            found.append(c if c == " " else escape(token_label(c)))
    return "".join(found) or "<i>∅</i>"
