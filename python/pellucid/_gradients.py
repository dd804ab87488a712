"""Gradients as PyTorch has them: `loss.backward()`, `value.grad`, `pl.grad`.

A backward pass is a line of the trace. In its `with` block `h.grad` is the gradient as it flows by:
what is written to it is what flows on. Without a block `h.grad` is a copy, summed over the passes
so far.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pellucid import _call, _native
from pellucid._call import TensorLike
from pellucid._location import here
from pellucid.errors import GradientError, fault

if TYPE_CHECKING:
    from pellucid._recorder import Recorder
    from pellucid.tensor import Tensor

__all__ = ["enable_grad", "grad", "no_grad"]


class Backwards:
    """The backward passes of a trace so far."""

    def __init__(self) -> None:
        self.made: list[_native.Handle] = []
        self.entered: list[_native.Handle] = []
        """Those whose `with` blocks are open, each inside the one before."""


class Backward:
    """A backward pass; in its `with` block gradients can be changed as they flow."""

    def __init__(self, recorder: Recorder, handle: _native.Handle) -> None:
        """Not for users: `loss.backward()` makes it."""
        self._recorder = recorder
        self._handle = handle

    def __enter__(self) -> Backward:
        self._recorder.backwards.entered.append(self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._recorder.backwards.entered.remove(self._handle)

    def __repr__(self) -> str:
        return "<backward pass: `value.grad` is a gradient in it>"


class Gradients(_call.Base):
    """What a tensor says of gradients."""

    __slots__ = ()

    def backward(
        self,
        gradient: TensorLike | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: TensorLike | Sequence[TensorLike] | None = None,
    ) -> Backward:
        """Runs a backward pass from here: then values that this was computed from have `.grad`.

        `gradient` is this value's own, of its shape; a value of one element needs none.
        `create_graph` has the gradients differentiable themselves. Nothing is freed before the
        trace ends, so `retain_graph` changes nothing; `inputs` is what gradients are wanted of,
        which `.grad` says as well. As `with loss.backward():` gradients can be read and written as
        they flow.

        Raises `GradientError` for integers, in a generation and in a live trace, and `ShapeError`
        for several elements without `gradient`.
        """
        handle = self._used()._value
        if not isinstance(handle, _native.Handle):
            raise fault(
                "no-gradient",
                "`backward` of a tensor that belongs to no trace: it was computed from nothing",
                "call it in the block of `model.trace(...)`, where values know what made them",
            )
        recorder = handle.recorder
        seeds = [] if gradient is None else [_call.tensor(gradient)]
        made = recorder.backward([handle], seeds, create_graph, here())
        recorder.backwards.made.append(made)
        return Backward(recorder, made)

    @property
    def grad(self) -> Tensor:
        """The gradient of this value: f32, or f64 for f64, in its shape.

        In the block of `with loss.backward():` it is what arrives in that pass, and writing to it
        changes what flows on; elsewhere a copy, summed over the trace's backward passes so far.

        Raises `GradientError` if no backward pass starts from what depends on this value.
        """
        recorder, value = _of(self)
        passes = recorder.backwards
        if passes.entered:
            return _call.made(recorder.gradient(passes.entered[-1], value, here()), here())
        total: Tensor | None = None
        failed: GradientError | None = None
        for handle in passes.made:
            try:
                found = _call.made(recorder.gradient(handle, value, here()), here())
            except GradientError as error:
                failed = error
                continue
            total = found.clone() if total is None else total + found
        if total is not None:
            return total
        if failed is not None:
            raise failed
        message = "the value has no gradient: the trace has no backward pass yet"
        raise fault("no-gradient", message, "call `loss.backward()` first")

    @grad.setter
    def grad(self, value: TensorLike) -> None:
        recorder, handle = _of(self)
        if not recorder.backwards.entered:
            raise fault(
                "no-gradient",
                "a gradient can be written only while it flows",
                "write it in the block of `with loss.backward():`",
            )
        recorder.set_gradient(recorder.backwards.entered[-1], handle, _call.operand(value), here())

    @property
    def requires_grad(self) -> bool:
        """Whether gradients can be asked for: of every floating value of a trace, and without cost
        where none is.
        """
        return self._value.dtype.startswith(("f", "bf"))

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Gives itself: every floating value has the gradient that is asked for."""
        if requires_grad and not self.requires_grad:
            message = f"a value of type {self._value.dtype} has no gradient: it is not floating"
            raise fault("no-gradient", message)
        return self._used()

    def retain_grad(self) -> None:
        """Does nothing: every value keeps the gradient that is asked for."""


def _of(tensor: Gradients) -> tuple[Recorder, _call.Native]:
    """The trace in which a tensor's gradient is meant, and what stands for it there."""
    from pellucid._current import open_recorder  # which is built on tensors

    value = tensor._used()._value
    recorder = value.recorder if isinstance(value, _native.Handle) else open_recorder()
    if recorder is None:
        message = "a tensor that belongs to no trace has no gradient"
        raise fault("no-gradient", message, "`.save()` the gradient in the trace's block")
    return recorder, value


def grad(
    outputs: TensorLike | Sequence[TensorLike],
    inputs: TensorLike | Sequence[TensorLike],
    grad_outputs: TensorLike | Sequence[TensorLike] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of `outputs` with respect to `inputs`, as `torch.autograd.grad` gives them.

    One tensor for each input, in its shape, f32 (f64 for f64). Outputs of one element need no
    `grad_outputs`. With `allow_unused` an input that no output depends on has `None`, else it is a
    `GradientError`. `create_graph` has the gradients differentiable themselves.
    """
    listed = [outputs] if isinstance(outputs, _call.Base) else list(outputs)  # type: ignore[arg-type]
    wanted = [inputs] if isinstance(inputs, _call.Base) else list(inputs)  # type: ignore[arg-type]
    if grad_outputs is None:
        seeds: list[Any] = []
    else:
        given = [grad_outputs] if isinstance(grad_outputs, _call.Base) else grad_outputs
        seeds = [_call.tensor(seed) for seed in given]  # type: ignore[union-attr]
    values = [_call.tensor(output) for output in listed]
    handle = next((v for v in values if isinstance(v, _native.Handle)), None)
    if handle is None:
        message = "`grad` of tensors that belong to no trace: they were computed from nothing"
        raise fault("no-gradient", message, "call it in the block of `model.trace(...)`")
    recorder = handle.recorder
    made = recorder.backward(values, seeds, create_graph, here())
    found: list[Tensor | None] = []
    for item in wanted:
        try:
            found.append(_call.made(recorder.gradient(made, _call.tensor(item), here()), here()))
        except GradientError:
            if not allow_unused:
                raise
            found.append(None)
    return tuple(found)


@contextmanager
def no_grad() -> Iterator[None]:
    """What is computed in the block lets no gradient through, as `torch.no_grad` has it."""
    token = _call.NO_GRAD.set(True)
    try:
        yield
    finally:
        _call.NO_GRAD.reset(token)


@contextmanager
def enable_grad() -> Iterator[None]:
    """Undoes a `no_grad` around it."""
    token = _call.NO_GRAD.set(False)
    try:
        yield
    finally:
        _call.NO_GRAD.reset(token)
