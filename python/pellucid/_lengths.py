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

    __slots__ = ("at_most", "in_edit")

    def __init__(self, at_most: int, in_edit: bool = False) -> None:
        self.at_most = at_most
        self.in_edit = in_edit

    def __repr__(self) -> str:
        return "?" if self.in_edit else f"<={self.at_most}"

    def _unknown(self, *_: Any) -> NoReturn:
        if self.in_edit:
            message = "how many prompts there are and how long they are is not known in an edit"
            help = (
                "`-1` stands for a length in `reshape`, `view` and `expand`, `[:, -1]` is the end"
            )
            raise fault("prompt-in-edit", message, help)
        message = (
            f"a length (<={self.at_most}) depends on elements: it is not known while recording"
        )
        help = "`mask.sum()` is a value that counts; or `.save()` and look after the block"
        raise fault("not-concrete", message, help)

    __index__ = __int__ = __float__ = __bool__ = _unknown
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = _unknown
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _unknown
    __lt__ = __le__ = __gt__ = __ge__ = _unknown


def with_open(
    shape: tuple[int | None, ...], bounds: tuple[int, ...], in_edit: bool = False
) -> tuple[int, ...]:
    """A shape, where it is not known with the largest length it can have."""
    lengths: list[Any] = [
        OpenLength(bound, in_edit) if length is None else length
        for length, bound in zip(shape, bounds, strict=True)
    ]
    return cast("tuple[int, ...]", tuple(lengths))


def lengths(given: tuple[int | Sequence[int], ...]) -> list[int]:
    """Lengths or axes as arguments: one by one, or in one list."""
    if len(given) == 1 and not hasattr(given[0], "__index__"):
        return [int(n) for n in given[0]]
    return [int(n) for n in cast("tuple[int, ...]", given)]
