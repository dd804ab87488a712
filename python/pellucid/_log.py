"""`pl.log`: what a trace says while it runs, and who hears it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from pellucid import _call, _native
from pellucid._containers import tensors
from pellucid._current import session_recorder
from pellucid._location import Location, here
from pellucid.tensor import Tensor

SHOWN = 6
"""Elements that are shown of a tensor that has more of them."""


@dataclass(frozen=True)
class Log:
    """What one `pl.log` said."""

    parts: tuple[str | Tensor, ...]
    """Text, and values with their elements, in the order given."""
    file: str | None
    """The script."""
    line: int | None
    """Its line."""

    @property
    def text(self) -> str:
        """All parts in one line: numbers, and the first elements of tensors."""
        return " ".join(p if isinstance(p, str) else _short(p) for p in self.parts)

    def __str__(self) -> str:
        if self.file is None:
            return self.text
        return f"{self.text}  ({os.path.basename(self.file)}:{self.line})"


Listener: TypeAlias = Callable[[Log], object]


def log(*values: Any) -> None:
    """Says values while the trace runs, each as soon as it is computed.

    Text, numbers and everything else that is known when the line is recorded stand in between:
    `pl.log("norm at", i, h.norm())` prints `norm at 3 12.5` and the line of the script. Logs of one
    trace come in the order in which the model computes what they say. `pl.on_log` and
    `model.trace(..., log=...)` say who hears them instead. Outside of a trace it prints at once.
    """
    at = here()
    parts = list(_merged(part for value in values for part in _parts(value)))
    recorder = session_recorder()
    if recorder is None:
        hear([part if isinstance(part, str) else part._array() for part in parts], at)
    else:
        recorder.log([p if isinstance(p, str) else p._lowered() for p in parts], at)


def on_log(listener: Listener | None) -> Listener | None:
    """Has every later log told to `listener(log)`; `None` prints again. Gives the last listener."""
    global _listener
    before, _listener = _listener, listener
    return before


def hear(parts: list[str | _native.Array], at: Location | None) -> None:
    """Tells the listener of all logs, or prints."""
    (_listener or print)(_heard(parts, at))


def to(listener: Listener | None) -> Callable[[list[str | _native.Array], Location | None], None]:
    """Tells this one of the logs of a trace, if there is one."""
    if listener is None:
        return hear
    return lambda parts, at: (listener(_heard(parts, at)), None)[1]


_listener: Listener | None = None


def _heard(parts: list[str | _native.Array], at: Location | None) -> Log:
    made = tuple(p if isinstance(p, str) else _call.made(p, at) for p in parts)
    return Log(made, *(at or (None, None)))


def _parts(value: Any) -> Iterator[str | Tensor]:
    """Text and tensors of a value, containers taken apart."""
    if isinstance(value, Tensor):
        yield value
    elif not any(True for _ in tensors(value)):
        yield str(value)
    elif isinstance(value, Mapping):
        yield "{"
        for key, item in value.items():
            yield f"{key}:"
            yield from _parts(item)
        yield "}"
    elif isinstance(value, list | tuple):
        yield "["
        for item in value:
            yield from _parts(item)
        yield "]"
    else:
        yield str(value)


def _merged(parts: Iterator[str | Tensor]) -> Iterator[str | Tensor]:
    """The same with texts that follow each other as one."""
    text: list[str] = []
    for part in parts:
        if isinstance(part, str):
            text.append(part)
            continue
        if text:
            yield " ".join(text)
            text = []
        yield part
    if text:
        yield " ".join(text)


def _short(tensor: Tensor) -> str:
    elements = tensor.numpy()
    if elements.ndim == 0:
        return str(elements[()])
    if elements.size <= SHOWN:
        return np.array2string(elements, separator=", ", precision=4, max_line_width=10_000)
    first = ", ".join(_number(x) for x in elements.reshape(-1)[:SHOWN])
    return f"{tensor.dtype.name}{list(tensor.shape)} [{first}, ...]"


def _number(x: Any) -> str:
    return f"{x:.4g}" if isinstance(x, np.floating) else str(x)
