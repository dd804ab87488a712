"""Traces: what is written in the block of `model.trace(...)` is recorded; it runs at the end."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from contextvars import Token
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pellucid import _chat, _prompt
from pellucid._current import CURRENT, invoke_for
from pellucid._html import trace as page
from pellucid._location import Location, here, shown
from pellucid._recorder import Recorder
from pellucid._whole import WHOLE, WholeBatch, no_rows
from pellucid.errors import error, fault
from pellucid.session import current_session
from pellucid.trace import Trace

if TYPE_CHECKING:
    from pellucid._log import Log
    from pellucid._meter import Meter
    from pellucid.cache import Cache
    from pellucid.envoy import Envoy
    from pellucid.session import Session
    from pellucid.steps import ChosenSteps, Steps
    from pellucid.tensor import Tensor


class Tracer:
    """One run of a model in the making: `with model.trace(prompt) as tracer:`."""

    _word = "trace"
    """How the model's method is called that made it."""

    def __init__(
        self,
        root: Envoy,
        prompt: Any,
        *,
        live: bool = False,
        log: Callable[[Log], object] | None = None,
    ) -> None:
        """Not for users: `model.trace(...)` makes it."""
        self._is_live = live
        self._log = log
        self._root = root
        self._model = root._model
        self._prompt = prompt
        self._at = here()
        self._was_entered = False
        self._recorder: Recorder | None = None
        self._invoke: int | None = None
        self._in_invoke = False
        self._step = 0
        self._nexts: dict[str, int] = {}
        self._repeats = False
        self._caches: list[Cache] = []
        self._late: list[tuple[int, Callable[[], None]]] = []
        self._n_invokes = 0
        self._saw_all: Location | None = None
        self._token: Token[Tracer | None] | None = None

    def __enter__(self) -> Tracer:
        self._was_entered = True
        if self._recorder is not None:
            raise fault("open-trace", "this trace has been entered before", "make a new one")
        outer = CURRENT.get()
        if outer is not None:
            message = f"a trace is open already, since {shown(outer._at)}"
            help = (
                "several prompts in one trace are `with tracer.invoke(prompt):`, one after another"
            )
            raise fault("open-trace", message, help)
        recorder = self._new_recorder()
        self._prepare(recorder)
        session = current_session()
        if session is not None:
            self._join(session, recorder)
        if self._prompt is not None:
            self._invoke = recorder.invoke(_prompt.prompts(self._prompt), here())
        self._recorder = recorder
        self._token = CURRENT.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        recorder = self._entered()
        try:
            if raised is None:
                self._end_block()
            self._leave()
            if raised is None:
                self._finish(recorder)
            elif recorder.session is not None:
                recorder.session._drop(recorder)
        finally:
            self._leave()
            if recorder.is_open:
                recorder.close()

    def _new_recorder(self) -> Recorder:
        from pellucid import _log  # which is built on tensors, and they on this

        return Recorder(self._model, self._is_live, _log.to(self._log))

    def _leave(self) -> None:
        if self._token is not None:
            CURRENT.reset(self._token)
            self._token = None

    def _prepare(self, recorder: Recorder) -> None:
        """Says what kind of trace it is, before there is an input."""

    def _finish(self, recorder: Recorder) -> None:
        if not recorder.has_invoke:
            message = f"the trace of {shown(self._at)} has no prompt"
            help = "give it one, `model.trace(prompt)`, or several by `tracer.invoke(prompt)`"
            raise error("no-invoke", message, help, *(self._at or ()))
        self._run(recorder)

    def _run(self, recorder: Recorder) -> None:
        if recorder.session is not None:
            recorder.pause()
        elif not recorder.is_live:
            recorder.run()

    def _join(self, session: Session, recorder: Recorder) -> None:
        if recorder.is_live:
            message = "a live trace cannot be part of a session, which runs when its block ends"
            raise fault("bad-argument", message, "leave out `live=True`, or the session")
        session._add(recorder)

    def _end_block(self) -> None:
        """Does what waits for the end of an invoke."""
        late, self._late = self._late, []
        for step, act in late:
            self._go_to(step)
            act()
        recorder = self._entered()
        if recorder.whole is not None:
            recorder.whole.put_back()
        self._fill_caches()

    def _fill_caches(self) -> None:
        """Reads what caches are to hold, as it is at the end of an invoke."""
        caches, self._caches = self._caches, []
        for cache in caches:
            cache._fill()

    def __del__(self) -> None:
        if not self._was_entered:
            message = f"the trace of {shown(self._at)} never ran: `{self._word}` needs `with`"
            file, line = self._at or ("<unknown>", 1)
            warnings.warn_explicit(message, RuntimeWarning, file, line)

    def invoke(
        self,
        prompt: Any = None,
        *,
        input_ids: Any = None,
        attention_mask: Any = None,
        messages: _chat.Messages | None = None,
        add_generation_prompt: bool = True,
    ) -> Invoker:
        """Adds an input: inside `with tracer.invoke(prompt):` the model's values are its rows.

        `messages` is a conversation instead, as for `model.trace`. Without a prompt it adds none:
        values are then the rows of all invokes before it, one after the other, aligned to the
        right as those of one invoke are, and what is written goes to each of them.
        """
        prompt = _prompt.given(prompt, input_ids, attention_mask)
        prompt = _chat.prompt(self._model, prompt, messages, add_generation_prompt)
        return Invoker(self, prompt)

    def _add(self, recorder: Recorder, prompt: Any) -> int:
        """Adds an input, before all invokes that see the whole batch."""
        if self._saw_all is not None:
            message = "an invoke with a prompt cannot follow one without, which saw the whole batch"
            help = f"put the `tracer.invoke()` of {shown(self._saw_all)} after it"
            raise fault("no-invoke", message, help)
        self._n_invokes += 1
        return recorder.invoke(_prompt.prompts(prompt), here())

    def _see_all(self, recorder: Recorder) -> None:
        """Has the invoke that begins see the rows of all before it."""
        if not self._n_invokes:
            raise no_rows("an invoke", self._at)
        self._saw_all = here()
        recorder.whole = WholeBatch(recorder, self._model, self._n_invokes)
        self._invoke = WHOLE

    def cache(
        self,
        modules: Any = None,
        *,
        include_inputs: bool = False,
        dtype: Any = None,
        device: str | None = None,
    ) -> Cache:
        """Saves the outputs of many modules at once, as they are at the end of this invoke.

        `modules` is a module, its path, a pattern of paths, or a list of these; all modules if it
        is left out. In a pattern `*` stands for any part of one name and `**` for any number of
        names: `"model.layers.*.mlp"`, `"**.*_proj"`. A list of modules stands for what is in it.
        Inputs are saved too if `include_inputs`; floating-point values are converted to `dtype`.
        `device` can only be the host's, `"cpu"`.

        Modules that do not run, for they are skipped or come after `tracer.stop()`, are left out.
        After the block, `cache["model.layers.0"].output` and `cache.model.layers[0].output` are
        tensors.

        Raises `PathError` for what leads to no module.
        """
        # Both are built on envoys, and envoys on this.
        from pellucid._choice import chosen
        from pellucid.cache import Cache

        if str(device) not in ("None", "cpu"):
            message = f"`device` cannot be `{device}`: values are in main memory"
            raise fault("bad-argument", message, 'leave it out, or say `device="cpu"`')
        _, invoke, _ = invoke_for(self._model, "tracer.cache", "", "")
        points = ("input", "output") if include_inputs else ("output",)
        wanted = chosen(self._root, modules)
        recorder = self._open()
        cache = Cache(self._root, recorder, invoke, range(self._n_steps), wanted, points, dtype)
        cache._reserve()
        self._caches.append(cache)
        return cache

    def barrier(self, n: int) -> Callable[[], None]:
        """Does nothing: values flow between invokes in whatever order they are written.

        It is here for scripts that were written for NNsight, where each of `n` invokes calls it.
        """
        self._open()
        if n < 1:
            raise fault("bad-argument", f"a barrier is for at least one invoke, got {n}")
        return lambda: None

    @property
    def iter(self) -> Steps:
        """Steps of the generation, to record at: `for step in tracer.iter[:]:`."""
        from pellucid.steps import Steps

        return Steps(self)

    def all(self) -> ChosenSteps:
        """All steps of the generation: `for step in tracer.all():`."""
        return self.iter[:]

    def next(self) -> Tracer:
        """Goes on to the next step: what is read and written from here on is that step's."""
        self._open()
        if self._repeats:
            message = "`tracer.next()` in a `with` block over several steps"
            raise fault("bad-argument", message, "write `for step in tracer.iter[...]:`")
        if self._step + 1 >= self._n_steps:
            message = f"there is no step after step {self._step}"
            raise fault("index-out-of-range", message, "`max_new_tokens` says how many there are")
        self._go_to(self._step + 1)
        return self

    @property
    def _n_steps(self) -> int:
        """Forward passes that there may be."""
        return 1

    def _comes_to(self, step: int) -> bool:
        """Whether there is a step; a trace that is only recorded takes it for granted."""
        return self._invoke is None or self._open().reach_step(step, here())

    def _go_to(self, step: int) -> None:
        self._step = step
        self._nexts.clear()

    def _step_of(self, path: str, point: str) -> int:
        """The step meant where a site is used."""
        if (path, point) == ("generator", "output"):
            return 0  # it is there once, at the end
        return self._step + self._nexts.get(path, 0)

    @property
    def result(self) -> Tensor:
        """What the run gives: the model's output; of a generation the ids, prompt and new ones.

        Ids are int64 `[b, prompt + new]`; prompts of different lengths are aligned to the right,
        and rows that ended before others filled up with the pad token, as in transformers.
        """
        return self._root._read("output")

    def stop(self) -> None:
        """Ends the run after what has been read and written so far."""
        self._open().stop(here())

    def explain(self) -> str:
        """What will run, site by site, what is left out, and what it costs."""
        return self._entered().trace().explain(self._model)

    @property
    def meter(self) -> Meter:
        """What the run took: bytes at its peak, tokens, seconds; there once the block has ended."""
        meter = self._entered().meter
        if meter is None:
            message = f"the trace of {shown(self._at)} has not run"
            raise fault("no-trace", message, "a live trace and a scanned one have no meter")
        return meter

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
            raise fault("no-trace", message, f"write `with model.{self._word}(...) as tracer:`")
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
        if self._prompt is None:
            tracer._see_all(recorder)
        else:
            tracer._invoke = tracer._add(recorder, self._prompt)
        tracer._in_invoke = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if raised is None:
                self._tracer._end_block()
        finally:
            self._tracer._open().whole = None
            self._tracer._invoke = None
            self._tracer._in_invoke = False
            self._tracer._go_to(0)
            self._tracer._entered().end_invoke()
