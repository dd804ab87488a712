"""`np.foo(value)`: NumPy hands its functions over when a tensor of this package is given.

Values of a trace are recorded as the operation that does the same, with this package's rules for
dtypes (PyTorch's, which keep float32 where NumPy would widen). Concrete tensors are arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid import _call, _foreign
from pellucid._location import pass_over
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

pass_over(np.__file__)

UFUNCS = {
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "conjugate": "clone",
    "equal": "eq",
    "fabs": "abs",
    "float_power": "pow",
    "invert": "__invert__",
    "bitwise_and": "__and__",
    "bitwise_or": "__or__",
    "bitwise_xor": "__xor__",
    "left_shift": "__lshift__",
    "mod": "remainder",
    "positive": "clone",
    "power": "pow",
    "right_shift": "__rshift__",
    "rint": "round",
}
"""Element-wise functions whose rows have other names, beside those of `_foreign.ALIASES`."""

REDUCED = {
    "add": "sum",
    "logical_and": "all",
    "logical_or": "any",
    "maximum": "amax",
    "minimum": "amin",
    "multiply": "prod",
}
"""`np.add.reduce` is `sum`."""

AXIS = "axis=dim"
REDUCTION = f"a=input {AXIS} dtype out keepdims=keepdim"
EXTREMUM = f"a=input {AXIS} out keepdims=keepdim"

FUNCTIONS: dict[str, tuple[str, str]] = {
    "all": ("all", EXTREMUM),
    "allclose": ("allclose", "a=input b=other rtol atol equal_nan"),
    "amax": ("amax", EXTREMUM),
    "amin": ("amin", EXTREMUM),
    "any": ("any", EXTREMUM),
    "argmax": ("argmax", EXTREMUM),
    "argmin": ("argmin", EXTREMUM),
    "argsort": ("argsort", f"a=input {AXIS} kind order stable"),
    "around": ("round", "a=input decimals out"),
    "array_equal": ("equal", "a1=input a2=other equal_nan"),
    "bincount": ("bincount", "x=input weights minlength"),
    "broadcast_to": ("expand", "array=input shape"),
    "clip": ("clamp", "a=input a_min=min a_max=max out"),
    "column_stack": ("column_stack", "tup=tensors"),
    "concatenate": ("cat", f"arrays=tensors {AXIS} out dtype"),
    "copy": ("clone", "a=input order subok"),
    "count_nonzero": ("count_nonzero", f"a=input {AXIS} keepdims=keepdim"),
    "cross": ("linalg_cross", "a=input b=other axisa axisb axisc axis=dim"),
    "cumprod": ("cumprod", f"a=input {AXIS} dtype out"),
    "cumsum": ("cumsum", f"a=input {AXIS} dtype out"),
    "diag": ("diag", "v=input k=diagonal"),
    "diagonal": ("diagonal", "a=input offset axis1=dim1 axis2=dim2"),
    "diff": ("diff", f"a=input n {AXIS} prepend append"),
    "dot": ("matmul", "a=input b=other out"),
    "dstack": ("dstack", "tup=tensors"),
    "expand_dims": ("unsqueeze", f"a=input {AXIS}"),
    "flip": ("flip", "m=input axis=dims"),
    "full_like": ("full_like", "a=input fill_value=value dtype order subok shape device"),
    "hstack": ("hstack", "tup=tensors dtype"),
    "inner": ("inner", "a=input b=other"),
    "isclose": ("isclose", "a=input b=other rtol atol equal_nan"),
    "isin": ("isin", "element=elements test_elements assume_unique invert"),
    "isneginf": ("isneginf", "x=input out"),
    "isposinf": ("isposinf", "x=input out"),
    "kron": ("kron", "a=input b=other"),
    "linalg.cholesky": ("linalg_cholesky", "a=A upper"),
    "linalg.det": ("linalg_det", "a=A"),
    "linalg.eigh": ("linalg_eigh", "a=A UPLO"),
    "linalg.eigvalsh": ("linalg_eigvalsh", "a=A UPLO"),
    "linalg.inv": ("linalg_inv", "a=A"),
    "linalg.matrix_power": ("linalg_matrix_power", "a=A n"),
    "linalg.pinv": ("linalg_pinv", "a=A rcond rtol=rtol hermitian"),
    "linalg.qr": ("linalg_qr", "a=A mode"),
    "linalg.slogdet": ("linalg_slogdet", "a=A"),
    "linalg.solve": ("linalg_solve", "a=A b=B"),
    "linalg.svd": ("linalg_svd", "a=A full_matrices"),
    "matrix_transpose": ("mT", "x=input"),
    "max": ("amax", EXTREMUM),
    "mean": ("mean", REDUCTION),
    "min": ("amin", EXTREMUM),
    "moveaxis": ("movedim", "a=input source destination"),
    "nan_to_num": ("nan_to_num", "x=input copy nan posinf neginf"),
    "nanmean": ("nanmean", REDUCTION),
    "nansum": ("nansum", REDUCTION),
    "ones_like": ("ones_like", "a=input dtype order subok shape device"),
    "outer": ("outer", "a=input b=vec2 out"),
    "permute_dims": ("permute", "a=input axes=dims"),
    "prod": ("prod", REDUCTION),
    "quantile": (
        "quantile",
        f"a=input q {AXIS} out overwrite_input method=interpolation keepdims=keepdim",
    ),
    "ravel": ("flatten", "a=input order"),
    "reshape": ("reshape", "a=input shape order"),
    "roll": ("roll", "a=input shift=shifts axis=dims"),
    "rot90": ("rot90", "m=input k axes=dims"),
    "round": ("round", "a=input decimals out"),
    "searchsorted": ("searchsorted", "a=sorted_sequence v=input side sorter"),
    "squeeze": ("squeeze", f"a=input {AXIS}"),
    "stack": ("stack", f"arrays=tensors {AXIS} out dtype"),
    "sum": ("sum", REDUCTION),
    "swapaxes": ("transpose", "a=input axis1=dim0 axis2=dim1"),
    "take_along_axis": ("take_along_dim", f"arr=input indices {AXIS}"),
    "tensordot": ("tensordot", "a b axes=dims"),
    "tile": ("tile", "A=input reps=dims"),
    "trace": ("trace", "a=input"),
    "tril": ("tril", "m=input k=diagonal"),
    "triu": ("triu", "m=input k=diagonal"),
    "vdot": ("dot", "a=input b=tensor"),
    "vstack": ("vstack", "tup=tensors dtype"),
    "where": ("where", "condition x=input y=other"),
    "zeros_like": ("zeros_like", "a=input dtype order subok shape device"),
}
"""NumPy's name, the operation, and NumPy's parameters in order, `theirs=ours`."""


def ufunc(func: Any, method: str, inputs: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What an element-wise function of NumPy gives when a tensor of this package is given."""
    given = (inputs, named)
    if not _foreign.is_recorded(given):
        if any(isinstance(out, _call.Base) for out in named.get("out", ())):
            message = "cannot write to a concrete tensor: its memory is shared and read-only"
            raise fault("bad-argument", message, "`np.array(tensor)` makes a copy of your own")
        return getattr(func, method)(*_arrays(inputs), **_arrays(named))
    name = func.__name__
    if method == "reduce" and name in REDUCED:
        named = {"axis": 0, **named}
        return _foreign.apply(f"np.{name}.reduce", _row(f"np.{name}", REDUCED[name]), inputs, named)
    if method != "__call__":
        if not _foreign.is_symbolic(given):
            return getattr(func, method)(*_arrays(inputs), **_arrays(named))
        raise _foreign.unknown(f"np.{name}.{method}", name)
    shown = f"np.{name}"
    return _foreign.apply(shown, _row(shown, UFUNCS.get(name, name)), inputs, named)


