"""Tensors: symbolic inside a trace, concrete after it, the same object and the same methods.

A symbolic tensor has a shape and a dtype and stands for a line of the trace. Leaving the block
makes the saved ones concrete: then NumPy and PyTorch read their memory without copying.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any, overload

import numpy as np

from pellucid import _call, _habits, _index, _native
from pellucid._call import Native, TensorLike
from pellucid._create import New
from pellucid._current import session_recorder
from pellucid._elements import Elements
from pellucid._gradients import Gradients
from pellucid._html import tensor as page
from pellucid._lengths import with_open
from pellucid._location import Location, here
from pellucid._places import Places
from pellucid._recorder import Recorder
from pellucid._reduce import Reductions
from pellucid.dtype import DType, dtype
from pellucid.errors import fault


class Tensor(Places, Reductions, New, Elements, Gradients):
    """A value of a model or made from one, with PyTorch's methods and meaning."""

    __slots__ = ("__weakref__", "_at", "_name", "_value")

    def __init__(self, value: Native, at: Location | None = None) -> None:
        """Not for users: values come from a trace, other tensors from `pl.tensor`."""
        self._value = value
        self._at = at
        self._name: str | None = None
        if isinstance(value, _native.Handle):
            value.recorder.remember(self)

    # What it is.

    @property
    def is_symbolic(self) -> builtins.bool:
        """True while it stands for a line of a trace and has no elements."""
        value = self._value
        return isinstance(value, _native.Handle) and not value.recorder.has_elements

    @property
    def _is_recorded(self) -> builtins.bool:
        """Whether it stands for a line of a trace, with elements (in a live one) or without."""
        return isinstance(self._value, _native.Handle)

    @property
    def exists(self) -> builtins.bool:
        """False for a value saved at a step that the generation ended before."""
        value = self._value
        return not isinstance(value, _native.Handle) or self._name not in value.recorder.absent

    @property
    def shape(self) -> tuple[builtins.int, ...]:
        """Length of each axis; known while recording too, unless it depends on elements."""
        value = self._value
        if isinstance(value, _native.Array):
            return value.shape
        value.recorder.unused.discard(value)
        shape = value.shape
        if None in shape:
            return with_open(shape, value.bounds, value.recorder.is_edit)
        return shape  # type: ignore[return-value]

    @property
    def dtype(self) -> DType:
        """The element type; known while recording too."""
        self._used()
        return dtype(self._value.dtype)

    @property
    def ndim(self) -> builtins.int:
        """Number of axes."""
        return len(self.shape)

    def dim(self) -> builtins.int:
        """Number of axes."""
        return len(self.shape)

    @overload
    def size(self) -> tuple[builtins.int, ...]: ...
    @overload
    def size(self, dim: builtins.int) -> builtins.int: ...
    def size(self, dim: builtins.int | None = None) -> tuple[builtins.int, ...] | builtins.int:
        """The shape, or one length of it."""
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> builtins.int:
        """Number of elements."""
        n = 1
        for length in self.shape:
            n *= length
        return n

    def __len__(self) -> builtins.int:
        if not self.shape:
            raise TypeError("a tensor without axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError("a tensor without axes has nothing to iterate over")
        return (self[i]._used() for i in range(len(self)))

    def __repr__(self) -> str:
        if self.is_symbolic:
            return f"tensor(<no elements yet>, shape={list(self.shape)}, dtype={self.dtype.name})"
        text = np.array2string(self.numpy(), separator=", ", prefix="tensor(", precision=4)
        default = self.dtype in ("float32", "int64", "bool")
        return f"tensor({text})" if default else f"tensor({text}, dtype={self.dtype.name})"

    def __str__(self) -> str:
        if self.is_symbolic:
            hint = "<no elements yet; pl.log prints them as the trace runs>"
            return f"tensor({hint}, shape={list(self.shape)}, dtype={self.dtype.name})"
        return repr(self)

    def _repr_html_(self) -> str:
        return page.html(self)

    # Traces.

    def save(self, name: str | None = None) -> Tensor:
        """Keeps the value as it is now: after the block this object is concrete.

        `name` is what the result is called in the trace's text form.
        """
        handle = self._value
        if isinstance(handle, _native.Handle):
            recorder = handle.recorder
            if recorder.is_open or recorder.is_pending:
                recorder.unused.discard(handle)
            else:
                handle = self._imported(recorder, handle)
                recorder = handle.recorder
            self._name = recorder.keep(self, handle, name)
        return self

    @property
    def value(self) -> Tensor:
        """The tensor itself, once it is concrete: what a saved value was called in NNsight."""
        self._array()
        return self

    def _lowered(self) -> Native:
        value = self._value
        if isinstance(value, _native.Handle):
            recorder = value.recorder
            if not recorder.is_open:
                return self._imported(recorder, value)
            recorder.unused.discard(value)
        return value

    def _imported(self, recorder: Recorder, value: _native.Handle) -> _native.Handle:
        """What the value of an earlier trace of the session is where it is used."""
        now = session_recorder() if recorder.is_pending else None
        if now is None or recorder.session is None or now.session is not recorder.session:
            raise recorder.without_elements(self._at, self._name)
        return recorder.session._import(now, self, value)

    def _is_of(self, recorder: Recorder) -> builtins.bool:
        """Whether it is a value of this trace."""
        value = self._value
        return isinstance(value, _native.Handle) and value.recorder is recorder

    def _is_unsaved(self, recorder: Recorder) -> builtins.bool:
        """Whether it is a value of this trace that nobody has saved."""
        value = self._value
        return isinstance(value, _native.Handle) and (
            value.recorder is recorder and self._name is None
        )

    def _used(self) -> Tensor:
        """Says that somebody wanted it, so that nobody is warned of it."""
        if isinstance(self._value, _native.Handle):
            self._value.recorder.unused.discard(self._value)
        return self

    def _become(self, array: _native.Array) -> None:
        """Takes its elements, when the trace has run."""
        self._value = array
        self._name = None

    def __copy__(self) -> Tensor:
        return Tensor(self._value, self._at)

    def __deepcopy__(self, memo: Any) -> Tensor:
        return self.clone()

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.numpy(), self.dtype.name)

    # Indexing and writing.

    def __getitem__(self, index: Any) -> Tensor:
        value = self._lowered()
        if isinstance(value, _native.Handle):
            _habits.warn_of_tuple_index(value, index)
        return _call.one("index", value, _index.lower(index, self.shape))

    def __setitem__(self, index: Any, value: TensorLike) -> None:
        target = self._target()
        at = here()
        target.recorder.set_item(target, _index.lower(index, self.shape), _call.operand(value), at)
        self._renew()

    def copy_(self, src: TensorLike) -> Tensor:
        """Writes `src` to this tensor, broadcast and converted."""
        target = self._target()
        target.recorder.assign(target, _call.operand(src), here())
        self._renew()
        return self

    def fill_(self, value: TensorLike) -> Tensor:
        """Writes one number to every element."""
        lowered = _call.operand(value)
        if not isinstance(lowered, builtins.int | builtins.float) and lowered.shape:
            message = f"`fill_`: `value` must be one number, got shape {list(lowered.shape)}"
            raise fault("shape-mismatch", message, "`copy_` broadcasts")
        return self.copy_(value)

    def zero_(self) -> Tensor:
        """Writes 0 to every element."""
        return self.copy_(0)

    def _update(self, made: Tensor) -> Tensor:
        target = self._target()
        target.recorder.update(target, made._lowered(), here())
        self._renew()
        return self

    def _augmented(self, made: Tensor) -> Tensor:
        """What `tensor += ...` leaves in the name: concrete tensors make way for the result."""
        return self._update(made) if self._is_recorded or made._is_recorded else made

    def _target(self) -> _native.Handle:
        """What can be written to. In a trace, a concrete tensor becomes a value of it."""
        target = self._lowered()
        if isinstance(target, _native.Handle):
            self._value = target
            return target
        recorder = session_recorder()
        if recorder is None:
            message = "cannot write to a concrete tensor: its memory is shared and read-only"
            raise fault("bad-argument", message, "`np.array(tensor)` makes a copy of your own")
        self._value = recorder.adopt(self, target)
        return self._value

    def _renew(self) -> None:
        """Saves again what was saved and then written to by this name."""
        if self._name is not None:
            self.save()

    # PyTorch's words for rows of the table.

    def to(self, target: Any) -> Tensor:
        """Converts to an element type; `"cpu"` changes nothing."""
        if str(target) == "cpu":
            return self
        return _call.one("to", self._lowered(), _call.dtype_name(target))

    def where(self, condition: TensorLike, other: TensorLike) -> Tensor:
        """Takes `self` where `condition` (bool) holds, else `other`."""
        return _call.one("where", _call.tensor(condition), self._lowered(), _call.operand(other))

    def cpu(self) -> Tensor:
        """Gives itself: values are in main memory."""
        return self

    def float(self) -> Tensor:
        """Converts to float32."""
        return self.to("float32")

    def double(self) -> Tensor:
        """Converts to float64."""
        return self.to("float64")

    def half(self) -> Tensor:
        """Converts to float16."""
        return self.to("float16")

    def bfloat16(self) -> Tensor:
        """Converts to bfloat16."""
        return self.to("bfloat16")

    def long(self) -> Tensor:
        """Converts to int64."""
        return self.to("int64")

    def int(self) -> Tensor:
        """Converts to int32."""
        return self.to("int32")

    def bool(self) -> Tensor:
        """Tests for elements that are not zero."""
        return self.to("bool")


_call.Base._made = Tensor


def _again(elements: np.ndarray[Any, Any], dtype: str) -> Tensor:
    """A tensor that was pickled."""
    return Tensor(_call.tensor(elements)).to(dtype)
