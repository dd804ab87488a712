"""`print(model)`: the tree as Hugging Face prints it, with paths, shapes and taps beside it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pellucid import _native

if TYPE_CHECKING:
    from pellucid.envoy import Envoy


@dataclass(frozen=True)
class SiteShape:
    """What is known of a site before there is a prompt."""

    dtype: str
    shape: tuple[str | int, ...]

    def __str__(self) -> str:
        return f"[{', '.join(str(length) for length in self.shape)}]"


@dataclass
class _Line:
    left: str
    path: str = ""
    shapes: str = ""
    names: str = ""


def shown(envoy: Envoy) -> str:
    """The tree below an envoy."""
    lines = list(_module(envoy, "", envoy._path, 0))
    rows = [(line.left, line.path, line.shapes, line.names) for line in lines]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    padded = ("  ".join(map(str.ljust, row, widths)) for row in rows)
    return "\n".join(row.rstrip() for row in padded)


def _module(envoy: Envoy, label: str, path: str, depth: int) -> list[_Line]:
    pad = "  " * depth
    inside = _inside(envoy, path, depth + 1)
    opening = f"{pad}{label}{envoy._kind}({'' if inside else ')'}"
    first = _Line(opening, path, through(envoy), _notes(envoy, path))
    return [first, *inside, _Line(f"{pad})")] if inside else [first]


def _inside(envoy: Envoy, path: str, depth: int) -> list[_Line]:
    lines = [
        _Line(
            f"{'  ' * depth}.{point}",
            f"{path}.{point}".lstrip("."),
            str(site),
            also_called(envoy, point, path),
        )
        for point, site in envoy._sites.items()
        if point not in ("input", "output")
    ]
    for names, child in folded(envoy):
        last = names[0] if len(names) == 1 else "*"
        times = "" if len(names) == 1 else f"{len(names)} x "
        label = f"({names[0]}): " if len(names) == 1 else f"({names[0]}-{names[-1]}): {times}"
        lines += _module(child, label, f"{path}.{last}".lstrip("."), depth)
    generator = None if path else envoy._renamed.get("generator")
    if generator is not None:
        lines += _module(generator, "(generator): ", "generator", depth)
    return lines


def _notes(envoy: Envoy, path: str) -> str:
    notes = (also_called(envoy, "", path), edited(envoy))
    return "  ".join(note for note in notes if note)


def edited(envoy: Envoy) -> str:
    """What edits of this handle write at a module: its sites, `skip`, its weights."""
    places = _native.edited_places(envoy._model)
    names = dict.fromkeys(name for path, name in places if path == envoy._path)
    return f"edited: {', '.join(names)}" if names else ""


def also_called(envoy: Envoy, point: str, path: str) -> str:
    """Other names of a tap, or of a module and its input and output; `*` where the path has one."""
    real = envoy._path.split(".")
    stars = {real[i] for i, word in enumerate(path.split(".")) if word == "*"}
    points = [point] if point else ["", "input", "output"]
    written = (
        ".".join("*" if word in stars else word for word in name.split("."))
        for name in itertools.chain.from_iterable(envoy._names.get(p, []) for p in points)
    )
    return ", ".join(written)


def through(envoy: Envoy) -> str:
    """`input -> output`."""
    into, out = envoy._sites.get("input"), envoy._sites.get("output")
    if into is None or out is None:
        return str(into or out or "")
    return f"{into} -> {out}"


def folded(envoy: Envoy) -> list[tuple[list[str], Envoy]]:
    """Children, those in a row that are built alike together."""
    groups: list[tuple[list[str], Envoy]] = []
    before: Any = None
    for name, child in envoy._children.items():
        built = _built(child)
        if groups and name.isdigit() and built == before:
            groups[-1][0].append(name)
        else:
            groups.append(([name], child))
        before = built
    return groups


def _built(envoy: Envoy) -> tuple[Any, ...]:
    children = tuple((name, _built(child)) for name, child in envoy._children.items())
    return (envoy._kind, tuple(envoy._sites.items()), edited(envoy), children)
