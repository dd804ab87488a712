"""Element types, named as in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.errors import fault


class DType:
    """An element type: equal to its names, `pl.float32 == "float32" == "f32"`."""

    __slots__ = ("is_floating_point", "itemsize", "name", "short")

    def __init__(self, name: str, short: str, itemsize: int, is_floating_point: bool) -> None:
        self.name = name
        self.short = short
        self.itemsize = itemsize
        self.is_floating_point = is_floating_point

    def __repr__(self) -> str:
        return f"pellucid.{self.name}"

    def __str__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self is other
        return _find(other) is self

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's type of this name, so that `np.zeros(3, dtype=h.dtype)` works."""
        if self.name == "bfloat16":
            raise AttributeError("NumPy has no bfloat16")
        return np.dtype(self.name)

    def __reduce__(self) -> str:
        return self.name


bool_ = DType("bool", "bool", 1, False)
uint8 = DType("uint8", "u8", 1, False)
int32 = DType("int32", "i32", 4, False)
int64 = DType("int64", "i64", 8, False)
float16 = DType("float16", "f16", 2, True)
bfloat16 = DType("bfloat16", "bf16", 2, True)
float32 = DType("float32", "f32", 4, True)
float64 = DType("float64", "f64", 8, True)

ALL = (bool_, uint8, int32, int64, float16, bfloat16, float32, float64)

_NAMES = {name: d for d in ALL for name in (d.name, d.short)} | {
    "half": float16,
    "float": float32,
    "double": float64,
    "int": int32,
    "long": int64,
    # What `str` makes of the classes that people pass as NumPy dtypes.
    "<class 'bool'>": bool_,
    "<class 'int'>": int64,
    "<class 'float'>": float32,
}


def _find(given: Any) -> DType | None:
    if isinstance(given, DType):
        return given
    named = getattr(given, "__name__", None) if isinstance(given, type) else None
    for name in (str(given), named):
        found = _NAMES.get(name.removeprefix("torch.")) if name is not None else None
        if found is not None:
            return found
    return None


def dtype(given: Any) -> DType:
    """The element type for a name, or for a dtype of NumPy or PyTorch."""
    found = _find(given)
    if found is None:
        known = ", ".join(d.name for d in ALL)
        raise fault(
            "dtype-mismatch", f"there is no element type `{given}`", f"the types are {known}"
        )
    return found