def function(func: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What another function of NumPy gives when a tensor of this package is given."""
    if not _foreign.is_recorded((args, named)):
        return func(*_arrays(args), **_arrays(named))
    name = f"{func.__module__}.{func.__name__}".removeprefix("numpy.")
    shown = f"np.{name}"
    by_hand = _BY_HAND.get(name)
    if by_hand is not None:
        return _foreign.apply(shown, by_hand, args, named)
    if name not in FUNCTIONS:
        if not _foreign.is_symbolic((args, named)):
            return func(*_arrays(args), **_arrays(named))
        raise _foreign.unknown(shown, func.__name__, FUNCTIONS)
    row, parameters = FUNCTIONS[name]
    ours = dict(pair.partition("=")[::2] for pair in parameters.split())
    if len(args) > len(ours):
        message = f"`{shown}` takes at most {len(ours)} arguments by position, got {len(args)}"
        raise fault("bad-argument", message)
    both = dict(zip(ours, args, strict=False)) | named
    if row in ("cumsum", "cumprod", "argsort", "quantile", "flip", "roll") and "axis" not in both:
        both = _without_axis(row, both)
    renamed = {ours.get(key) or key: value for key, value in both.items()}
    return _foreign.apply(shown, _row(shown, row), (), renamed)


def _without_axis(row: str, named: dict[str, Any]) -> dict[str, Any]:
    """NumPy flattens where an axis is needed and none is given."""
    key = "a" if "a" in named else "m"
    if row == "flip":
        return named | {"axis": tuple(range(named[key].ndim))}
    if row == "argsort":
        return named | {"axis": -1}
    if row in ("cumsum", "cumprod"):
        return named | {key: named[key].flatten(), "axis": 0}
    return named


def _row(shown: str, name: str) -> Callable[..., Any]:
    if name.startswith("__") or name in ("mT",):
        return lambda input, *rest: _attribute(_foreign.own(input), name, rest)
    found = _foreign.find(name)
    if found is None:
        raise _foreign.unknown(shown, name, FUNCTIONS)
    return found


def _attribute(tensor: Tensor, name: str, rest: tuple[Any, ...]) -> Any:
    found = getattr(tensor, name)
    return found(*rest) if callable(found) else found


def _arrays(given: Any) -> Any:
    return _foreign.replaced(given, np.asarray)


# Where NumPy's arguments or meaning are not the row's.


def _shape(a: Tensor) -> tuple[int, ...]:
    return _foreign.own(a).shape


def _ndim(a: Tensor) -> int:
    return len(_shape(a))


def _size(a: Tensor, axis: int | None = None) -> int:
    return _foreign.own(a).numel() if axis is None else _shape(a)[axis]


def _spread(name: str) -> Callable[..., Any]:
    def spread(
        a: Tensor,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: int = 0,
        keepdims: bool = False,
        *,
        correction: int | None = None,
    ) -> Any:
        a = a if dtype is None else a.to(dtype)
        n = ddof if correction is None else correction
        return _row(f"np.{name}", name)(a, axis, correction=n, keepdim=keepdims)

    return spread


def _median(a: Tensor, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
    """The mean of the middle two, where PyTorch takes the lower."""
    return _row("np.median", "quantile")(a, 0.5, axis, keepdim=keepdims)


def _norm(x: Tensor, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = _foreign.own(x)
    if ord is None:
        return _row("np.linalg.norm", "norm")(x, 2, axis, keepdim=keepdims)
    if isinstance(axis, int) or (axis is None and x.ndim == 1 and not isinstance(ord, str)):
        return _row("np.linalg.norm", "norm")(x, ord, axis, keepdim=keepdims)
    return _row("np.linalg.norm", "linalg_norm")(x, ord, axis, keepdim=keepdims)


def _transpose(a: Tensor, axes: Any = None) -> Any:
    a = _foreign.own(a)
    return a.permute(tuple(range(a.ndim))[::-1] if axes is None else axes)


def _sort(a: Tensor, axis: int | None = -1, kind: Any = None, order: Any = None) -> Any:
    a = _foreign.own(a)
    if axis is None:
        a, axis = a.flatten(), -1
    return a.sort(axis).values


def _take(a: Tensor, indices: Any, axis: int | None = None) -> Any:
    a = _foreign.own(a)
    if axis is None:
        return a.flatten()[indices]
    return a[(slice(None),) * (axis % a.ndim) + (indices,)]


def _repeat(a: Tensor, repeats: Any, axis: int | None = None) -> Any:
    return _row("np.repeat", "repeat_interleave")(a, repeats, axis)


def _split(ary: Tensor, indices_or_sections: Any, axis: int = 0) -> Any:
    return _row("np.split", "tensor_split")(ary, indices_or_sections, axis)


def _of_many(name: str) -> Callable[..., Any]:
    def of_many(*arys: Any) -> Any:
        return _row(f"np.{name}", name)(*arys)

    return of_many


def _einsum(*operands: Any) -> Any:
    equation, *rest = operands
    return _row("np.einsum", "einsum")(equation, *rest)


_BY_HAND: dict[str, Callable[..., Any]] = {
    "array_split": _split,
    "atleast_1d": _of_many("atleast_1d"),
    "atleast_2d": _of_many("atleast_2d"),
    "atleast_3d": _of_many("atleast_3d"),
    "einsum": _einsum,
    "linalg.norm": _norm,
    "median": _median,
    "ndim": _ndim,
    "repeat": _repeat,
    "shape": _shape,
    "size": _size,
    "sort": _sort,
    "split": _split,
    "std": _spread("std"),
    "take": _take,
    "transpose": _transpose,
    "var": _spread("var"),
}
