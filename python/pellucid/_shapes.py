"""The methods of a tensor that change its shape, with PyTorch's names and meaning.

A view shares the tensor's memory: writing to it writes to the tensor, and so to the site.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from pellucid import _call, _native, _ops, _views
from pellucid._lengths import lengths
from pellucid._operators import Operators

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

Lengths: TypeAlias = "int | Sequence[int]"


class Shapes(Operators):
    """Other shapes, orders and parts of the same elements."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def shape(self) -> tuple[int, ...]: ...
        @property
        def ndim(self) -> int: ...

    # The same elements in another shape.

    def reshape(self, *shape: Lengths) -> Tensor:
        """Gives the same elements another shape; one length may be -1.

        A view where the elements are laid out for it, as in PyTorch, else a copy.
        """
        return _call.one("reshape", self._lowered(), lengths(shape))

    def view(self, *shape: Lengths) -> Tensor:
        """Gives the same elements another shape without copying; one length may be -1.

        A view: writing to the result writes to the tensor.
        """
        return _call.one("view", self._lowered(), lengths(shape))

    def view_as(self, other: Tensor) -> Tensor:
        """Gives the elements the shape of another tensor. A view."""
        return self.view(other.shape)

    def reshape_as(self, other: Tensor) -> Tensor:
        """Gives the elements the shape of another tensor; a view where that is possible."""
        return self.reshape(other.shape)

    def ravel(self) -> Tensor:
        """Gives the elements as a vector; a view where they follow each other in memory."""
        return self.reshape(-1)

    def expand(self, *shape: Lengths) -> Tensor:
        """Repeats axes of length 1 to the given lengths; -1 keeps an axis.

        A view, whose repeated elements cannot be written.
        """
        return _call.one("expand", self._lowered(), lengths(shape))

    def expand_as(self, other: Tensor) -> Tensor:
        """Repeats axes of length 1 to the shape of another tensor. A view."""
        return self.expand(other.shape)

    def broadcast_to(self, size: Sequence[int]) -> Tensor:
        """Repeats axes of length 1 to the given lengths, as `expand`. A view."""
        return self.expand(size)

    def is_contiguous(self) -> bool:
        """True when the elements follow each other in memory, as PyTorch would lay them out."""
        value = self._lowered()
        return value.is_contiguous if isinstance(value, _native.Handle) else True

    def contiguous(self) -> Tensor:
        """Gives itself, or a copy when it is a view whose elements lie apart."""
        return self if self.is_contiguous() else _ops.clone(self)  # type: ignore[return-value]

    # Other orders of the axes.

    def permute(self, *dims: Lengths) -> Tensor:
        """Reorders the axes. A view: writing to the result writes to the tensor."""
        return _call.one("permute", self._lowered(), lengths(dims))

    @property
    def T(self) -> Tensor:
        """The axes in reverse order. A view."""
        return self.permute(*range(self.ndim)[::-1])

    @property
    def mT(self) -> Tensor:
        """The last two axes swapped. A view."""
        return self.transpose(-2, -1)

    @property
    def H(self) -> Tensor:
        """The axes of a matrix swapped. A view."""
        return _views.t(self)

    def t(self) -> Tensor:
        """Swaps the axes of a matrix; a vector stays as it is. A view."""
        return _views.t(self)

    def adjoint(self) -> Tensor:
        """Swaps the last two axes. A view."""
        return self.transpose(-2, -1)

    def swapaxes(self, axis0: int, axis1: int) -> Tensor:
        """Swaps two axes, as `transpose`. A view."""
        return self.transpose(axis0, axis1)

    def swapdims(self, dim0: int, dim1: int) -> Tensor:
        """Swaps two axes, as `transpose`. A view."""
        return self.transpose(dim0, dim1)

    def moveaxis(self, source: Lengths, destination: Lengths) -> Tensor:
        """Moves axes to other places, as `movedim`. A view."""
        return self.movedim(source, destination)

    # Parts.

    def split(self, split_size: Lengths, dim: int = 0) -> tuple[Tensor, ...]:
        """Cuts an axis into pieces of one length, the last maybe shorter, or of the given lengths.

        The pieces are views: writing to one writes to the tensor.
        """
        return _views.split(self, split_size, dim)

    def chunk(self, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """Cuts an axis into at most `chunks` pieces of one length. Views."""
        return _views.chunk(self, chunks, dim)

    def tensor_split(self, indices_or_sections: Lengths, dim: int = 0) -> tuple[Tensor, ...]:
        """Cuts an axis into so many pieces, or before the given positions. Views."""
        return _views.tensor_split(self, indices_or_sections, dim)

    def hsplit(self, indices_or_sections: Lengths) -> tuple[Tensor, ...]:
        """Cuts along axis 1, or axis 0 of a vector. Views."""
        return _views.hsplit(self, indices_or_sections)

    def vsplit(self, indices_or_sections: Lengths) -> tuple[Tensor, ...]:
        """Cuts along axis 0. Views."""
        return _views.vsplit(self, indices_or_sections)

    def dsplit(self, indices_or_sections: Lengths) -> tuple[Tensor, ...]:
        """Cuts along axis 2. Views."""
        return _views.dsplit(self, indices_or_sections)

    def unbind(self, dim: int = 0) -> tuple[Tensor, ...]:
        """Takes every position of an axis. Views."""
        return _views.unbind(self, dim)

    # Copies.

    def repeat(self, *repeats: Lengths) -> Tensor:
        """Repeats the tensor along its axes; more counts than axes make leading axes."""
        return _call.one("repeat", self._lowered(), lengths(repeats))

    def tile(self, *dims: Lengths) -> Tensor:
        """Repeats the tensor along its last axes."""
        return _ops.tile(self, lengths(dims))

    def flip(self, *dims: Lengths) -> Tensor:
        """Reverses the order along axes."""
        return _ops.flip(self, lengths(dims))

    def fliplr(self) -> Tensor:
        """Reverses axis 1."""
        return _views.fliplr(self)

    def flipud(self) -> Tensor:
        """Reverses axis 0."""
        return _views.flipud(self)
