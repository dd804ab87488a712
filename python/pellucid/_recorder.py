"""The recorder of one trace, and what it keeps for after the block."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from pellucid import _native
from pellucid._gradients import Backwards
from pellucid._location import Location, here, shown
from pellucid._meter import Meter
from pellucid._unused import Unused
from pellucid._whole import WHOLE, WholeBatch
from pellucid.errors import PellucidError, fault

if TYPE_CHECKING:
    from pellucid._structure import Structure
    from pellucid.session import Session
    from pellucid.tensor import Tensor

    Hear = Callable[[list[str | _native.Array], Location | None], None]


class Recorder(_native.Recorder):
    """A trace in the making. Its tensors have no elements until it has run."""

    is_open: bool = True

    is_live: bool = False
    """Whether what is recorded is run at once, so that values have elements."""

    def __init__(
        self,
        model: _native.Model,
        live: bool = False,
        log: Hear | None = None,
        edit: int | None = None,
    ) -> None:
        """`log` hears what is logged; `edit` makes it one of so many steps, 0 being all."""
        self.is_live = live
        self.is_edit = edit is not None
        """Whether it is for any prompt, so that lengths of prompts are not known."""
        self._log = log
        self._left: list[weakref.ref[Tensor]] = []
        self.functions: dict[Hashable, tuple[_native.Body, Structure]] = {}
        """Functions recorded so far, by what they are and what they are called with."""
        self.n_bodies = 0
        """Functions, branches and loops that are being recorded, one in another."""
        self.unused = Unused()
        self.backwards = Backwards()
        """Values that would be computed for nobody."""
        self.tuples: dict[_native.Handle, str] = {}
        """Values, with their sites, that are the first of several in transformers."""
        self.touched: list[tuple[int, str, str]] = []
        """Steps, module paths and points that were used before the trace was stopped."""
        self.skipped: set[tuple[int, int, str]] = set()
        """Invokes, steps and the modules that they skip."""
        self.is_stopped = False
        self.absent: dict[str | None, int] = {}
        """Saved values that do not exist, and the step of the generation that was not made."""
        self.on_token: Callable[[int, int, str, str | None], object] | None = None
        """Hears of each token that a generation makes: row, id, text, why it ended."""
        self.meter: Meter | None = None
        """What its run took."""
        self.has_invoke = False
        """Whether there is anything to run it on."""
        self.whole: WholeBatch | None = None
        """What the invoke without a prompt sees, while it is open."""
        self.is_scan = False
        """Whether it is checked and never run."""
        self._is_closed = False
        self.session: Session | None = None
        """The session that it is part of."""
        self.imported: dict[tuple[int, str], _native.Handle] = {}
        """Values of earlier traces of the session, by their trace and name."""
        self.model = model
        self._containers: list[Any] = []
        self._kept: list[tuple[Tensor, str]] = []
        self._adopted: list[tuple[Tensor, _native.Array]] = []

    def invoke(self, prompts: list[str | list[int]], at: Location | None) -> int:
        """Adds an input."""
        number = super().invoke(prompts, at)
        self.has_invoke = True
        return number

    def read(
        self, invoke: int, path: str, point: str, step: int, at: Location | None
    ) -> _native.Handle:
        """Reads a site."""
        if invoke == WHOLE and self.whole is not None:
            return self.whole.read(path, point, step, at)
        self._touch(step, path, point)
        return super().read(invoke, path, point, step, at)

    def write(
        self,
        invoke: int,
        path: str,
        point: str,
        step: int,
        value: _native.Handle | _native.Array,
        at: Location | None,
    ) -> None:
        """Writes a site."""
        if invoke == WHOLE and self.whole is not None:
            return self.whole.write(path, point, step, value, at)
        self._touch(step, path, point)
        super().write(invoke, path, point, step, value, at)

    def skip(
        self,
        invoke: int,
        path: str,
        step: int,
        value: _native.Handle | _native.Array,
        at: Location | None,
    ) -> None:
        """Replaces a module's run."""
        if invoke == WHOLE and self.whole is not None:
            self.whole.skip(path, step, value, at)
        else:
            self._touch(step, path, "input")
            super().skip(invoke, path, step, value, at)
        self.skipped.add((invoke, step, path))

    def stop(self, at: Location | None) -> None:
        """Ends the run after what was touched so far."""
        super().stop(at)
        self.is_stopped = True

    def invokes_of(self, invoke: int) -> list[int]:
        """The invokes whose rows are meant by one, which may stand for all."""
        return [invoke] if self.whole is None else self.whole.invokes

    def set_item(
        self,
        target: _native.Handle,
        index: tuple[Any, ...],
        value: _native.Handle | _native.Array | float,
        at: Location | None,
    ) -> None:
        """`target[index] = value`."""
        self._written()
        super().set_item(target, index, value, at)

    def assign(
        self,
        target: _native.Handle,
        value: _native.Handle | _native.Array | float,
        at: Location | None,
    ) -> None:
        """The contents of `target` become a value, broadcast and converted."""
        self._written()
        super().assign(target, value, at)

    def update(
        self, target: _native.Handle, value: _native.Handle | _native.Array, at: Location | None
    ) -> None:
        """The contents of `target` become the result of an operation on it."""
        self._written()
        super().update(target, value, at)

    def _written(self) -> None:
        if self.whole is not None:
            self.whole.is_written = True

    def _touch(self, step: int, path: str, point: str) -> None:
        if not self.is_stopped:
            self.touched.append((step, path, point))

    def keep(self, tensor: Tensor, handle: _native.Handle, name: str | None) -> str:
        """Saves a value now and remembers whose it is; gives the result's name."""
        name = self.save(handle, name, here())
        if not self.is_live:
            self._kept.append((tensor, name))
        return name

    def adopt(self, tensor: Tensor, array: _native.Array) -> _native.Handle:
        """Makes a concrete tensor a value, so that it can be written to; it is saved at the end."""
        if self.is_edit:
            message = "cannot write to a concrete tensor in an edit: it is not run"
            raise fault("bad-argument", message, "`pl.tensor(...).clone()` makes a value of it")
        if self.n_bodies:
            message = "cannot write to a concrete tensor in a function, branch or loop of a trace"
            raise fault(
                "bad-argument", message, "give back what it would become, and write outside"
            )
        handle = self.constant_of(array, here())
        self._adopted.append((tensor, array))
        self.remember(tensor)
        return handle

    def remember(self, tensor: Tensor) -> None:
        """Gives a tensor its elements at the end, saved or not, if the trace is live."""
        if self.is_live:
            self._left.append(weakref.ref(tensor))

    @property
    def has_elements(self) -> bool:
        """Whether its values have elements now."""
        return self.is_live and self.is_open

    def keep_all(self, container: Any) -> None:
        """Saves at the end what stands in a container by then."""
        self._containers.append(container)

    def run(self) -> None:
        """Runs what was recorded and gives the saved tensors their elements."""
        try:
            self.prepare()
            self.fill(*self._computed())
        finally:
            self.close()

    def pause(self) -> None:
        """Ends the recording; it runs when its session ends."""
        self._save_containers()
        self.is_open = False

    def prepare(self) -> None:
        """Saves and warns of what is to be before it runs."""
        if self.is_open:
            self._save_containers()
        self.unused.warn()
        for tensor, _ in self._adopted:
            if tensor._is_of(self):
                tensor.save()

    def fill(
        self,
        found: list[tuple[str, _native.Array]],
        absent: list[tuple[str, int]],
        took: tuple[int, int, float],
    ) -> None:
        """Gives the saved tensors their elements."""
        arrays, self.absent, self.meter = dict(found), dict(absent), Meter(*took)
        self._adopted.clear()
        for tensor, name in self._kept:
            if name in arrays:
                tensor._become(arrays[name])
        if self.absent:
            leave_out_absent(self._containers)

    def _computed(self) -> _native._Results:
        try:
            return self.trace().run(self.model, self._log, self.on_token)
        except PellucidError as raised:
            raise self.explained(raised) from None

    def explained(self, raised: PellucidError) -> PellucidError:
        """An error of a run, with what helps in Python."""
        if raised.code != "no-weights":
            return raised
        help = "`model.scan(...)` checks a trace and does not run it"
        return fault(raised.code, raised.message, help)

    def scan(self) -> None:
        """Checks what was recorded as if it were to run."""
        self.is_scan = True
        try:
            self._save_containers()
            self.trace().explain(self.model)
        finally:
            self.close()

    def _save_containers(self) -> None:
        from pellucid._containers import tensors  # which is built on tensors, and they on this

        for container in self._containers:
            for _, tensor in tensors(container):
                if tensor._is_unsaved(self):
                    tensor.save()

    def without_elements(self, at: Location | None, name: str | None) -> PellucidError:
        """What is wrong with using a value of this trace, made at `at`, after its block."""
        if self.is_live:
            message = f"the value of {shown(at)} was never computed: its trace ended with an error"
            return fault("not-concrete", message)
        if self.session is not None and self.is_pending:
            message = f"the value of {shown(at)} has no elements before its session ends"
            help = "use it in a trace of the session, or `.save()` it and look after the block"
            return fault("not-concrete", message, help)
        if name in self.absent:
            step = self.absent[name]
            message = f"the value of {shown(at)} does not exist: the generation ended before"
            help = "`ignore_eos=True` makes all steps; `tensor.exists` says whether there is one"
            return fault("not-reached", f"{message} step {step}", help)
        if self.is_scan:
            message = f"the value of {shown(at)} has no elements: its trace was scanned, not run"
            return fault("not-concrete", message, "`model.trace(...)` runs it")
        message = f"the value of {shown(at)} was not saved"
        return fault("not-saved", message, f"add `.save()` inside the block at {shown(at)}")

    @property
    def is_pending(self) -> bool:
        """Whether it has been recorded and waits for its session to end."""
        return self.session is not None and not self.is_open and not self._is_closed

    def close(self) -> None:
        """Nothing can be recorded any more; what was concrete before the trace is so again."""
        self._is_closed = True
        if self.is_live:
            self._settle()
        for tensor, array in () if self.is_live else self._adopted:
            tensor._become(array)
        self.is_open = False
        self.unused.clear()
        self.tuples.clear()
        self._containers.clear()
        self._adopted.clear()
        self._kept.clear()

    def _settle(self) -> None:
        """Gives the tensors that are left of a live trace their elements for good."""
        for reference in self._left:
            tensor = reference()
            handle = None if tensor is None else tensor._value
            if tensor is not None and isinstance(handle, _native.Handle):
                with contextlib.suppress(PellucidError):  # lost, which is said when it is used
                    tensor._become(self.elements(handle, here()))
        self._left.clear()
        self.end_live()


def leave_out_absent(containers: list[Any]) -> None:
    """Takes what does not exist out of lists and dictionaries that were saved as such."""
    for container in containers:
        if isinstance(container, dict):
            for key in [k for k, value in container.items() if not _exists(value)]:
                del container[key]
        elif isinstance(container, list):
            container[:] = [value for value in container if _exists(value)]


def _exists(value: Any) -> bool:
    return not isinstance(getattr(value, "_value", None), _native.Handle) or value.exists
