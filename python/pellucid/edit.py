"""Edits: what a handle of a model does in every trace, and what its weights are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pellucid import _native
from pellucid._html import trace as page
from pellucid._recorder import Recorder
from pellucid.errors import fault
from pellucid.trace import Trace
from pellucid.tracer import Tracer

if TYPE_CHECKING:
    from pellucid.model import Model
    from pellucid.session import Session


class Edit(Trace):
    """What is done in every trace of a model, and what its weights become: data, like a trace.

    `model.edits` lists those of a handle, `edit.save(path)` writes one to a file, `pl.load_edit`
    reads it and `model.with_edit(edit)` has it.
    """

    @property
    def places(self) -> list[str]:
        """Paths of what it writes."""
        return [path for kind, path in _effects(self.text) if kind in ("write", "set", "skip")]

    def __repr__(self) -> str:
        return f"Edit({self.hash[:12]}, {self.model_name or 'any model'})"

    def _repr_html_(self) -> str:
        return page.html(self._inner, f"an edit for {self.model_name or 'any model'}")


class Editor(Tracer):
    """An edit in the making: `with model.edit() as edited:`."""

    _word = "edit"

    def __init__(self, model: Model, inplace: bool, steps: int | None) -> None:
        """Not for users: `model.edit()` makes it."""
        if steps is not None and steps < 1:
            message = f"`steps` is how many steps of a generation an edit is for, got {steps}"
            raise fault("bad-argument", message, "1 is the prompt's, left out it is for all")
        super().__init__(model, None)
        self._given = model
        self._is_inplace = inplace
        self._steps = steps

    def __enter__(self) -> Any:
        if self._recorder is None:
            self._root = self._given if self._is_inplace else self._given._copy()
            self._model = self._root._model
        super().__enter__()
        self._invoke = 0
        return self._root

    def _new_recorder(self) -> Recorder:
        recorder = Recorder(self._model, edit=self._steps or 0)
        recorder.has_invoke = True
        return recorder

    def _join(self, session: Session, recorder: Recorder) -> None:
        """Stays outside: it is made now, for the traces that follow."""

    def _run(self, recorder: Recorder) -> None:
        recorder.unused.warn()
        _native.add_edit(self._model, recorder.trace())


def load_edit(path: str | os.PathLike[str]) -> Edit:
    """Reads an edit from a file in text or wire form, whichever it is.

    Raises `EditError` for a trace, which has prompts.
    """
    native = _native.Trace.load(os.fspath(path))
    if not native.is_edit:
        message = f"`{os.fspath(path)}` is a trace, which has prompts, and no edit"
        raise fault("no-edit", message, "`pl.load_trace(path).run(model)` runs it")
    return Edit(native)


def _effects(text: str) -> list[tuple[str, str]]:
    """Statements that write, from the text of an edit: what they do, and where."""
    found = []
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        parts = rest.split(" ")
        if word in ("write", "skip"):
            found.append((word, parts[1]))
        elif word == "set":
            found.append((word, parts[0]))
    return found
