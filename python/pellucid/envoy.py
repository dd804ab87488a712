"""Envoys: one for each module of a model, at the place where Hugging Face has the module."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from pellucid import _call, _habits, _native, _tree
from pellucid._current import (
    invoke_for,
    next_of,
    place_of,
    recorder_for,
    recorder_of,
    weights_recorder,
)
from pellucid._html import model as page
from pellucid._location import here
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid._call import TensorLike
    from pellucid._recorder import Recorder
    from pellucid.tensor import Tensor

    class Site:
        """What checkers and editors make of `layer.output`: a tensor, written by anything like one.

        Names of modules are the model's, so that every other attribute is an envoy to them.
        """

        def __get__(self, envoy: Envoy, owner: type[Envoy]) -> Tensor: ...
        def __set__(self, envoy: Envoy, value: TensorLike) -> None: ...


Envoys: TypeAlias = "type[Envoy] | Mapping[str | type, type[Envoy]]"
"""Which class stands for which modules: one for all, or by path from anywhere, or by class."""


class Envoy:
    """Stands for a module: its attributes are its modules, `input`, `output` and taps.

    Inside a trace, sites are read as attributes and written by assignment; calling an envoy
    applies the module to any value. Modules and sites have Hugging Face's names, and those of the
    vocabulary that all models share: `layers`, `attn`, `mlp`, `heads`, `embed`, `norm_f`,
    `unembed`. Two names of a module give one envoy.
    """

    if TYPE_CHECKING:
        input = Site()
        output = Site()
        q, k, v = Site(), Site(), Site()
        rot_q, rot_k = Site(), Site()
        scores, pattern, z = Site(), Site(), Site()
        heads = Site()
        pre, post = Site(), Site()
        cached_keys, cached_values = Site(), Site()
        logits, token = Site(), Site()

        def __getattr__(self, name: str) -> Envoy: ...

    def __init__(self, model: _native.Model, path: str, kind: str) -> None:
        """Not for users: opening a model makes them."""
        self._model = model
        self._path = path
        self._kind = kind
        self._children: dict[str, Envoy] = {}
        self._sites: dict[str, _tree.SiteShape] = {}
        self._renamed: dict[str, Envoy] = {}
        self._renamed_sites: dict[str, _tree.SiteShape] = {}
        self._names: dict[str, list[str]] = {}
        self._above: weakref.ref[Envoy] | None = None
        self._weights: dict[str, tuple[int, ...]] = {}

    @property
    def path(self) -> str:
        """Hugging Face's path of the module; empty for the whole model."""
        return self._path

    @property
    def kind(self) -> str:
        """The class that Hugging Face gives the module."""
        return self._kind

    @property
    def sites(self) -> dict[str, tuple[str | int, ...]]:
        """What can be read and written here, with shapes over `b` prompts of `s` tokens."""
        return {name: site.shape for name, site in (self._sites | self._renamed_sites).items()}

    @property
    def parent(self) -> Envoy | None:
        """The module that this one is in; `None` of the whole model."""
        return None if self._above is None else self._above()

    @property
    def inputs(self) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
        """The input as NNsight gives it, `((value,), {})`; assigned in the same form.

        What transformers hands down beside it, masks, positions and caches, is no value here.
        """
        return (self._read("input"),), {}

    @inputs.setter
    def inputs(self, value: Any) -> None:
        self.input = _call.only(value, self._shown("inputs"))

    def get(self, path: str) -> Any:
        """What is at a path from here: a module, or inside a trace the value of a site."""
        found: Any = self
        for name in filter(None, path.split(".")):
            found = getattr(found, name) if found._has_site(name) else found._below(name)
        return found

    def modules(self, include_fn: Callable[[Envoy], bool] | None = None) -> list[Envoy]:
        """This module and all below it, in the order of the tree; those that `include_fn` takes."""
        below = [envoy for child in self._children.values() for envoy in child.modules()]
        return [envoy for envoy in (self, *below) if include_fn is None or include_fn(envoy)]

    def named_modules(
        self, include_fn: Callable[[Envoy], bool] | None = None
    ) -> list[tuple[str, Envoy]]:
        """The same with their paths."""
        return [(envoy.path, envoy) for envoy in self.modules(include_fn)]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Envoy | Tensor:
            """A module below this one, or the value of a site."""
            if name.startswith("_"):
                raise AttributeError(name)
            own = getattr(type(self), name, None)
            if isinstance(own, property):
                return own.__get__(self)  # it raised an AttributeError, and will again
            child = self._child(name)
            if child is not None:
                return child
            if self._has_site(name):
                return self._read(name)
            if name in self._weights:
                return self._weight(name)
            _habits.refuse(self, name)
            self._model.unknown_name(self._path, name, here())

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        elif isinstance(own := getattr(type(self), name, None), property):
            if type(own) is property and own.fset is None:
                message = f"`{name}` of `{type(self).__name__}` cannot be assigned to"
                help = "a property of your own can, if `@pl.eproperty` makes it"
                raise fault("bad-argument", message, help)
            own.__set__(self, value)
        elif self._has_site(name):
            recorder, invoke, step = self._place(name)
            recorder.write(invoke, self._path, name, step, _call.tensor(value), here())
        elif self._child(name) is not None:
            message = f"`{self._shown(name)}` is a module, not a value"
            raise fault("bad-argument", message, "write to its `input` or `output`")
        elif name in self._weights:
            recorder = weights_recorder(self._model, self._shown(name))
            recorder.set_parameter(self._shown(name), _call.tensor(value), here())
        else:
            self._model.unknown_name(self._path, name, here())

    def __dir__(self) -> list[str]:
        modules = (*self._children, *self._renamed)
        return [*super().__dir__(), *modules, *self._sites, *self._renamed_sites, *self._weights]

    def __call__(self, value: TensorLike) -> Tensor:
        """Applies the module to a value, outside the model's own pass."""
        at = here()
        recorder = recorder_for(self._model, self._shown("(...)"))
        result = recorder.apply(self._path, _call.tensor(value), at)
        _call.watch((result,), at)
        return _call.made(result, at)

    def skip(self, value: TensorLike) -> None:
        """Replaces the module's run by a value of its output's shape."""
        recorder, invoke, step = self._place("skip")
        recorder.skip(invoke, self._path, step, _call.tensor(value), here())

    def next(self) -> Envoy:
        """Goes on, for this module, to the next step of the generation; gives the module.

        `layer.next().output` is the next step's; later uses of `layer.output` are of that step too.
        """
        next_of(self._model, self._shown("next()"), self._path)
        return self

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Weights of the module and of those in it, with their names from here, as in PyTorch.

        Tied weights come once. Outside of traces each tensor is read when it is come to, so that a
        large model's are not all in memory; `parameter_shapes` reads none.
        """
        for name in self.parameter_shapes():
            path, _, last = name.rpartition(".")
            yield name, (self._below(path) if path else self)._weight(last)

    def parameters(self) -> Iterator[Tensor]:
        """Weights of the module and of those in it; tied ones once."""
        return (tensor for _, tensor in self.named_parameters())

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights of the module and of those in it; tied ones once."""
        start = f"{self._path}." if self._path else ""
        rows = _native.parameters(self._model)
        own = [(path, shape) for path, shape, same in rows if path.startswith(start) and not same]
        # A head by itself has its weights, though they are those of the embedding.
        tied = [(path, shape) for path, shape, same in rows if path.startswith(start) and same]
        tied = [(path, shape) for path, shape in tied if self._path]
        return {path.removeprefix(start): tuple(shape) for path, shape in own + tied}

    def __len__(self) -> int:
        return len(self._children)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Envoy]:
        return iter(self._children.values())

    @overload
    def __getitem__(self, index: int | str) -> Envoy: ...
    @overload
    def __getitem__(self, index: slice) -> list[Envoy]: ...
    def __getitem__(self, index: int | str | slice) -> Envoy | list[Envoy]:
        """A module of a list by position, several by a slice, any by its path from here."""
        if isinstance(index, slice):
            return list(self)[index]
        if isinstance(index, str):
            return self._below(index)
        if not hasattr(index, "__index__"):
            message = f"`{self._shown('')}` is a module, not a value"
            raise fault("bad-argument", message, "its value is `.output`")
        n = len(self._children)
        if not -n <= index < n:
            message = f"`{self._shown('')}` has {n} modules, {index} is out of range"
            raise fault("index-out-of-range", message)
        return list(self._children.values())[index]

    def __repr__(self) -> str:
        return _tree.shown(self)

    def _repr_html_(self) -> str:
        return page.html(self)

    def _below(self, path: str) -> Envoy:
        found = self
        for name in path.split("."):
            child = found._child(name)
            if child is None:
                whole = f"{self._path}.{path}" if self._path else path
                self._model.unknown_path(whole, here())
            found = child
        return found

    def _child(self, name: str) -> Envoy | None:
        return self._children.get(name) or self._renamed.get(name)

    def _has_site(self, name: str) -> bool:
        return name in self._sites or name in self._renamed_sites

    def _read(self, point: str) -> Tensor:
        at = here()
        recorder, invoke, step = self._place(point)
        value = recorder.read(invoke, self._path, point, step, at)
        if not (recorder.n_bodies or recorder.is_live):
            recorder.unused.add(value, (value,), at)
        if point == "output" and _habits.returns_tuple(self._kind):
            recorder.tuples[value] = self._shown(point)
        return _call.made(value, at)

    def _weight(self, name: str) -> Tensor:
        """Weights: a value in a trace of this model, concrete anywhere else."""
        at = here()
        path = self._shown(name)
        recorder = recorder_of(self._model)
        if recorder is None:
            return _call.made(_native.parameter(self._model, path, at), at)
        value = recorder.parameter(path, at)
        _call.watch((value,), at)
        return _call.made(value, at)

    def _place(self, point: str) -> tuple[Recorder, int, int]:
        found = place_of(self._model, self._path, point)
        return found or invoke_for(self._model, self._shown(point), self._path, point)

    def _child_named(self, name: str) -> Envoy:
        """A module that is known to be there."""
        child = self._child(name)
        if child is None:
            self._model.unknown_name(self._path, name, here())
        return child

    def _shown(self, name: str) -> str:
        dot = "." if self._path and name and name != "(...)" else ""
        return f"{self._path}{dot}{name}" or "the model"


