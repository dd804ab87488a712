"""What a run took."""

from __future__ import annotations

from typing import NamedTuple


class Meter(NamedTuple):
    """What a run took: `tracer.meter`, once the block has ended."""

    peak_bytes: int
    """The most bytes that its values, activations and cached keys and values held at once.

    Weights are not among them (`model.weight_bytes`), nor is scratch memory of kernels.
    """
    tokens: int
    """Tokens that went through the model, all passes together."""
    seconds: float
    """From the first statement to the last; recording and checking come before."""
