"""`print(model)`: the tree as Hugging Face prints it, with paths, shapes and taps beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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


def shown(envoy: Envoy) -> str:
    """The tree below an envoy."""
    lines = list(_module(envoy, "", envoy._path, 0))
    left = max(len(line.left) for line in lines)
    path = max(len(line.path) for line in lines)
    rows = (f"{line.left:<{left}}  {line.path:<{path}}  {line.shapes}".rstrip() for line in lines)
    return "\n".join(rows)


def _module(envoy: Envoy, label: str, path: str, depth: int) -> list[_Line]:
    pad = "  " * depth
    inside = _inside(envoy, path, depth + 1)
    opening = f"{pad}{label}{envoy._kind}({'' if inside else ')'}"
    first = _Line(opening, path, through(envoy))
    return [first, *inside, _Line(f"{pad})")] if inside else [first]


def _inside(envoy: Envoy, path: str, depth: int) -> list[_Line]:
    lines = [
        _Line(f"{'  ' * depth}.{point}", f"{path}.{point}".lstrip("."), str(site))
        for point, site in envoy._sites.items()
        if point not in ("input", "output")
    ]
    for names, child in folded(envoy):
        last = names[0] if len(names) == 1 else "*"
        times = "" if len(names) == 1 else f"{len(names)} x "
        label = f"({names[0]}): " if len(names) == 1 else f"({names[0]}-{names[-1]}): {times}"
        lines += _module(child, label, f"{path}.{last}".lstrip("."), depth)
    return lines


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
    return (envoy._kind, tuple(envoy._sites.items()), children)
