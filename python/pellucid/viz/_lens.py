"""Logit lenses: what each layer would say at each position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from pellucid.errors import fault
from pellucid.viz._map import HeatMap
from pellucid.viz._scale import Scale
from pellucid.viz._tokens import label, labels, markup
from pellucid.viz._values import Floats, array, counted, n_axes, number, shaped, wrong_shape


class Spells(Protocol):
    """What knows the text of token ids, such as `model.tokenizer`."""

    def pieces(self, ids: Any) -> list[str]:
        """Each token by itself, as people read it."""


def logit_lens(
    tops: Any,
    probabilities: Any,
    *,
    tokens: Sequence[str],
    tokenizer: Spells | None = None,
    layers: Sequence[Any] | None = None,
    kl: Any = None,
    rank: Any = None,
    title: str = "",
    xlabel: str = "read at",
    ylabel: str = "after layer",
) -> HeatMap:
    """Draws what each layer would say next at each position, if it were the last layer.

    `tops` are the likeliest tokens, the first one first: `[layer, position, k]`, or
    `[layer, position]` for the top one alone; text, or ids that `tokenizer` spells. `probabilities`
    has the same shape. A cell shows the top token, the page lists all `k` at it. `tokens` are those
    that were read.

    The colour is the top token's probability. It is another measure if you give one of `kl`, how
    far the layer's distribution is from the last one's, and `rank`, which place the right answer
    has (1 is the top); both `[layer, position]`, and the deeper the better. Framed is a token that
    stays on top from there to the last layer.
    """
    axes = "layer position" if n_axes(probabilities) == 2 else "layer position k"
    likely = array(probabilities, "probabilities", axes)
    spelled = _spelled(tops, likely.shape, tokenizer)
    likely = likely.reshape(len(likely), likely.shape[1], -1)
    n_layers, n_positions, _ = likely.shape
    counted(tokens, "tokens", n_positions, "one for each position")
    if layers is not None:
        counted(layers, "layers", n_layers, "one for each layer")
    cells, scale = _coloured(likely, kl, rank)
    said = [[cell[0] for cell in row] for row in spelled]
    rows, columns = labels(layers, n_layers), labels(tokens, n_positions)
    hovers = [
        [
            _hover(
                f"{markup(ylabel)} {markup(rows[i])}, {markup(xlabel)} {markup(columns[j])} ({j})",
                spelled[i][j],
                likely[i, j],
                f"{scale.unit}: {number(cells[i, j])}"
                if kl is not None or rank is not None
                else "",
            )
            for j in range(n_positions)
        ]
        for i in range(n_layers)
    ]
    return HeatMap(cells, rows, columns, scale, title, xlabel, ylabel, said, hovers, _settled(said))


def _coloured(likely: Floats, kl: Any, rank: Any) -> tuple[Floats, Scale]:
    shape = likely.shape[:2]
    if kl is not None and rank is not None:
        raise fault("bad-argument", "cannot colour by `kl` and by `rank`: give one of them")
    if kl is not None:
        cells = shaped(kl, "kl", "layer position", shape)
        high = float(cells[np.isfinite(cells)].max(initial=0.0)) or 1.0
        return cells, Scale(0.0, high, "KL to the last layer, nats", is_reversed=True)
    if rank is not None:
        cells = shaped(rank, "rank", "layer position", shape)
        high = float(cells[np.isfinite(cells)].max(initial=10.0))
        return cells, Scale(1.0, high, "rank of the answer", is_log=True, is_reversed=True)
    return likely[:, :, 0], Scale(0.0, 1.0, "probability of the top token")


def _spelled(tops: Any, shape: tuple[int, ...], tokenizer: Spells | None) -> list[list[list[str]]]:
    """Labels `[layer][position][k]`."""
    given = np.array(_nested(tops))
    if given.shape != shape:
        expected = f"{list(shape)}, that of `probabilities`"
        raise wrong_shape("tops", expected, given.shape)
    flat = given.ravel().tolist()
    if tokenizer is not None:
        flat = tokenizer.pieces([int(token) for token in flat])
    elif not all(isinstance(token, str) for token in flat):
        help = "pass `tokenizer=model.tokenizer`, which spells ids"
        raise fault("bad-argument", "cannot draw `tops`: expected tokens, got ids", help)
    n_layers, n_positions = shape[:2]
    k = len(flat) // (n_layers * n_positions)
    texts = iter(label(token) for token in flat)
    return [[[next(texts) for _ in range(k)] for _ in range(n_positions)] for _ in range(n_layers)]


def _nested(tops: Any) -> Any:
    if isinstance(tops, list | tuple):
        return [_nested(item) for item in tops]
    return tops.tolist() if hasattr(tops, "tolist") else tops


def _hover(where: str, said: Sequence[str], likely: Floats, measure: str) -> str:
    lines = [where, *([markup(measure)] if measure else [])]
    for place, (token, p) in enumerate(zip(said, likely.tolist(), strict=True)):
        text = f"{number(p)}  {markup(token)}"
        lines.append(f"<b>{text}</b>" if place == 0 else text)
    return "<br>".join(lines)


def _settled(said: list[list[str]]) -> frozenset[tuple[int, int]]:
    """Cells whose top token is that of all later layers."""
    found = set()
    for position in range(len(said[0])):
        for layer in reversed(range(len(said))):
            if said[layer][position] != said[-1][position]:
                break
            found.add((layer, position))
    return frozenset(found)
