"""Tokens in a notebook: each piece with its position above and its id below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pellucid._html import code, faint, page

MOST = 400


def html(rows: Iterable[tuple[Sequence[int], Sequence[str]]]) -> str:
    """A table for each prompt; what is beyond `MOST` tokens is counted."""
    return page(*(_row(ids, pieces) for ids, pieces in rows))


def _row(ids: Sequence[int], pieces: Sequence[str]) -> str:
    cells = "".join(
        f'<span style="display:inline-block;text-align:center;margin:0 6px 6px 0">'
        f"{faint(i)}<br>{code(_visible(piece))}<br>{faint(id)}</span>"
        for i, (id, piece) in enumerate(zip(ids[:MOST], pieces[:MOST], strict=True))
    )
    more = faint(f"... {len(ids) - MOST} more") if len(ids) > MOST else ""
    return f"<div>{cells}{more}</div>"


def _visible(piece: str) -> str:
    """Spaces and line ends as something to see."""
    return piece.replace(" ", "\u00b7").replace("\n", "\u21b5").replace("\t", "\u21e5")
