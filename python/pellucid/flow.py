"""What depends on elements: branches, loops, and functions that are stored once.

Python's own `if` and `while` see what is known while a trace is recorded: shapes, layers, lists.
What a *value* decides is part of the graph: both branches are recorded, one of them runs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar, cast, overload

from pellucid import _call, _native
from pellucid._call import Native, TensorLike
from pellucid._current import session_recorder
from pellucid._location import here
from pellucid._recorder import Recorder
from pellucid._structure import Structure, taken_apart
from pellucid.errors import fault
from pellucid.tensor import Tensor

P = ParamSpec("P")
T = TypeVar("T")

MAX_STEPS = 10_000


def cond(
    pred: TensorLike, then: Callable[..., T], otherwise: Callable[..., T], *operands: Any
) -> T:
    """Gives what `then(*operands)` or `otherwise(*operands)` gives, as `pred` says while running.

    `pred` is a bool of one element. Both functions are recorded, the other one does not run. They
    may use every value around them, and give tensors, or containers of tensors, of the same shapes
    and dtypes. They have no effects: what shall be written or saved is returned.

        h = model.model.layers[5].output
        model.model.layers[5].output = pl.cond(h.norm() > 100, lambda: h * 0.5, lambda: h)

    A `pred` that is known already chooses at once.
    """
    lowered = _call.tensor(pred)
    recorder = _recorder_of([lowered])
    if recorder is None:
        return (then if _call.made(lowered, None) else otherwise)(*operands)
    if recorder.is_live:
        return _tensors((then if _call.made(lowered, None) else otherwise)(*operands))
    first, kind = _recorded(recorder, _name(then, "then"), lambda _: then(*operands))
    second, other = _recorded(
        recorder, _name(otherwise, "otherwise"), lambda _: otherwise(*operands)
    )
    if kind.shape != other.shape:
        message = "the branches must give containers of the same kind with the same keys"
        raise fault("bad-argument", message)
    at = here()
    made = _native.cond(recorder, lowered, first, second, at)
    return cast(T, kind.rebuild([_call.made(value, at) for value in made]))


def while_loop(
    condition: Callable[..., TensorLike],
    body: Callable[..., Any],
    init: Any,
    *,
    max_steps: int = MAX_STEPS,
) -> Any:
    """Replaces values by what `body` makes of them, for as long as `condition` holds of them.

    `init` is a tensor, or a tuple or list of tensors, containers and numbers, which are the
    arguments of both functions; `body` gives the next ones, of the same shapes and dtypes. The last
    ones are returned. `condition` gives a bool of one element. A loop that would go on after
    `max_steps` steps is an error.

        x, n = pl.while_loop(lambda x, n: x.norm() > 1, lambda x, n: (x * 0.5, n + 1), (h, 0))
    """
    many = isinstance(init, tuple | list)
    args = tuple(init) if many else (init,)
    start = taken_apart(args, numbers=True)
    recorder = _recorder_of(start.leaves) or session_recorder()
    if recorder is None:
        return _looped(condition, body, init, max_steps, many)
    if recorder.is_live:
        return _looped(condition, lambda *x: _tensors(body(*x)), _tensors(init), max_steps, many)
    at = here()

    def next_args(params: list[Tensor]) -> tuple[Any, ...]:
        made = body(*start.rebuild(params))
        return tuple(made) if many and isinstance(made, tuple | list) else (made,)

    test, _ = _recorded(
        recorder,
        _name(condition, "condition"),
        lambda params: condition(*start.rebuild(params)),
        start.leaves,
    )
    step, after = _recorded(recorder, _name(body, "body"), next_args, start.leaves)
    if after.shape != start.shape:
        message = (
            "the body of a loop must give what it was given: as many values, in like containers"
        )
        help = "what one step gives are the arguments of the next"
        raise fault("bad-argument", message, help)
    made = _native.while_loop(recorder, test, step, start.leaves, max_steps, at)
    result = start.rebuild([_call.made(value, at) for value in made])
    return result if many else result[0]


@overload
def function(f: Callable[P, T], /) -> Callable[P, T]: ...
@overload
def function(*, name: str | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]: ...
def function(f: Any = None, /, *, name: str | None = None) -> Any:
    """Makes a function of tensors a part of the graph: recorded once, stored once, called by name.

    Its tensors come as arguments, in containers too; other arguments (numbers, text) are part of
    which function it is, as are the shapes and dtypes: each combination is recorded once in a
    trace. Inside it there are no sites and no values but its arguments. Outside of a trace it just
    runs.

        @pl.function
        def unit(x, eps=1e-6):
            return x / (x.norm(dim=-1, keepdim=True) + eps)
    """
    if f is None:
        return functools.partial(function, name=name)
    label = name or _name(f, "function")

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = taken_apart((args, kwargs), numbers=False)
        recorder = _recorder_of(given.leaves)
        if recorder is None:
            return f(*args, **kwargs)
        if recorder.is_live:
            return _tensors(f(*args, **kwargs))
        at = here()
        types = tuple((leaf.dtype, leaf.shape) for leaf in given.leaves)
        key = (call, given.shape, types)
        if key not in recorder.functions:

            def run(params: list[Tensor]) -> Any:
                args, kwargs = given.rebuild(params)
                return f(*args, **kwargs)

            recorder.functions[key] = _recorded(recorder, label, run, given.leaves, is_closed=True)
        body, results = recorder.functions[key]
        made = _native.call_function(recorder, body, given.leaves, at)
        return results.rebuild([_call.made(value, at) for value in made])

    return call


def _recorded(
    recorder: Recorder,
    name: str,
    run: Callable[[list[Tensor]], Any],
    params: Sequence[Native] = (),
    *,
    is_closed: bool = False,
) -> tuple[_native.Body, Structure]:
    """Records what `run` computes; it gets the tensors that stand for `params`."""
    at = here()
    handles = _native.begin_function(recorder, name, list(params), is_closed, at)
    recorder.n_bodies += 1
    try:
        given = taken_apart(run([_call.made(handle, at) for handle in handles]), numbers=True)
    except BaseException:
        _native.abandon_function(recorder)
        raise
    finally:
        recorder.n_bodies -= 1
    return _native.end_function(recorder, given.leaves, at), given


def _recorder_of(leaves: Sequence[Native]) -> Recorder | None:
    """The recorder of the first value of a trace."""
    found = (leaf.recorder for leaf in leaves if isinstance(leaf, _native.Handle))
    return next(found, None)


def _looped(
    condition: Callable[..., TensorLike], body: Callable[..., Any], init: Any, most: int, many: bool
) -> Any:
    """The loop over concrete tensors, done by Python."""
    state = init
    for _ in range(most + 1):
        args = state if many else (state,)
        if not _call.made(_call.tensor(condition(*args)), None):
            return state
        state = body(*args)
    message = f"a loop would go on after {most} steps, the most it was given"
    raise fault("limit-exceeded", message, "give `max_steps` if it needs more")


def _tensors(value: T) -> T:
    """The same containers with tensors in place of numbers, as the graph would give them."""
    given, at = taken_apart(value, numbers=True), here()
    return cast(T, given.rebuild([_call.made(leaf, at) for leaf in given.leaves]))


def _name(f: Callable[..., Any], default: str) -> str:
    name = getattr(f, "__name__", default)
    return default if name == "<lambda>" else name
