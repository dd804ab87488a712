"""Matrices as maps, whichever way they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid import _views
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid._call import TensorLike
    from pellucid.envoy import Envoy
    from pellucid.tensor import Tensor


def is_transposed(module: Envoy) -> bool:
    """Whether a matrix is stored `[n_in, n_out]`: a `Conv1D`, and a table, whose rows it gives."""
    return module.kind == "Conv1D" or "Embedding" in module.kind


def rank_one(module: Envoy, u: TensorLike, v: TensorLike, *, scale: float = 1.0) -> None:
    """Adds `scale * u (v · x)` to what a linear module makes of `x`.

    `u` has the width of its output, `v` that of its input; the module may be a `Linear` or a
    `Conv1D`, whose matrix is stored the other way round.
    """
    to, along = (_views.given(x).float() for x in (u, v))
    if to.ndim != 1 or along.ndim != 1:
        message = (
            f"`rank_one`: vectors are wanted, got shapes {list(to.shape)} and {list(along.shape)}"
        )
        raise fault("shape-mismatch", message)
    outer = along.outer(to) if is_transposed(module) else to.outer(along)
    weight: Tensor = getattr(module, "weight")  # noqa: B009 - of an envoy every name is one
    if outer.shape != weight.shape:
        n_out, n_in = reversed(weight.shape) if is_transposed(module) else weight.shape
        message = (
            f"`rank_one`: `u` has length {to.shape[0]} and `v` {along.shape[0]}, "
            f"`{module.path}` goes from {n_in} to {n_out}"
        )
        raise fault("shape-mismatch", message)
    weight.copy_(weight.float() + outer * scale)
