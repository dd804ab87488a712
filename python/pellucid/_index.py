"""What stands between brackets: `h[:, -1]`, `h[0, [1, 2], None, ...]`."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid import _call
from pellucid.errors import fault


def lower(index: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The items of an index into this shape, as the extension takes them."""
    items = index if isinstance(index, tuple) else (index,)
    used = sum(_axes(item) for item in items)
    lowered: list[Any] = []
    axis = 0
    for item in items:
        lowered.extend(_item(item, axis, shape))
        axis += max(len(shape) - used, 0) if item is Ellipsis else _axes(item)
    return tuple(lowered)


def _axes(item: Any) -> int:
    """Axes that an item takes; a mask takes as many as it has."""
    if item is None or item is Ellipsis:
        return 0
    if isinstance(item, bool | np.bool_):
        return 0
    if str(getattr(item, "dtype", "")) in ("bool", "torch.bool"):
        return len(item.shape)
    mask = _mask(item)
    return 1 if mask is None else mask.ndim


def _item(item: Any, axis: int, shape: tuple[int, ...]) -> list[Any]:
    if item is None or item is Ellipsis or isinstance(item, slice):
        return [item]
    if isinstance(item, bool | np.bool_):
        return [_call.array(np.asarray(item))]
    if isinstance(item, int | np.integer):
        return [int(item)]
    if isinstance(item, str | bytes | float):
        raise _unusable(item)
    mask = _mask(item)
    if mask is not None and mask.ndim > 0:
        place = shape[axis : axis + mask.ndim]
        if mask.shape != place:
            message = (
                f"a mask of shape {list(mask.shape)} at axis {axis} does not fit shape "
                f"{list(shape)}, it needs {list(place)}"
            )
            raise fault("shape-mismatch", message)
        return [_call.array(positions) for positions in np.nonzero(mask)]
    if isinstance(item, list | tuple | range) and not item:
        return [_call.array(np.zeros(0, dtype=np.int64))]
    return [_call.tensor(item)]


def _mask(item: Any) -> np.ndarray[Any, Any] | None:
    """A concrete mask: its places are known, so it is as good as a list of positions."""
    if isinstance(item, list | np.ndarray):
        made = np.asarray(item)
        return made if made.dtype == np.bool_ else None
    if str(getattr(item, "dtype", "")) in ("bool", "torch.bool") and not getattr(
        item, "_is_recorded", False
    ):
        return np.asarray(item)
    return None


def _unusable(item: object) -> Exception:
    message = f"`{item!r}` cannot be an index"
    help = "integers, slices, `None`, `...` and tensors of integers or bool can"
    return fault("bad-argument", message, help)
