"""Lengths of axes: given as arguments, and those that only the elements will tell.

As many elements as a mask holds: `h[h > 0].shape` is `(<=96,)` while a trace is recorded. The
bound is known, the length is not, so computing with it raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, cast

from pellucid.errors import fault


class OpenLength:
    """A length of which the trace knows the largest value it can have, `at_most`."""

    __slots__ = ("at_most",)

    def __init__(self, at_most: int) -> None:
        self.at_most = at_most

    def __repr__(self) -> str:
        return f"<={self.at_most}"

    def _unknown(self, *_: Any) -> NoReturn:
        message = (
            f"a length (<={self.at_most}) depends on elements: it is not known while recording"
        )
        help = "`mask.sum()` is a value that counts; or `.save()` and look after the block"
        raise fault("not-concrete", message, help)

    __index__ = __int__ = __float__ = __bool__ = _unknown
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = _unknown
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _unknown
    __lt__ = __le__ = __gt__ = __ge__ = _unknown


def with_open(shape: tuple[int | None, ...], bounds: tuple[int, ...]) -> tuple[int, ...]:
    """A shape, where it is not known with the largest length it can have."""
    lengths: list[Any] = [
        OpenLength(bound) if length is None else length
        for length, bound in zip(shape, bounds, strict=True)
    ]
    return cast("tuple[int, ...]", tuple(lengths))


def lengths(given: tuple[int | Sequence[int], ...]) -> list[int]:
    """Lengths or axes as arguments: one by one, or in one list."""
    if len(given) == 1 and not hasattr(given[0], "__index__"):
        return [int(n) for n in given[0]]
    return [int(n) for n in cast("tuple[int, ...]", given)]
