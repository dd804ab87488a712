"""The line of the user's script that is being run: what every error points at."""

from __future__ import annotations

import os
import sys

Location = tuple[str, int]

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def here() -> Location | None:
    """File and line of the nearest caller outside this package."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(_PACKAGE):
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def shown(at: Location | None) -> str:
    """`FILE:LINE`."""
    return "an unknown place" if at is None else f"{at[0]}:{at[1]}"