def grow(root: Envoy, model: _native.Model, envoys: Envoys | None = None) -> None:
    """Gives the envoy of the whole model the tree of envoys below it, and all their names."""
    made = {"": root}
    for path, kind, _, _ in model.modules():
        if not path:
            continue
        parent, _, name = path.rpartition(".")
        made[path] = made[parent]._children[name] = _class(envoys, path, kind)(model, path, kind)
        made[path]._above = weakref.ref(made[parent])
    for path, point, dtype, shape in model.sites():
        lengths = tuple(int(d) if d.isdigit() else d for d in shape)
        made[path]._sites[point] = _tree.SiteShape(dtype, lengths)
    for path, point, dtype, shape in model.generator_sites():
        if path not in made:
            made[path] = root._renamed[path] = Envoy(model, path, "Generator")
        lengths = tuple(int(d) if d.isdigit() else d for d in shape)
        made[path]._sites[point] = _tree.SiteShape(dtype, lengths)
    for path, n, _ in _native.parameters(model):
        at, _, name = path.rpartition(".")
        made[at]._weights[name] = tuple(n)
    for name, place, target in model.aliases():
        _rename(made, model, place, target)
        _call_also(made, target, name)


def envoy_classes(envoys: Any) -> None:
    """Raises for what cannot say which class stands for which modules."""
    classes = envoys.values() if isinstance(envoys, Mapping) else [envoys]
    for given in classes:
        if not (isinstance(given, type) and issubclass(given, Envoy)):
            message = f"`envoys`: `{given!r}` is no class of envoys"
            raise fault("bad-argument", message, "subclass `pl.Envoy`")


