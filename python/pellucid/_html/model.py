"""A model in a notebook: its tree, to be opened and closed, with paths and shapes of its sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid import _tree
from pellucid._html import code, faint, folded, head, page, quantity

if TYPE_CHECKING:
    from pellucid.envoy import Envoy

OPEN_DEPTH = 3


def html(envoy: Envoy, *facts: str) -> str:
    """The whole of it; `facts` stand at the top."""
    top = head(envoy.path or envoy._model.name, *map(faint, facts), _weights(envoy))
    return page(top, _module(envoy, "", envoy.path, 0))


def _weights(envoy: Envoy) -> str:
    """How many weights a module has; of the whole, some may be one under two names."""
    below = [
        weights
        for path, _, _, weights in envoy._model.modules()
        if path == envoy.path or path.startswith(f"{envoy.path}.")
    ]
    return faint(f"{quantity(sum(below))} weights") if envoy.path else ""


def _module(envoy: Envoy, label: str, path: str, depth: int) -> str:
    names = _tree.also_called(envoy, "", path)
    edited = _tree.edited(envoy)
    notes = ", ".join(note for note in (names, edited) if note)
    title = _row(f"{label}{envoy.kind}", path, _tree.through(envoy), notes)
    inside = "".join(_taps(envoy, path)) + "".join(
        _module(child, *_named(names, path), depth + 1) for names, child in _tree.folded(envoy)
    )
    if not inside:
        return f'<div class="leaf">{title}</div>'
    return folded(title, inside, is_open=depth < OPEN_DEPTH)


def _named(names: list[str], path: str) -> tuple[str, str]:
    """Label and path of a module, or of several that are alike."""
    if len(names) == 1:
        return f"{names[0]}: ", f"{path}.{names[0]}".lstrip(".")
    return f"{names[0]}-{names[-1]}: {len(names)} × ", f"{path}.*".lstrip(".")


def _taps(envoy: Envoy, path: str) -> list[str]:
    rows = (
        _row(
            f".{point}",
            f"{path}.{point}".lstrip("."),
            str(site),
            _tree.also_called(envoy, point, path),
        )
        for point, site in envoy._sites.items()
        if point not in ("input", "output")
    )
    return [f'<div class="leaf">{row}</div>' for row in rows]


def _row(name: str, path: str, shapes: str, names: str) -> str:
    also = faint(names) if names else ""
    return f'<span class="row"><span>{code(name)}</span>{faint(path)}{code(shapes)}{also}</span>'
