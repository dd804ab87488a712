"""Traces as files: an experiment that is written down, named by a hash, and run again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pellucid import _call, _native
from pellucid._html import trace as page
from pellucid._location import here
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid.model import Model
    from pellucid.tensor import Tensor


class Trace:
    """An experiment: prompts, and what to read, compute, write and save around them."""

    def __init__(self, inner: _native.Trace) -> None:
        """Not for users: `pl.load_trace(path)` makes it."""
        self._inner = inner

    @property
    def model_name(self) -> str | None:
        """The model it was recorded for, if it says so."""
        return self._inner.model

    @property
    def text(self) -> str:
        """The trace as text, to be read, compared and edited."""
        return self._inner.text

    @property
    def hash(self) -> str:
        """SHA-256 of what it does: equal for two traces that do the same in the same words."""
        return self._inner.hash

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes it to a file: `.trace` is text, `.safetensors` the wire form.

        Both hold everything. Text is for people; constants of many elements are smaller and faster
        in the wire form. `pl.load_trace` and `pellucid run` take either.
        """
        name = os.fspath(path)
        suffix = os.path.splitext(name)[1]
        if suffix == ".trace":
            data = self.text.encode()
        elif suffix == ".safetensors":
            data = self._inner.wire()
        else:
            help = "`.trace` is the text form, `.safetensors` the wire form"
            raise fault("bad-argument", f"cannot tell from `{name}` which form is wanted", help)
        with open(name, "wb") as file:
            file.write(data)

    def explain(self, model: Model) -> str:
        """What will run in a model, site by site, what is left out, and what it costs."""
        return self._inner.explain(model._model)

    def run(self, model: Model) -> dict[str, Tensor]:
        """Runs it in a model; the saved values by name.

        Values of steps that a generation ended before are not among them.
        """
        from pellucid._log import hear  # which is built on tensors

        at = here()
        arrays, *_ = self._inner.run(model._model, hear)
        return {name: _call.made(array, at) for name, array in arrays}

    def _repr_html_(self) -> str:
        return page.html(self._inner, f"for {self.model_name or 'any model'}")

    def __repr__(self) -> str:
        return f"Trace({self.hash[:12]}, {self.model_name or 'any model'})"


def load_trace(path: str | os.PathLike[str]) -> Trace:
    """Reads a trace from a file in text or wire form, whichever it is."""
    return Trace(_native.Trace.load(os.fspath(path)))
