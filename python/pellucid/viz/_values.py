"""Numbers to draw, of whatever library, with the shape that the picture says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import PellucidError, fault

Floats = NDArray[np.float64]


def array(values: Any, name: str, axes: str) -> Floats:
    """Numbers with the axes that a text such as `"layer position"` names."""
    try:
        floats = _floats(values)
    except (ValueError, TypeError) as cause:
        if isinstance(cause, PellucidError):
            raise
        message = f"cannot draw `{name}`: expected numbers [{_listed(axes)}], got {cause}"
        raise fault("bad-argument", message) from cause
    if floats.ndim != len(axes.split()) or not floats.size:
        raise wrong_shape(name, f"[{_listed(axes)}]", floats.shape)
    return floats


def shaped(values: Any, name: str, axes: str, shape: Sequence[int]) -> Floats:
    """The same, as long as other values are."""
    floats = array(values, name, axes)
    if floats.shape != tuple(shape):
        raise wrong_shape(name, f"[{_listed(axes)}] = {list(shape)}", floats.shape)
    return floats


def counted(names: Sequence[Any], name: str, n: int, what: str) -> None:
    """Refuses names that are not as many as what they name."""
    if len(names) != n:
        raise fault(
            "shape-mismatch", f"cannot draw `{name}`: expected {n}, {what}, got {len(names)}"
        )


def wrong_shape(name: str, expected: str, got: Sequence[int]) -> PellucidError:
    """An error that says both shapes; a batch of one is the likely reason."""
    help = None
    if len(got) and got[0] == 1:
        help = f"the first axis is a batch of one: pass `{name}[0]`"
    message = f"cannot draw `{name}`: expected the shape {expected}, got {list(got)}"
    return fault("shape-mismatch", message, help)


def n_axes(values: Any) -> int:
    """How many axes values have, be they nested lists with tensors in them."""
    if isinstance(values, list | tuple):
        return 1 + (n_axes(values[0]) if values else 0)
    return len(getattr(values, "shape", ()))


def number(value: float) -> str:
    """A number with three digits, and what is none as such."""
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    shown = f"{value:.3g}" if 0 < abs(value) < 1e-3 or abs(value) >= 1e4 else f"{value:.3f}"
    return shown.replace("-", "−")


def brief(value: float) -> str:
    """A number with as few digits as will do beside a bar of colours."""
    return number(value) if not np.isfinite(value) else f"{value:.3g}".replace("-", "−")


def rounded(values: Floats, digits: int = 5) -> Any:
    """Nested lists of numbers as short as they can be without a difference to see; else `None`."""
    if values.ndim > 1:
        return [rounded(row, digits) for row in values]
    return [float(f"{x:.{digits}g}") if np.isfinite(x) else None for x in values.tolist()]


def _listed(axes: str) -> str:
    return ", ".join(axes.split())


def _floats(values: Any) -> Floats:
    if isinstance(values, list | tuple):
        return np.array([_floats(item) for item in values])
    if hasattr(values, "detach"):  # tensors here and of PyTorch, which may be bfloat16
        values = values.detach().cpu().float()
    return np.asarray(values, dtype=np.float64)
