"""Habits that other libraries teach, and that would go wrong here without a word."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from pellucid import _native
from pellucid._location import here
from pellucid.errors import TupleIndexWarning, fault

if TYPE_CHECKING:
    from pellucid.envoy import Envoy


def returns_tuple(kind: str) -> bool:
    """Whether modules of a class give a tuple in transformers, and one tensor here."""
    return kind.endswith("Attention") or "Router" in kind


def warn_of_tuple_index(value: _native.Handle, index: Any) -> None:
    """Warns of `attn.output[0]`, which is an item of a tuple there and a row here."""
    if not isinstance(index, int) or isinstance(index, bool) or index not in (0, 1):
        return
    site = value.recorder.tuples.get(value)
    if site is None:
        return
    message = f"`{site}` is one tensor, and `[{index}]` its {('first', 'second')[index]} row"
    help = "leave it out, as the rest of what transformers returns is at taps; for the row"
    file, line = here() or ("<unknown>", 1)
    text = f"{message}: {help} write `[{index}, ...]`"
    warnings.warn_explicit(text, TupleIndexWarning, file, line)


def refuse(envoy: Envoy, name: str) -> None:
    """Says of `source`, which modules have in NNsight, where the same is here."""
    if name != "source":
        return
    taps = [point for point in envoy.sites if point not in ("input", "output")]
    message = f"`{envoy._shown('source')}`: there is no Python of a model to go into"
    help = f"what is inside is at taps: {', '.join(taps)}" if taps else "`print(model)` shows taps"
    raise fault("unknown-module", message, help)
