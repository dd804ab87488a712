"""The trace that is open: which recorder, invoke and step are meant where something is written."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

from pellucid import _native
from pellucid._recorder import Recorder
from pellucid.errors import fault
from pellucid.session import current_session

if TYPE_CHECKING:
    from pellucid.tracer import Tracer

CURRENT: ContextVar[Tracer | None] = ContextVar("pellucid.trace", default=None)


def session_recorder() -> Recorder | None:
    """The recorder of the open trace, or what is recorded into between traces of a session."""
    found = open_recorder()
    session = current_session()
    return found if found is not None or session is None else session._here()


def open_recorder() -> Recorder | None:
    """The recorder of the open trace, if one is open."""
    tracer = CURRENT.get()
    return None if tracer is None else tracer._open()


def before_the_end(act: Callable[[], None]) -> None:
    """Has something done when the invoke that is being recorded ends."""
    tracer = CURRENT.get()
    if tracer is not None:
        tracer._late.append((tracer._step, act))


def recorder_of(model: _native.Model) -> Recorder | None:
    """The recorder of the open trace, if it is of this model."""
    tracer = CURRENT.get()
    return tracer._open() if tracer is not None and tracer._model is model else None


def weights_recorder(model: _native.Model, what: str) -> Recorder:
    """The recorder of the open trace of this model, whose weights `what` are to be written."""
    recorder = recorder_of(model)
    if recorder is None:
        message = f"cannot write `{what}`: a model's weights are changed by an edit"
        help = "`with model.edit() as edited:` and `edited` instead of `model` in its block"
        raise fault("read-only-parameter", message, help)
    return recorder


def recorder_for(model: _native.Model, what: str) -> Recorder:
    """The recorder of the open trace of a model, of which `what` is wanted."""
    tracer = CURRENT.get()
    if tracer is not None and tracer._model is not model and tracer._word == "edit":
        message = f"`{what}` of another handle of `{model.name}` inside an edit"
        help = "`with model.edit() as edited:`: in its block write `edited` instead of `model`"
        raise fault("no-trace", message, help)
    if tracer is None:
        help = "values exist inside `with model.trace(prompt):`"
        raise fault("no-trace", f"`{what}` outside of a trace", help)
    if tracer._model is not model:
        message = f"`{what}` of `{model.name}` inside a trace of `{tracer._model.name}`"
        raise fault(
            "no-trace", message, "a trace is of one model; saved values go from one to another"
        )
    return tracer._open()


def place_of(model: _native.Model, path: str, point: str) -> tuple[Recorder, int, int] | None:
    """Recorder, invoke and step that are meant where a site is used, if nothing is wrong there."""
    tracer = CURRENT.get()
    if tracer is None or tracer._model is not model or tracer._invoke is None:
        return None
    recorder = tracer._recorder
    if recorder is None or not recorder.is_open:
        return None
    return recorder, tracer._invoke, tracer._step_of(path, point)


def invoke_for(model: _native.Model, what: str, path: str, point: str) -> tuple[Recorder, int, int]:
    """Recorder, invoke and step that are meant where `what` is written."""
    recorder = recorder_for(model, what)
    tracer = CURRENT.get()
    if tracer is None or tracer._invoke is None:
        help = "put it inside `with tracer.invoke(prompt):`, or give `model.trace` the prompt"
        raise fault("no-invoke", f"`{what}` outside of an invoke: whose rows?", help)
    return recorder, tracer._invoke, tracer._step_of(path, point)


def next_of(model: _native.Model, what: str, path: str) -> None:
    """Makes the next step the one that is meant where a module's sites are used."""
    invoke_for(model, what, path, "")
    tracer = CURRENT.get()
    if tracer is None:
        return
    if tracer._repeats:
        message = f"`{what}` in a `with` block over several steps, which is of each of them"
        raise fault("bad-argument", message, "write `for step in tracer.iter[...]:`")
    step = tracer._step_of(path, "") + 1
    if step >= tracer._n_steps:
        message = f"`{what}`: there is no step {step}"
        raise fault("index-out-of-range", message, "`max_new_tokens` says how many there are")
    tracer._nexts[path] = step - tracer._step
