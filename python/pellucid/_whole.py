"""The whole batch: what an invoke without a prompt sees, all rows of the invokes before it.

Each site is read in every invoke, aligned to the right and stacked. What is written to that tensor
goes back to the invokes when the block ends; rows are then as long as each invoke's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pellucid import _native
from pellucid._location import Location, shown
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid._call import Native
    from pellucid._recorder import Recorder

WHOLE = -1
"""Stands for the number of an invoke where all are meant."""

_PADDING = {"scores": float("-inf")}
"""What cells before a prompt's start read as where it is not 0, as in an invoke of many prompts."""

Site = tuple[str, str, int]
"""Path, point and step."""


class WholeBatch:
    """What one invoke without a prompt has read and written."""

    def __init__(self, recorder: Recorder, model: _native.Model, n_invokes: int) -> None:
        self._recorder = recorder
        self._real = {place: target for _, place, target in model.aliases()}
        self._n = n_invokes
        self._values: dict[Site, _native.Handle] = {}
        self._shapes: dict[Site, list[tuple[int, ...]]] = {}
        self._at: dict[Site, Location | None] = {}
        self._assigned: set[Site] = set()
        self.is_written = False
        """Whether anything was written in place, perhaps through a view of these values."""

    @property
    def invokes(self) -> list[int]:
        """Those whose rows these are."""
        return list(range(self._n))

    def read(self, path: str, point: str, step: int, at: Location | None) -> _native.Handle:
        """All rows of a site; the same value each time, so that it shows what was written."""
        site = self._site(path, point, step)
        if site not in self._values:
            rows = [self._recorder.read(i, *site, at) for i in range(self._n)]
            if any(None in row.shape for row in rows):
                message = f"`{path}.{point}` of all invokes: its length depends on how each ends"
                raise fault("bad-argument", message, "read it in each invoke")
            self._shapes[site] = [_lengths(row) for row in rows]
            shape = self._shape(site)
            padded = [_padded(row, shape, _PADDING.get(site[1], 0.0), at) for row in rows]
            self._values[site] = _native.call("cat", (padded, 0), at)[0]
            self._at[site] = at
        return self._values[site]

    def write(self, path: str, point: str, step: int, value: Native, at: Location | None) -> None:
        """Puts a value where all rows of a site are."""
        site = self._site(path, point, step)
        self._values[site] = self._fitting(site, value, at)
        self._at[site] = at
        self._assigned.add(site)

    def skip(self, path: str, step: int, value: Native, at: Location | None) -> None:
        """Skips a module in every invoke."""
        site = self._site(path, "output", step)
        whole = self._fitting(site, value, at)
        for i, part in enumerate(self._parts(site, whole, at)):
            self._recorder.skip(i, path, step, part, at)
        self._values.pop(site)
        self._assigned.discard(site)

    def put_back(self) -> None:
        """Writes to the invokes what was written here."""
        sites = list(self._values) if self.is_written else list(self._assigned)
        for site in sites:
            at = self._at[site]
            for i, part in enumerate(self._parts(site, self._values[site], at)):
                self._recorder.write(i, *site, part, at)
        self._assigned.clear()
        self.is_written = False

    def _site(self, path: str, point: str, step: int) -> Site:
        place = f"{path}.{point}".lstrip(".")
        path, _, point = self._real.get(place, place).rpartition(".")
        return path, point, step

    def _fitting(self, site: Site, value: Native, at: Location | None) -> _native.Handle:
        """A copy of a value that has the shape of all rows."""
        there = self.read(*site, at)
        if tuple(value.shape) != tuple(there.shape):
            message = (
                f"cannot write `{'.'.join(filter(None, site[:2]))}`: the value has shape "
                f"{list(value.shape)}, the site in all invokes {list(there.shape)}"
            )
            raise fault("shape-mismatch", message)
        if isinstance(value, _native.Array):
            value = self._recorder.constant_of(value, at)
        copy: _native.Handle = _native.call("clone", (value,), at)[0]
        return copy

    def _shape(self, site: Site) -> tuple[int, ...]:
        shapes = self._shapes[site]
        batch = sum(shape[0] for shape in shapes)
        return batch, *(max(lengths) for lengths in zip(*(s[1:] for s in shapes), strict=True))

    def _parts(self, site: Site, whole: Native, at: Location | None) -> list[Native]:
        """The rows of each invoke, without the cells before their start."""
        parts: list[Native] = []
        start = 0
        for shape in self._shapes[site]:
            part = _native.call("narrow", (whole, 0, start, shape[0]), at)[0]
            start += shape[0]
            for axis, (all_, own) in enumerate(zip(self._shape(site), shape, strict=True)):
                if axis and own < all_:
                    part = _native.call("narrow", (part, axis, all_ - own, own), at)[0]
            parts.append(part)
        return parts


def _padded(value: Native, shape: tuple[int, ...], fill: float, at: Location | None) -> Native:
    """Cells put before the start of each axis but the first, up to a shape."""
    for axis in range(1, len(shape)):
        own = _lengths(value)
        missing = shape[axis] - own[axis]
        if missing:
            cells = [*own[:axis], missing, *own[axis + 1 :]]
            filler = _native.call("full", (cells, fill, value.dtype), at)[0]
            value = _native.call("cat", ([filler, value], axis), at)[0]
    return value


def _lengths(value: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in value.shape)


def no_rows(what: str, opened: Location | None) -> Exception:
    """What is wrong with an invoke without a prompt where no other has one."""
    message = f"{what} without a prompt sees the rows of those before it, and there are none"
    help = f"give one a prompt first, in the trace of {shown(opened)}"
    return fault("no-invoke", message, help)
