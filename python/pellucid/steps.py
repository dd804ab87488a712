"""Steps of a generation, to record at: `for step in tracer.iter[1:4]:`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pellucid import _call, _native
from pellucid._location import Location, here
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid._recorder import Recorder
    from pellucid.tensor import Tensor
    from pellucid.tracer import Tracer


class Steps:
    """Which steps to record at: `tracer.iter[2]`, `tracer.iter[1:4]`, `tracer.iter[[0, 2]]`.

    Step 0 is the prompt's forward pass, each later one that of one new token. In a loop over them,
    `for step in tracer.iter[:]:`, what is read and written is the step's; Python's own `if` and
    lists work, and code after the loop runs once, at step 0 again. `with tracer.iter[1:4]:` is as
    in older scripts: Python runs its block once, and what it recorded is recorded again for the
    other steps.
    """

    def __init__(self, tracer: Tracer) -> None:
        """Not for users: `tracer.iter` makes it."""
        self._tracer = tracer

    def __getitem__(self, which: int | slice | Sequence[int]) -> ChosenSteps:
        at = here()
        n = self._tracer._n_steps
        if isinstance(which, slice):
            return ChosenSteps(self._tracer, _range(which, n, at))
        numbers = list(which) if isinstance(which, Sequence) else [which]
        for step in numbers:
            _check(step, n)
        return ChosenSteps(self._tracer, numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(self[:])


class ChosenSteps:
    """Some steps of a generation, for `for step in ...:`, or for `with ...:`."""

    def __init__(self, tracer: Tracer, numbers: Sequence[int]) -> None:
        """Not for users: `tracer.iter[...]` makes it."""
        self._tracer = tracer
        self._numbers = numbers
        self._before: list[int] = []
        self._blocks: list[Block] = []

    def __iter__(self) -> Iterator[int]:
        self._tracer._open()
        before = self._tracer._step
        try:
            for step in self._numbers:
                if not self._tracer._comes_to(step):
                    break
                self._tracer._go_to(step)
                yield step
        finally:
            self._tracer._go_to(before)

    def __len__(self) -> int:
        return len(self._numbers)

    def __enter__(self) -> int:
        recorder = self._tracer._open()
        if not self._numbers:
            message = "`with tracer.iter[...]:` has no step to be of"
            raise fault("bad-argument", message, "a `for` over no steps records nothing")
        if len(set(self._numbers)) > 1 and recorder.is_live:
            message = f"`with tracer.iter[...]:` is for one step, these are {len(self._numbers)}"
            help = "write `for step in tracer.iter[...]:`: a live trace runs what is written once"
            raise fault("bad-argument", message, help)
        if len(set(self._numbers)) > 1 and recorder.whole is not None:
            message = "`with tracer.iter[...]:` of an invoke without a prompt is for one step"
            raise fault("bad-argument", message, "write `for step in tracer.iter[...]:`")
        self._before.append(self._tracer._step)
        self._tracer._go_to(self._numbers[0])
        self._blocks.append(Block(self._tracer, recorder, self._numbers))
        return self._numbers[0]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        block = self._blocks.pop()
        try:
            if raised is None:
                block.repeat()
        finally:
            self._tracer._go_to(self._before.pop())


class Block:
    """What `with tracer.iter[...]:` records at its first step, and again at the others.

    Python runs the block once. So a tensor saved in it is in the end that of the last step that
    was made, and a list of `pl.list()` has what was appended to it once for each step. Other
    values of the block cannot be used after it.
    """

    def __init__(self, tracer: Tracer, recorder: Recorder, numbers: Sequence[int]) -> None:
        first, *self._others = dict.fromkeys(numbers)
        self._tracer = tracer
        self._outer = tracer._repeats
        tracer._repeats = tracer._repeats or bool(self._others)
        self._n_late = len(tracer._late)
        self._recorder = recorder
        self._first = first
        self._mark = _native.begin_steps(recorder, first)
        self._n_kept = len(recorder._kept)
        self._n_adopted = len(recorder._adopted)
        self._n_touched = len(recorder.touched)
        self._lengths = {id(kept): len(kept) for kept in recorder._containers}

    def repeat(self) -> None:
        """Records the block for the other steps."""
        recorder, tracer = self._recorder, self._tracer
        tracer._repeats = self._outer
        if not self._others:
            return
        late, tracer._late = tracer._late[self._n_late :], tracer._late[: self._n_late]
        for _, act in late:
            act()
        kept = [tensor for tensor, _ in recorder._kept[self._n_kept :]]
        lists = [c for c in recorder._containers if isinstance(c, list)]
        added = [_tensors_in(c[self._lengths.get(id(c), 0) :]) for c in lists]
        wanted = [*kept, *(tensor for tensors in added for tensor in tensors)]
        handles = [tensor._lowered() for tensor in wanted]
        native = [h for h in handles if isinstance(h, _native.Handle)]
        taken = [tensor for tensor, _ in recorder._adopted[self._n_adopted :]]
        adopted = [t._value for t in taken if isinstance(t._value, _native.Handle)]
        again = _native.repeat_steps(recorder, self._mark, self._others, adopted, native)
        for tensor, value in zip([*taken, *wanted], [*again[0], *again[1]], strict=True):
            tensor._value = value
        for step, there in zip(self._others, again[2], strict=True):
            for tensor, value in zip(kept, there, strict=False):
                tensor._value = value  # of the steps that are made, the last one's stays
                tensor._name = recorder.keep(tensor, value, None)
            made = iter(there[len(kept) :])
            for container, tensors in zip(lists, added, strict=True):
                container.extend(_call.made(next(made), tensor._at) for tensor in tensors)
            new = recorder.touched[self._n_touched :]
            recorder.touched += [(step, p, point) for at, p, point in new if at == self._first]
            recorder.skipped |= {
                (invoke, step, path) for invoke, at, path in recorder.skipped if at == self._first
            }


def _tensors_in(values: list[Any]) -> list[Tensor]:
    return [value for value in values if isinstance(value, _call.Base)]  # type: ignore[misc]


def _range(which: slice, n: int, at: Location | None) -> range:
    """The steps of a slice; those beyond the last are left out with a warning."""
    if (which.start or 0) < 0 or (which.stop or 0) < 0 or (which.step or 1) < 1:
        message = f"steps are counted from 0 upwards, got `{_shown(which)}`"
        raise fault("bad-argument", message, "the generation may end before its last step")
    start, stop = which.start or 0, n if which.stop is None else which.stop
    if max(start, stop) > n:
        message = f"`{_shown(which)}` goes beyond the generation: it has {n} steps"
        file, line = at or ("<unknown>", 1)
        warnings.warn_explicit(message, RuntimeWarning, file, line)
    return range(min(start, n), min(stop, n), which.step or 1)


def _check(step: int, n: int) -> None:
    if not hasattr(step, "__index__"):
        raise fault("bad-argument", f"a step is a whole number, got `{step!r}`")
    if step < 0:
        help = "steps are counted from 0; the generation may end before its last"
        raise fault("bad-argument", f"`tracer.iter[{step}]`: a step cannot be negative", help)
    if step >= n:
        has = f"it has the steps 0 to {n - 1}" if n else "it has no steps"
        message = f"`tracer.iter[{step}]` is beyond the generation: {has}"
        raise fault("index-out-of-range", message, "`max_new_tokens` says how many there are")


def _shown(which: slice) -> str:
    parts = ("" if part is None else str(part) for part in (which.start, which.stop))
    step = "" if which.step is None else f":{which.step}"
    return f"tracer.iter[{':'.join(parts)}{step}]"
