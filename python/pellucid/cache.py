"""Caches: outputs of many modules, saved at once, found by path or along the model's tree."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, overload

from pellucid import _call, _native
from pellucid._location import here
from pellucid._whole import WHOLE
from pellucid.dtype import dtype as element_type
from pellucid.envoy import Envoy
from pellucid.errors import fault

if TYPE_CHECKING:
    import numpy as np

    from pellucid._recorder import Recorder
    from pellucid.tensor import Tensor

    Array = np.ndarray[Any, Any]


POINTS = ("input", "output")


class Cached:
    """A place in the model's tree, with what is cached there and below: `cache.layers[0].mlp`."""

    if TYPE_CHECKING:
        input: Tensor
        output: Tensor

        def __getattr__(self, name: str) -> Cached: ...

    def __init__(self, cache: Cache, envoy: Envoy) -> None:
        """Not for users: a cache makes them."""
        self._cache = cache
        self._envoy = envoy

    @property
    def path(self) -> str:
        """Hugging Face's path of the module."""
        return self._envoy.path

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Cached | Tensor:
            """What is below this place, or the saved `input` or `output` of its module."""
            return self._cache._at(self._envoy, name)

    @overload
    def __getitem__(self, index: int | str) -> Cached: ...
    @overload
    def __getitem__(self, index: slice) -> list[Cached]: ...
    def __getitem__(self, index: int | str | slice) -> Cached | list[Cached]:
        """A module of a list by position, several by a slice, any by its path from here."""
        found = self._envoy[index]
        if isinstance(found, list):
            return [Cached(self._cache, envoy) for envoy in found]
        return Cached(self._cache, found)

    def __iter__(self) -> Iterator[Cached]:
        return (Cached(self._cache, envoy) for envoy in self._envoy)

    def __len__(self) -> int:
        return len(self._envoy)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._envoy._children, *self._envoy._renamed, *POINTS]

    def __repr__(self) -> str:
        found = {point: self._cache._found(self.path, point) for point in POINTS}
        own = [f"{k}={_summary(x)}" for k, x in found.items() if x is not None]
        return f"Cached({', '.join([self.path, *own])})"


