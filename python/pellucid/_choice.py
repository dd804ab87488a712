"""Modules that are meant by envoys, by paths, and by patterns of paths: `model.layers.*.mlp`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, NoReturn

from pellucid.envoy import Envoy
from pellucid.errors import fault


def chosen(root: Envoy, modules: Any) -> set[str]:
    """Paths of the modules that are meant by envoys, paths and patterns; of all for `None`."""
    if modules is None:
        return {path for path, *_ in root._model.sites()}
    if isinstance(modules, str | Envoy):
        return {path for envoy in _meant(root, modules) for path in _computing(envoy)}
    if not isinstance(modules, Iterable):
        raise _unusable(modules)
    return {path for module in modules for path in chosen(root, _named(module))}


def _named(module: Any) -> str | Envoy:
    if isinstance(module, str | Envoy):
        return module
    raise _unusable(module)


def _unusable(module: Any) -> Exception:
    message = f"`tracer.cache`: a `{type(module).__name__}` is no module"
    return fault("bad-argument", message, "modules, their paths, and patterns of paths will do")


def _meant(root: Envoy, module: str | Envoy) -> list[Envoy]:
    if isinstance(module, Envoy):
        if module._model is not root._model:
            message = f"`{module._shown('')}` is a module of another model"
            raise fault("bad-argument", message, "a trace is of one model")
        return [module]
    if not module:
        return [root]
    names = module.split(".")
    if not any(map(_is_pattern, names)):
        return [root[module]]
    found = list(_matching(root, names))
    return found or _no_match(root, names)


def _is_pattern(name: str) -> bool:
    return any(letter in name for letter in "*?[")


def _matching(envoy: Envoy, names: list[str]) -> Iterator[Envoy]:
    """Modules at the paths that a pattern stands for."""
    if not names:
        yield envoy
        return
    first, *rest = names
    if not _is_pattern(first):
        child = envoy._child(first)
        if child is not None:
            yield from _matching(child, rest)
        return
    if first == "**":
        yield from _matching(envoy, rest)
    for name, child in _below(envoy).items():
        if first == "**":
            yield from _matching(child, names)
        elif fnmatchcase(name, first):
            yield from _matching(child, rest)


def _below(envoy: Envoy) -> dict[str, Envoy]:
    return envoy._children or envoy._renamed


def _no_match(root: Envoy, names: list[str]) -> NoReturn:
    """Says how far a pattern leads, and what there is where it ends."""
    n = next(n for n in reversed(range(len(names))) if any(_matching(root, names[:n])))
    there = {
        name: None
        for envoy in _matching(root, names[:n])
        for name in (*envoy._children, *envoy._renamed)
    }
    near = difflib.get_close_matches(names[n], there, 1)
    nearest = ".".join([*names[:n], *near, *names[n + 1 :]])
    places = ", ".join(list(there)[:8])
    where = f"`{'.'.join(names[:n])}`" if set(names[:n]) - {"**"} else "the model"
    help = f"did you mean `{nearest}`?" if near else f"{where} has the modules {places}"
    if not there:
        help = f"{where} has no modules below"
    raise fault("unknown-module", f"`{'.'.join(names)}` matches no module", help)


def _computing(envoy: Envoy) -> list[str]:
    """The module's path; a list of modules, which computes nothing, stands for what is in it."""
    if envoy._sites:
        return [envoy.path]
    below = _below(envoy).values()
    return [path for child in below for path in _computing(child)]
