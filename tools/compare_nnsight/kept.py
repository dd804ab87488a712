"""What scripts gave, sampled and kept in a file: tests compare with it where NNsight is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

Samples = Mapping[str, Mapping[str, np.ndarray]]
"""By model and script."""


def sample(arrays: list[np.ndarray], most: int = 48) -> np.ndarray:
    """Shapes, and elements at even distances."""
    flat = np.concatenate([array.ravel() for array in arrays])
    shapes = [n for array in arrays for n in (array.ndim, *array.shape)]
    chosen = flat[:: max(1, flat.size // most)]
    return np.concatenate([[len(shapes)], shapes, chosen]).astype(np.float32)


def write(path: Path, samples: Samples) -> None:
    """Writes them: for each model one array of all samples, their lengths and their names."""
    arrays: dict[str, np.ndarray] = {}
    for model, by_script in samples.items():
        arrays[model] = np.concatenate(list(by_script.values()))
        arrays[f"{model}.lengths"] = np.array([len(each) for each in by_script.values()])
        arrays[f"{model}.names"] = np.array(list(by_script))
    np.savez_compressed(path, allow_pickle=False, **arrays)


def read(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """Reads them."""
    with np.load(path) as file:
        models = [name for name in file.files if "." not in name]
        return {
            model: dict(
                zip(
                    file[f"{model}.names"].tolist(),
                    np.split(file[model], np.cumsum(file[f"{model}.lengths"])[:-1]),
                    strict=True,
                )
            )
            for model in models
        }
