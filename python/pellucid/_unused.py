"""Values that nobody used: what a trace warns of at its end, since it will not compute them.

A value is used when it is saved or written, when another value is made of it, or when its shape or
dtype is looked at. Of several results of one line, such as `h.max(dim=-1)`, one suffices. So there
is a warning for the last value of a line of thought that leads nowhere, not for those before it.
"""

from __future__ import annotations

import warnings

from pellucid import _native
from pellucid._location import Location, shown
from pellucid.errors import UnusedValueWarning


class Unused:
    """The values of one trace that nobody has used so far."""

    def __init__(self) -> None:
        self._values: dict[_native.Handle, tuple[tuple[object, ...], Location | None]] = {}

    def add(self, value: _native.Handle, together: tuple[object, ...], at: Location | None) -> None:
        """Remembers a new value, and those that its line made beside it."""
        self._values[value] = (together, at)

    def discard(self, value: _native.Handle) -> None:
        """The value is used."""
        together, _ = self._values.pop(value, ((), None))
        for other in together:
            self._values.pop(other, None)  # type: ignore[call-overload]

    def warn(self) -> None:
        """Warns of those that are left, once for each line of the user's script."""
        places = dict.fromkeys(at for _, at in self._values.values())
        self.clear()
        for at in places:
            message = (
                f"the value of {shown(at)} is neither saved nor used, so it is not computed: "
                "add `.save()` to have it after the block"
            )
            file, line = at or ("<unknown>", 1)
            warnings.warn_explicit(message, UnusedValueWarning, file, line)

    def clear(self) -> None:
        """Forgets all of them."""
        self._values.clear()
