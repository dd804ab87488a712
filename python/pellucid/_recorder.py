"""The recorder of one trace, and what it keeps for after the block."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from pellucid import _native
from pellucid._location import here
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid._structure import Structure
    from pellucid.tensor import Tensor


class Recorder(_native.Recorder):
    """A trace in the making. Its tensors have no elements until it has run."""

    is_open: bool = True

    def __init__(self, model: _native.Model) -> None:
        self.functions: dict[Hashable, tuple[_native.Body, Structure]] = {}
        """Functions recorded so far, by what they are and what they are called with."""
        self.n_bodies = 0
        """Functions, branches and loops that are being recorded, one in another."""
        self._model = model
        self._kept: list[tuple[Tensor, str]] = []
        self._adopted: list[tuple[Tensor, _native.Array]] = []

    def keep(self, tensor: Tensor, handle: _native.Handle, name: str | None) -> str:
        """Saves a value now and remembers whose it is; gives the result's name."""
        name = self.save(handle, name, here())
        self._kept.append((tensor, name))
        return name

    def adopt(self, tensor: Tensor, array: _native.Array) -> _native.Handle:
        """Makes a concrete tensor a value, so that it can be written to; it is saved at the end."""
        if self.n_bodies:
            message = "cannot write to a concrete tensor in a function, branch or loop of a trace"
            raise fault(
                "bad-argument", message, "give back what it would become, and write outside"
            )
        handle = self.constant_of(array, here())
        self._adopted.append((tensor, array))
        return handle

    def run(self) -> None:
        """Runs what was recorded and gives the saved tensors their elements."""
        try:
            for tensor, _ in self._adopted:
                tensor.save()
            arrays = dict(self.trace().run(self._model))
            self._adopted.clear()
            for tensor, name in self._kept:
                tensor._become(arrays[name])
        finally:
            self.close()

    def close(self) -> None:
        """Nothing can be recorded any more; what was concrete before the trace is so again."""
        for tensor, array in self._adopted:
            tensor._become(array)
        self.is_open = False
        self._adopted.clear()
        self._kept.clear()
