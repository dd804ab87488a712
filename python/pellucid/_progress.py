"""How a download goes: a line on stderr, in terminals and notebooks only."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

_STEP_S = 0.1
_WIDTH = 24

Report = Callable[[str, str, int, "int | None"], None]


@contextmanager
def shown() -> Iterator[Report]:
    """A function to call as a download goes on; what it wrote is gone when the block ends."""
    line = _Line()
    try:
        yield line.report
    finally:
        line.write("")


class _Line:
    """One line, written over and over."""

    def __init__(self) -> None:
        self._is_shown = _is_read_by_people()
        self._written = 0
        self._next = 0.0

    def report(self, kind: str, text: str, done: int, total: int | None) -> None:
        if kind == "unreachable":
            message = f"the hub does not answer ({text}): the model is opened as the cache has it"
            warnings.warn(message, stacklevel=4)
        elif kind == "bytes":
            is_last = done == total
            if is_last or monotonic() >= self._next:
                self._next = monotonic() + _STEP_S
                self.write(_bar(text, done, total))
        elif kind == "waiting":
            self.write(f"{text}: another process downloads it")
        else:
            self.write(f"trying again: {text}")

    def write(self, text: str) -> None:
        if self._is_shown and (text or self._written):
            sys.stderr.write("\r" + text.ljust(self._written) + ("" if text else "\r"))
            sys.stderr.flush()
            self._written = len(text)


def _bar(file: str, done: int, total: int | None) -> str:
    if not total:
        return f"{file} {_size(done)}"
    full = round(_WIDTH * done / total)
    return f"{file} {'█' * full}{'░' * (_WIDTH - full)} {_size(done)} of {_size(total)}"


def _size(n: float) -> str:
    for unit in ("B", "kB", "MB"):
        if n < 1000:
            return f"{n:.0f} {unit}"
        n /= 1000
    return f"{n:.2f} GB"


def _is_read_by_people() -> bool:
    if os.environ.get("HF_HUB_DISABLE_PROGRESS_BARS", "0").upper() in {"1", "ON", "YES", "TRUE"}:
        return False
    is_terminal = getattr(sys.stderr, "isatty", lambda: False)()
    return bool(is_terminal) or "ipykernel" in sys.modules