class Cache(Mapping[str, Cached]):
    """What `tracer.cache(...)` saves: modules by path, in the order in which the model runs them.

    `cache["model.layers.0"].output`, `cache.model.layers[0].output` and, in every model,
    `cache.layers[0].output` are one tensor; of a generation, a list of one for each step.
    """

    if TYPE_CHECKING:
        input: Tensor
        output: Tensor

        def __getattr__(self, name: str) -> Cached: ...

    def __init__(
        self,
        root: Envoy,
        recorder: Recorder,
        invoke: int,
        steps: Sequence[int],
        wanted: set[str],
        points: tuple[str, ...],
        dtype: Any,
    ) -> None:
        """Not for users: `tracer.cache(...)` makes it."""
        self._root = root
        self._recorder = recorder
        self._invoke = invoke
        self._steps = steps
        self._wanted = wanted
        self._points = points
        self._dtype = None if dtype is None else element_type(dtype)
        self._values: dict[str, dict[str, Any]] = {}
        self._is_filled = False

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Cached | Tensor:
            """What is below the model, or the saved `output` of the model itself."""
            if name.startswith("_"):
                raise AttributeError(name)
            return self._at(self._root, name)

    def __getitem__(self, path: str) -> Cached:
        """What is at a path, of Hugging Face's names or of those that all models share."""
        return Cached(self, self._envoy(path))

    def __contains__(self, path: object) -> bool:
        envoy: Envoy | None = self._root
        for name in str(path).split(".") if path else ():
            envoy = envoy and envoy._child(name)
        return envoy is not None and envoy.path in self._values

    def get(self, path: str, default: Any = None) -> Any:
        """What is at a path if its module is cached, else `default`."""
        if path not in self:
            return default
        return self[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        state = ", ".join(self._values) if self._is_filled else "filled when its invoke ends"
        return f"Cache({state})"

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._root._children, *self._root._renamed, *POINTS]

    def numpy(self) -> dict[str, Array]:
        """All of it as NumPy arrays: `{"model.layers.0.output": ...}`, as `np.savez` takes it.

        Of a generation each step has one: `"model.layers.0.output@2"`.
        """
        arrays: dict[str, Array] = {}
        for path, points in self._values.items():
            for point in points:
                found, name = self._found(path, point), f"{path}.{point}".lstrip(".")
                if isinstance(found, list):
                    arrays |= {f"{name}@{step}": x.numpy() for step, x in enumerate(found)}
                else:
                    arrays[name] = found.numpy()
        return arrays

    def save(self) -> Cache:
        """Gives itself: what is in a cache is saved."""
        return self

    def _envoy(self, path: str) -> Envoy:
        return self._root[path] if path else self._root

    def _at(self, envoy: Envoy, name: str) -> Cached | Tensor:
        if name.startswith("_"):
            raise AttributeError(name)
        child = envoy._child(name)
        if child is not None:
            return Cached(self, child)
        if name not in POINTS:
            envoy._model.unknown_name(envoy._path, name, here())
        tensor = self._found(envoy.path, name)
        found: Tensor = self._missing(envoy, name) if tensor is None else tensor
        return found

    def _found(self, path: str, point: str) -> Any:
        """What is saved there: a tensor, or of a generation a list of one for each step made."""
        found = self._values.get(path, {}).get(point)
        return [x for x in found if x.exists] if isinstance(found, list) else found

    def _missing(self, envoy: Envoy, point: str) -> NoReturn:
        what = f"`{envoy._shown(point)}`"
        if not self._is_filled:
            help = "read the module itself inside the block"
            raise fault("not-saved", f"{what} is cached when the invoke of the cache ends", help)
        if envoy.path not in self._wanted:
            help = f'`tracer.cache("{envoy.path}")` caches it'
            raise fault("not-saved", f"{what} was not cached", help)
        if point not in self._points:
            help = "`tracer.cache(include_inputs=True)` caches it"
            raise fault("not-saved", f"{what} was not cached", help)
        message = f"{what} was not cached: the module did not run"
        raise fault("not-saved", message, "it was skipped, or the trace stopped before")

    def _reserve(self) -> None:
        """Has a live trace keep what its pass leaves behind before the cache is filled."""
        if not self._recorder.is_live or self._invoke < 0:
            return
        sites = [(path, point) for path, point, *_ in self._root._model.sites()]
        wanted = [s for s in sites if s[0] in self._wanted and s[1] in self._points]
        steps = [(path, point, step) for step in self._steps for path, point in wanted]
        for invoke in self._recorder.invokes_of(self._invoke):
            self._recorder.keep_sites(invoke, steps, here())

    def _skipped(self) -> set[tuple[int, str]]:
        """Steps and modules that do not run, for this invoke or by an edit of the model."""
        own = {
            (step, path)
            for invoke, step, path in self._recorder.skipped
            if self._invoke in (invoke, WHOLE)
        }
        edited = _native.edited_skips(self._root._model)
        return own | {
            (step, path)
            for path, n_steps in edited
            for step in self._steps
            if n_steps is None or step < n_steps
        }

    def _fill(self) -> None:
        """Saves the values as they are now, those that the run comes by."""
        at = here()
        sites = self._root._model.sites()
        last = _last(self._root, self._recorder)
        found: dict[str, dict[str, Any]] = {}
        skipped = self._skipped()
        for step in self._steps:
            if not self._recorder.reach_step(step, at):
                break
            for order, (path, point, *_) in enumerate(sites):
                if path not in self._wanted or point not in self._points or (step, order) > last:
                    continue
                if any((step, above) in skipped for above in _above(path)):
                    continue
                handle = self._recorder.read(self._invoke, path, point, step, at)
                value = _call.made(handle, at)
                if self._dtype is not None and value.dtype.is_floating_point:
                    value = value.to(self._dtype)
                saved = found.setdefault(path, {})
                if len(self._steps) == 1:
                    saved[point] = value.save()
                else:
                    saved.setdefault(point, []).append(value.save())
        outputs = (path for path, point, *_ in sites if point == "output")
        by_output = [path for path in outputs if "output" in found.get(path, ())]
        self._values = {path: found[path] for path in by_output} | found
        self._is_filled = True


def _summary(found: Any) -> str:
    if isinstance(found, list):
        return f"{len(found)} steps"
    return f"{found.dtype.name}{list(found.shape)}"


def _above(path: str) -> Iterator[str]:
    """The modules that a module is in, the whole model last."""
    while path:
        path = path.rpartition(".")[0]
        yield path


def _last(root: Envoy, recorder: Recorder) -> tuple[int, int]:
    """The last step and site, in the model's order, that the run comes by."""
    if not recorder.is_stopped:
        return sys.maxsize, sys.maxsize
    places = [f"{path}.{point}".lstrip(".") for path, point, *_ in root._model.sites()]
    places += [f"{path}.{point}" for path, point, *_ in root._model.generator_sites()]
    target = {place: real for _, place, real in root._model.aliases()}
    touched = ((step, f"{path}.{point}".lstrip(".")) for step, path, point in recorder.touched)
    orders = ((step, places.index(target.get(place, place))) for step, place in touched)
    return max(orders, default=(-1, -1))
