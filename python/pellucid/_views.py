"""Functions that take tensors apart and put them together, each made of rows of the op table.

What PyTorch gives as views are views here: writing to a piece of `split` writes to the tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pellucid import _call, _ops
from pellucid._call import TensorLike
from pellucid._lengths import OpenLength
from pellucid._location import here
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

__all__ = [
    "adjoint", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_tensors", "broadcast_to",
    "cartesian_prod", "chunk", "column_stack", "dsplit", "dstack", "fliplr", "flipud", "hsplit",
    "hstack", "meshgrid", "moveaxis", "ravel", "split", "swapaxes", "swapdims", "t",
    "tensor_split", "unbind", "vsplit", "vstack",
]  # fmt: skip

Several: TypeAlias = "TensorLike | Sequence[TensorLike]"


def given(value: TensorLike) -> Tensor:
    """The argument as a tensor."""
    from pellucid.tensor import Tensor  # which is built on this module

    return value if isinstance(value, Tensor) else _call.made(_call.tensor(value), here())


def length(tensor: Tensor, dim: int) -> tuple[int, int]:
    """An axis counted from the front, and its length."""
    rank = tensor.ndim
    if not -rank <= dim < rank:
        message = f"dim {dim} is out of range for a tensor with {rank} axes (-{rank} to {rank - 1})"
        raise fault("bad-argument", message)
    n = tensor.shape[dim]
    if isinstance(n, OpenLength):
        message = f"the length of axis {dim} depends on elements: it cannot be taken apart"
        raise fault("shape-mismatch", message, "slices of a known length can be taken: `x[:3]`")
    return dim % rank, n


# Taking apart.


def split(
    tensor: TensorLike, split_size_or_sections: int | Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """Cuts an axis into pieces of one length, the last maybe shorter, or of the given lengths.

    The pieces are views: writing to one writes to the tensor.
    """
    x = given(tensor)
    axis, n = length(x, dim)
    size = split_size_or_sections
    if isinstance(size, int):
        if size < 0 or (size == 0 and n > 0):
            raise fault("bad-argument", f"`split`: pieces must have a length above 0, got {size}")
        sizes = [min(size, n - start) for start in range(0, n, size)] if n else [0]
    else:
        sizes = [int(s) for s in size]
        if sum(sizes) != n or min(sizes, default=0) < 0:
            message = f"`split`: pieces of {sizes} do not make up axis {axis} of length {n}"
            raise fault("shape-mismatch", message)
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    parts = (_ops.narrow(x, axis, start, s) for start, s in zip(starts, sizes, strict=True))
    return _call.together(parts)


def chunk(input: TensorLike, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cuts an axis into at most `chunks` pieces of one length, the last maybe shorter.

    The pieces are views: writing to one writes to the tensor.
    """
    x = given(input)
    axis, n = length(x, dim)
    if chunks < 1:
        raise fault("bad-argument", f"`chunk`: needs at least 1 piece, got {chunks}")
    if n == 0:
        return split(x, [0] * chunks, axis)
    return split(x, -(-n // chunks), axis)


def tensor_split(
    input: TensorLike, indices_or_sections: int | Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """Cuts an axis into so many pieces, the first maybe longer, or before the given positions.

    The pieces are views: writing to one writes to the tensor.
    """
    x = given(input)
    axis, n = length(x, dim)
    where = indices_or_sections
    if isinstance(where, int):
        if where < 1:
            raise fault("bad-argument", f"`tensor_split`: needs at least 1 piece, got {where}")
        each, longer = divmod(n, where)
        return split(x, [each + (i < longer) for i in range(where)], axis)
    ends = [*(int(i) for i in where), n]
    pieces = []
    for start, end in zip([0, *ends], ends, strict=False):
        first, last, _ = slice(start, end).indices(n)
        pieces.append(_ops.narrow(x, axis, first, max(last - first, 0)))
    return _call.together(pieces)


def hsplit(input: TensorLike, indices_or_sections: int | Sequence[int]) -> tuple[Tensor, ...]:
    """Cuts along axis 1, or axis 0 of a vector; the pieces are views."""
    x = given(input)
    return _equal_split("hsplit", x, indices_or_sections, 0 if x.ndim == 1 else 1, 1)


def vsplit(input: TensorLike, indices_or_sections: int | Sequence[int]) -> tuple[Tensor, ...]:
    """Cuts along axis 0; the pieces are views."""
    return _equal_split("vsplit", given(input), indices_or_sections, 0, 2)


def dsplit(input: TensorLike, indices_or_sections: int | Sequence[int]) -> tuple[Tensor, ...]:
    """Cuts along axis 2; the pieces are views."""
    return _equal_split("dsplit", given(input), indices_or_sections, 2, 3)


def _equal_split(
    name: str, x: Tensor, where: int | Sequence[int], dim: int, rank: int
) -> tuple[Tensor, ...]:
    if x.ndim < rank:
        message = f"`{name}`: needs at least {rank} axes, got shape {list(x.shape)}"
        raise fault("shape-mismatch", message)
    _, n = length(x, dim)
    if isinstance(where, int) and (where < 1 or n % where):
        message = f"`{name}`: axis {dim} of length {n} has no {where} equal pieces"
        raise fault("bad-argument", message, "`tensor_split` cuts it into nearly equal ones")
    return tensor_split(x, where, dim)


def unbind(input: TensorLike, dim: int = 0) -> tuple[Tensor, ...]:
    """Takes every position of an axis.

    The parts are views: writing to one writes to the tensor.
    """
    x = given(input)
    axis, n = length(x, dim)
    return _call.together(_ops.select(x, axis, i) for i in range(n))


# Other orders and shapes.


def moveaxis(
    input: TensorLike, source: int | Sequence[int], destination: int | Sequence[int]
) -> Tensor:
    """Moves axes to other places, as `movedim`. A view."""
    return _ops.movedim(input, source, destination)


def swapaxes(input: TensorLike, axis0: int, axis1: int) -> Tensor:
    """Swaps two axes, as `transpose`. A view."""
    return _ops.transpose(input, axis0, axis1)


def swapdims(input: TensorLike, dim0: int, dim1: int) -> Tensor:
    """Swaps two axes, as `transpose`. A view."""
    return _ops.transpose(input, dim0, dim1)


def t(input: TensorLike) -> Tensor:
    """Swaps the axes of a matrix; a vector stays as it is. A view."""
    x = given(input)
    if x.ndim > 2:
        message = f"`t`: takes at most two axes, got shape {list(x.shape)}"
        raise fault("shape-mismatch", message, "`.mT` swaps the last two")
    return _ops.transpose(x, 0, 1) if x.ndim == 2 else x


def adjoint(input: TensorLike) -> Tensor:
    """Swaps the last two axes. A view."""
    return _ops.transpose(input, -2, -1)


def ravel(input: TensorLike) -> Tensor:
    """Gives the elements as a vector; a view where they follow each other in memory."""
    return _ops.reshape(input, [-1])


def broadcast_to(input: TensorLike, size: Sequence[int]) -> Tensor:
    """Repeats axes of length 1 to the given lengths, as `expand`. A view."""
    return _ops.expand(input, size)


def broadcast_tensors(*tensors: TensorLike) -> tuple[Tensor, ...]:
    """Expands tensors to the shape that they broadcast to. Views."""
    all = [given(x) for x in tensors]
    rank = max((x.ndim for x in all), default=0)
    shape = [1] * rank
    for x in all:
        for axis, n in enumerate(x.shape, rank - x.ndim):
            shape[axis] = n if shape[axis] == 1 else shape[axis]
    return _call.together(_ops.expand(x, shape) for x in all)


def atleast_1d(*tensors: Several) -> Tensor | tuple[Tensor, ...]:
    """Gives a tensor without axes one. A view; of several tensors a tuple."""
    return _each(tensors, lambda x: x if x.ndim else _ops.reshape(x, [1]))


def atleast_2d(*tensors: Several) -> Tensor | tuple[Tensor, ...]:
    """Puts axes of length 1 in front until there are two. Views; of several tensors a tuple."""
    return _each(tensors, _two_axes)


def atleast_3d(*tensors: Several) -> Tensor | tuple[Tensor, ...]:
    """Adds axes of length 1, the last one first, until there are three. Views."""
    return _each(tensors, lambda x: x if x.ndim > 2 else _ops.unsqueeze(_two_axes(x), -1))


def _two_axes(x: Tensor) -> Tensor:
    return x if x.ndim > 1 else _ops.reshape(x, [1, -1])


def _each(several: tuple[Any, ...], f: Callable[[Tensor], Tensor]) -> Tensor | tuple[Tensor, ...]:
    first = several[0] if len(several) == 1 else several
    if isinstance(first, list | tuple):
        return tuple(f(given(x)) for x in first)
    return f(given(first))


def fliplr(input: TensorLike) -> Tensor:
    """Reverses axis 1."""
    x = given(input)
    if x.ndim < 2:
        message = f"`fliplr`: needs at least two axes, got shape {list(x.shape)}"
        raise fault("shape-mismatch", message)
    return _ops.flip(x, [1])


def flipud(input: TensorLike) -> Tensor:
    """Reverses axis 0."""
    return _ops.flip(input, [0])


# Putting together.


def hstack(tensors: Sequence[TensorLike]) -> Tensor:
    """Joins along axis 1, vectors along their only axis."""
    all = _list(atleast_1d(tensors))
    return _ops.cat(all, 0 if all and all[0].ndim == 1 else 1)


def vstack(tensors: Sequence[TensorLike]) -> Tensor:
    """Joins along axis 0; a vector is a row."""
    return _ops.cat(_list(atleast_2d(tensors)), 0)


def dstack(tensors: Sequence[TensorLike]) -> Tensor:
    """Joins along axis 2."""
    return _ops.cat(_list(atleast_3d(tensors)), 2)


def column_stack(tensors: Sequence[TensorLike]) -> Tensor:
    """Joins along axis 1; a vector is a column."""
    columns = [given(x) for x in tensors]
    return _ops.cat([x if x.ndim > 1 else _ops.reshape(x, [-1, 1]) for x in columns], 1)


def _list(tensors: Tensor | tuple[Tensor, ...]) -> list[Tensor]:
    return list(tensors) if isinstance(tensors, tuple) else [tensors]


def meshgrid(*tensors: Several, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Expands vectors to the grid that they span, `xy` with the first two axes swapped. Views."""
    if indexing not in ("ij", "xy"):
        raise fault("bad-argument", f"`indexing` must be ij or xy, got `{indexing}`")
    axes = [x for several in [atleast_1d(*tensors)] for x in _list(several)]
    wrong = next((x for x in axes if x.ndim != 1), None)
    if wrong is not None:
        message = f"`meshgrid`: takes vectors, got shape {list(wrong.shape)}"
        raise fault("shape-mismatch", message)
    swapped = indexing == "xy" and len(axes) > 1
    order = [axes[1], axes[0], *axes[2:]] if swapped else axes
    shape = [length(x, 0)[1] for x in order]
    grid = [
        _ops.expand(_ops.reshape(x, [-1 if i == k else 1 for i in range(len(order))]), shape)
        for k, x in enumerate(order)
    ]
    return _call.together([grid[1], grid[0], *grid[2:]] if swapped else grid)


def cartesian_prod(*tensors: TensorLike) -> Tensor:
    """Gives every combination of the elements of vectors, one a row."""
    if len(tensors) == 1:
        return given(tensors[0])
    return _ops.stack([_ops.reshape(x, [-1]) for x in meshgrid(*tensors)], 1)
