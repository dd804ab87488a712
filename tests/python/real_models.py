"""Real models for the tests, opened once; `make models-all` fetches them."""

from __future__ import annotations

import json
import os
import struct
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
SMOLLM2 = "SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf"
GEMMA3 = "gemma-3-270m/gemma-3-270m-q4_k_m.gguf"
MINILM = "all-MiniLM-L6-v2"
LANGUAGE_MODELS = [SMOLLM2, GEMMA3]


def path_of(name: str) -> Path:
    """Where the model is, or the reason why a test of it is skipped."""
    path = Path(os.environ.get("PELLUCID_MODELS") or ROOT / ".models") / name
    if not path.exists():
        pytest.skip(f"`make models-all` fetches {name}")
    return path


@cache
def _opened(path: Path) -> pl.LanguageModel:
    return pl.LanguageModel(path)


def language_model(name: str) -> pl.LanguageModel:
    """A language model that all tests of a run share."""
    return _opened(path_of(name))


def golden(name: str) -> dict[str, np.ndarray]:
    """What transformers computed from a real model's weights."""
    data = (FIXTURES / "real" / f"{Path(name).parts[0]}.safetensors").read_bytes()
    (n,) = struct.unpack("<Q", data[:8])
    kinds = {"F32": "<f4", "I64": "<i8"}
    found = {}
    for key, entry in json.loads(data[8 : 8 + n]).items():
        if key != "__metadata__":
            start, end = (8 + n + at for at in entry["data_offsets"])
            array = np.frombuffer(data[start:end], dtype=kinds[entry["dtype"]])
            found[key] = array.reshape(entry["shape"])
    return found
