"""The recorder of one trace, and what it keeps for after the block."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from pellucid import _native
from pellucid._location import here

if TYPE_CHECKING:
    from pellucid._structure import Structure
    from pellucid.tensor import Tensor


class Recorder(_native.Recorder):
    """A trace in the making. Its tensors have no elements until it has run."""

    is_open: bool = True

    def __init__(self, model: _native.Model) -> None:
        self.functions: dict[Hashable, tuple[_native.Body, Structure]] = {}
        """Functions recorded so far, by what they are and what they are called with."""
        self._model = model
        self._kept: list[tuple[Tensor, str]] = []

    def keep(self, tensor: Tensor, handle: _native.Handle, name: str | None) -> str:
        """Saves a value now and remembers whose it is; gives the result's name."""
        name = self.save(handle, name, here())
        self._kept.append((tensor, name))
        return name

    def run(self) -> None:
        """Runs what was recorded and gives the saved tensors their elements."""
        try:
            arrays = dict(self.trace().run(self._model))
            for tensor, name in self._kept:
                tensor._become(arrays[name])
        finally:
            self.close()

    def close(self) -> None:
        """Nothing can be recorded any more."""
        self.is_open = False
        self._kept.clear()
