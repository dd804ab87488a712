"""Traces: what is written in the block of `model.trace(...)` is recorded; it runs at the end."""

from __future__ import annotations

import os
import warnings
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any

from pellucid import _chat, _native, _prompt
from pellucid._html import trace as page
from pellucid._location import here, shown
from pellucid._recorder import Recorder
from pellucid.errors import fault
from pellucid.trace import Trace

_CURRENT: ContextVar[Tracer | None] = ContextVar("pellucid.trace", default=None)


class Tracer:
    """One run of a model in the making: `with model.trace(prompt) as tracer:`."""

    def __init__(self, model: _native.Model, prompt: Any) -> None:
        """Not for users: `model.trace(...)` makes it."""
        self._model = model
        self._prompt = prompt
        self._at = here()
        self._was_entered = False
        self._recorder: Recorder | None = None
        self._invoke: int | None = None
        self._in_invoke = False
        self._token: Token[Tracer | None] | None = None

    def __enter__(self) -> Tracer:
        self._was_entered = True
        if self._recorder is not None:
            raise fault("open-trace", "this trace has been entered before", "make a new one")
        outer = _CURRENT.get()
        if outer is not None:
            message = f"a trace is open already, since {shown(outer._at)}"
            help = (
                "several prompts in one trace are `with tracer.invoke(prompt):`, one after another"
            )
            raise fault("open-trace", message, help)
        recorder = Recorder(self._model)
        if self._prompt is not None:
            self._invoke = recorder.invoke(_prompt.prompts(self._prompt), here())
        self._recorder = recorder
        self._token = _CURRENT.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            _CURRENT.reset(self._token)
            self._token = None
        recorder = self._entered()
        if raised is None:
            recorder.run()
        else:
            recorder.close()

    def __del__(self) -> None:
        if not self._was_entered:
            message = f"the trace of {shown(self._at)} never ran: `trace` needs `with`"
            warnings.warn(message, RuntimeWarning, stacklevel=2)

    def invoke(
        self,
        prompt: Any = None,
        *,
        messages: _chat.Messages | None = None,
        add_generation_prompt: bool = True,
    ) -> Invoker:
        """Adds an input: inside `with tracer.invoke(prompt):` the model's values are its rows.

        `messages` is a conversation instead, as for `model.trace`.
        """
        prompt = _chat.prompt(self._model, prompt, messages, add_generation_prompt)
        return Invoker(self, prompt)

    def stop(self) -> None:
        """Ends the run after what has been read and written so far."""
        self._open().stop(here())

    def explain(self) -> str:
        """What will run, site by site, what is left out, and what it costs."""
        return self._entered().trace().explain(self._model)

    @property
    def text(self) -> str:
        """The trace as text."""
        return self._trace().text

    @property
    def hash(self) -> str:
        """SHA-256 of what the trace does: its name."""
        return self._trace().hash

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the trace to a file: `.trace` is text, `.safetensors` the wire form.

        `pl.load_trace(path).run(model)` and `pellucid run` take either.
        """
        self._trace().save(path)

    def _trace(self) -> Trace:
        return Trace(self._entered().trace())

    def _repr_html_(self) -> str:
        if self._recorder is None:
            return page.not_entered(shown(self._at))
        state = "being recorded" if self._recorder.is_open else "has ended"
        trace = self._recorder.trace()
        return page.html(trace, f"{state}, {shown(self._at)}", self._model)

    def _entered(self) -> Recorder:
        if self._recorder is None:
            message = f"the trace of {shown(self._at)} was never entered"
            raise fault("no-trace", message, "write `with model.trace(...) as tracer:`")
        return self._recorder

    def _open(self) -> Recorder:
        recorder = self._entered()
        if not recorder.is_open:
            message = f"the trace of {shown(self._at)} has ended"
            raise fault("no-trace", message, "do this inside its block")
        return recorder


class Invoker:
    """One input of a trace: `with tracer.invoke(prompt):`."""

    def __init__(self, tracer: Tracer, prompt: Any) -> None:
        """Not for users: `tracer.invoke(...)` makes it."""
        self._tracer = tracer
        self._prompt = prompt

    def __enter__(self) -> Invoker:
        tracer = self._tracer
        recorder = tracer._open()
        if tracer._in_invoke:
            help = "end the one before; values flow between invokes by their names"
            raise fault("no-invoke", "an invoke cannot stand inside another", help)
        if tracer._invoke is not None:
            message = "this trace has its prompt already"
            help = "leave it out of `model.trace()` to give several by `tracer.invoke(prompt)`"
            raise fault("no-invoke", message, help)
        tracer._invoke = recorder.invoke(_prompt.prompts(self._prompt), here())
        tracer._in_invoke = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._tracer._invoke = None
        self._tracer._in_invoke = False


def open_recorder() -> Recorder | None:
    """The recorder of the open trace, if one is open."""
    tracer = _CURRENT.get()
    return None if tracer is None else tracer._open()


def recorder_for(model: _native.Model, what: str) -> Recorder:
    """The recorder of the open trace of a model, of which `what` is wanted."""
    tracer = _CURRENT.get()
    if tracer is None:
        help = "values exist inside `with model.trace(prompt):`"
        raise fault("no-trace", f"`{what}` outside of a trace", help)
    if tracer._model is not model:
        message = f"`{what}` of `{model.name}` inside a trace of `{tracer._model.name}`"
        raise fault(
            "no-trace", message, "a trace is of one model; saved values go from one to another"
        )
    return tracer._open()


def invoke_for(model: _native.Model, what: str) -> tuple[Recorder, int]:
    """Recorder and invoke whose rows are meant where `what` is written."""
    recorder = recorder_for(model, what)
    tracer = _CURRENT.get()
    if tracer is None or tracer._invoke is None:
        help = "put it inside `with tracer.invoke(prompt):`, or give `model.trace` the prompt"
        raise fault("no-invoke", f"`{what}` outside of an invoke: whose rows?", help)
    return recorder, tracer._invoke
