"""The line of the user's script that is being run: what every error points at."""

from __future__ import annotations

import os
import sys

Location = tuple[str, int]

_PACKAGES: list[str] = [os.path.dirname(os.path.abspath(__file__)) + os.sep]
_IS_INSIDE: dict[str, bool] = {}


def here() -> Location | None:
    """File and line of the nearest caller outside this package and those passed over."""
    frame = sys._getframe(1)
    while True:
        file = frame.f_code.co_filename
        is_inside = _IS_INSIDE.get(file)
        if is_inside is None:
            is_inside = _IS_INSIDE[file] = file.startswith(tuple(_PACKAGES))
        if not is_inside:
            return file, frame.f_lineno
        if frame.f_back is None:
            return None
        frame = frame.f_back


def pass_over(file: str) -> None:
    """Lines of the package whose `__init__` this is are never the user's."""
    folder = os.path.dirname(os.path.abspath(file)) + os.sep
    if folder not in _PACKAGES:
        _PACKAGES.append(folder)
        _IS_INSIDE.clear()


def shown(at: Location | None) -> str:
    """`FILE:LINE`."""
    return "an unknown place" if at is None else f"{at[0]}:{at[1]}"
