"""Sessions: several traces as one job, in which values flow from one to the next."""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pellucid import _native
from pellucid._location import here, shown
from pellucid._recorder import Recorder, leave_out_absent
from pellucid.errors import PellucidError, fault

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

_CURRENT: ContextVar[Session | None] = ContextVar("pellucid.session", default=None)


class Session:
    """Traces that run as one job when the block ends: `with model.session():`.

    Traces are recorded one after the other, of one model or of several. What an earlier one reads
    or computes can be used in a later one, and between them, without saving it. Only what is saved
    is kept after the block; inside it nothing has elements yet.

    ```python
    with model.session():
        with model.trace("Madrid is the capital of"):
            hidden = model.layers[5].output[:, -1]
        with model.trace("Paris is the capital of"):
            model.layers[5].output[:, -1] = hidden
            logits = model.lm_head.output[:, -1].save()
    ```
    """

    def __init__(self, model: _native.Model | None) -> None:
        """Not for users: `model.session()` and `pl.session()` make it."""
        self._model = model
        self._at = here()
        self._recorders: list[Recorder] = []
        self._models: list[_native.Model] = []
        self._between: Recorder | None = None
        self._containers: list[Any] = []
        self._token: Token[Session | None] | None = None
        self._was_entered = False

    def __enter__(self) -> Session:
        if self._was_entered:
            raise fault("open-trace", "this session has been entered before", "make a new one")
        outer = _CURRENT.get()
        if outer is not None:
            message = f"a session is open already, since {shown(outer._at)}"
            raise fault("open-trace", message, "its traces can be of several models")
        self._was_entered = True
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
        try:
            if raised is None:
                self._save_containers()
                self._pause()
                self._run()
        finally:
            for recorder in self._recorders:
                recorder.close()

    def explain(self) -> str:
        """What will run, trace by trace."""
        return "\n".join(
            f"trace {i}\n{recorder.trace().explain(recorder.model)}"
            for i, recorder in enumerate(self._recorders)
        )

    def __repr__(self) -> str:
        return f"Session({len(self._recorders)} traces, {shown(self._at)})"

    def _add(self, recorder: Recorder) -> None:
        """Takes in a trace that begins."""
        self._pause()
        recorder.session = self
        self._recorders.append(recorder)
        # As it is now: edits that a handle gets later are for later traces.
        self._models.append(_native.copy_model(recorder.model))

    def _drop(self, recorder: Recorder) -> None:
        """Gives up a trace that failed; the numbers of the others stay."""
        at = self._recorders.index(recorder)
        self._recorders[at] = _nothing(recorder.model)

    def _import(self, into: Recorder, tensor: Tensor, value: _native.Handle) -> _native.Handle:
        """What a value of an earlier trace is in a later one."""
        earlier = value.recorder
        number = self._recorders.index(earlier)
        earlier.unused.discard(value)
        name = earlier.save(value, None, here())
        known = into.imported.get((number, name))
        if known is None:
            known = _native.import_value(into, number, name, value, here())
            into.imported[number, name] = known
        return known

    def _here(self) -> Recorder | None:
        """What is recorded into between two traces."""
        if self._between is None and (self._model is not None or self._recorders):
            from pellucid import _log  # which is built on tensors, and they on this

            model = self._model or self._recorders[-1].model
            between = Recorder(model, False, _log.to(None))
            self._add(between)
            self._between = between
        return self._between

    def keep_all(self, container: Any) -> None:
        """Saves at the end what stands in a container by then."""
        self._containers.append(container)

    def _save_containers(self) -> None:
        from pellucid._containers import tensors  # which is built on tensors, and they on this

        for container in self._containers:
            for _, tensor in tensors(container):
                if tensor.is_symbolic and tensor._name is None:
                    tensor.save()

    def _pause(self) -> None:
        """Ends what is recorded between traces."""
        if self._between is not None:
            self._between.pause()
            self._between = None

    def _run(self) -> None:
        for recorder in self._recorders:
            recorder.prepare()
        jobs = [
            (recorder.trace(), model, recorder._log, recorder.on_token)
            for recorder, model in zip(self._recorders, self._models, strict=True)
        ]
        try:
            results = _native.run_session(jobs)
        except PellucidError as raised:
            raise self._recorders[0].explained(raised) from None
        for recorder, result in zip(self._recorders, results, strict=True):
            recorder.fill(*result)
        leave_out_absent(self._containers)


def current_session() -> Session | None:
    """The session that is open."""
    return _CURRENT.get()


def session() -> Session:
    """A session over traces of any models: `with pl.session():`; see `Session`."""
    return Session(None)


def _nothing(model: _native.Model) -> Recorder:
    empty = Recorder(model)
    empty.pause()
    return empty
