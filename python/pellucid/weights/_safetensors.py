"""Tensors of a safetensors file as NumPy arrays of single precision."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float32]]

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def read(path: str | os.PathLike[str]) -> dict[str, Floats]:
    """Every tensor by its name, widened or narrowed to float32.

    Raises `ValueError` saying what is wrong with the file.
    """
    with open(path, "rb") as file:
        data = file.read()
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > len(data) - 8:
        raise ValueError("its header is longer than the file")
    header = json.loads(data[8 : 8 + size])
    body = data[8 + size :]
    return {name: _array(name, row, body) for name, row in header.items() if name != "__metadata__"}


def _array(name: str, row: dict[str, Any], body: bytes) -> Floats:
    kind, shape = row.get("dtype"), row.get("shape")
    start, end = row.get("data_offsets", (0, -1))
    if kind not in _TYPES or not isinstance(shape, list):
        raise ValueError(f"`{name}` is of type {kind}, not of floating-point numbers")
    made = np.frombuffer(body[start:end], dtype=_TYPES[kind])
    if not 0 <= start <= end <= len(body) or made.size != np.prod(shape, dtype=int):
        raise ValueError(f"`{name}` does not have the elements of its shape {shape}")
    if kind == "BF16":
        made = (made.astype(np.uint32) << 16).view(np.float32)
    return made.astype(np.float32).reshape(shape)