def _class(envoys: Envoys | None, path: str, kind: str) -> type[Envoy]:
    """The class for a module: the first that is given for its class or the end of its path."""
    if envoys is None:
        return Envoy
    if isinstance(envoys, type):
        return envoys
    for key, made in envoys.items():
        name = key.__name__ if isinstance(key, type) else key
        if name == kind or _ends_with(path.split("."), name.split(".")):
            return made
    return Envoy


def _ends_with(path: list[str], end: list[str]) -> bool:
    tail = path[-len(end) :]
    return len(tail) == len(end) and all(map(fnmatchcase, tail, end))


def _is_ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "pellucid"


def _rename(made: dict[str, Envoy], model: _native.Model, place: str, target: str) -> None:
    """Gives a parent one more name below it."""
    if place == target:
        return
    parent, _, word = place.rpartition(".")
    above = _parent(made, model, parent)
    if hasattr(type(above), word):
        if not any(word in vars(kind) for kind in type(above).__mro__ if _is_ours(kind)):
            return  # what a user's own class calls so comes first
        message = f"cannot call `{target}` `{word}`: every model or module has a `{word}`"
        raise fault("duplicate-name", message)
    if target in made:
        above._renamed[word] = made[target]
    else:
        path, _, point = target.rpartition(".")
        above._renamed_sites[word] = made[path]._sites[point]


def _parent(made: dict[str, Envoy], model: _native.Model, path: str) -> Envoy:
    """The envoy at a path; a new one, of names only, where the model has no module."""
    if path not in made:
        parent, _, word = path.rpartition(".")
        made[path] = Envoy(model, path, "")
        _parent(made, model, parent)._renamed[word] = made[path]
    return made[path]


def _call_also(made: dict[str, Envoy], target: str, name: str) -> None:
    """Remembers a name for `print`: of a module, or of one of its sites."""
    path, point = (target, "") if target in made else target.rpartition(".")[::2]
    made[path]._names.setdefault(point, []).append(name)
