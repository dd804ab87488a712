"""Runs every script on both packages, and says how far the results are apart."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from compare_nnsight import kept, ours, theirs
from compare_nnsight.page import page
from compare_nnsight.parts import Parts, Script
from compare_nnsight.scripts import SCRIPTS, takes, tolerance

FIXTURES = Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "tiny"
MODELS = ("gpt2", "llama", "llama_tied_rope3", "gemma3_text", "qwen3", "gpt_neox", "qwen3_moe")
Results = dict[str, list[np.ndarray]]


def main() -> int:
    """Prints a line for each script and model; fails if one differs by more than the tolerance."""
    parser = argparse.ArgumentParser(prog="compare_nnsight", description=__doc__)
    parser.add_argument("--models", nargs="*", default=MODELS, help="names of tiny fixtures")
    parser.add_argument("--scripts", nargs="*", help="names of scripts, all by default")
    parser.add_argument("--keep", type=Path, help="where NNsight's results are kept, for the tests")
    parser.add_argument("--page", type=Path, help="where the page of the comparison is written")
    given = parser.parse_args()
    chosen = [s for s in SCRIPTS if not given.scripts or s.__name__ in given.scripts]
    apart: dict[tuple[str, str], float] = {}
    samples: dict[str, dict[str, np.ndarray]] = {}
    for name in given.models:
        expected = results(theirs.parts, FIXTURES / name, chosen)
        found = results(ours.parts, FIXTURES / name, chosen)
        for script in chosen:
            a, b = expected.get(script.__name__), found.get(script.__name__)
            if a is None and b is None and not takes(script, name):
                continue
            apart[script.__name__, name] = far = distance(a, b)
            shapes = " ".join(str(list(each.shape)) for each in a or [])
            print(f"{name:16} {script.__name__:32} {far:8.1e}  {shapes[:60]}", flush=True)
            if a is not None:
                samples.setdefault(name, {})[script.__name__] = kept.sample(a)
    if not given.scripts:
        from compare_nnsight.guide import compare  # which is built on this

        apart |= {("guide", str(line)): far for line, far in compare(FIXTURES / "llama").items()}
    wrong = [key for key, far in apart.items() if not far <= tolerance(key[0])]
    print(f"{len(apart)} comparisons, {len(wrong)} beyond the tolerance")
    if given.keep:
        kept.write(given.keep, samples)
    if given.page:
        of_scripts = {key: far for key, far in apart.items() if key[0] != "guide"}
        given.page.write_text(page(of_scripts), encoding="utf-8")
    return int(bool(wrong))


def results(
    parts: Callable[[Path], tuple[Any, Parts]], folder: Path, scripts: list[Script]
) -> Results:
    """What each script gives; nothing of one that fails, whose traceback is printed."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        model, found = parts(folder)
    given: Results = {}
    for script in scripts:
        if not takes(script, folder.name):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                given[script.__name__] = numbers(script(model, found))
        except Exception:
            print(f"{folder.name} {script.__name__} in {parts.__module__}:", file=sys.stderr)
            traceback.print_exc(limit=-4)
    return given


def numbers(value: Any) -> list[np.ndarray]:
    """The elements of tensors of either package, and of what they are kept in."""
    if isinstance(value, list | tuple):
        return [array for item in value for array in numbers(item)]
    return [np.asarray(value.detach() if hasattr(value, "detach") else value, dtype=np.float64)]


def distance(a: list[np.ndarray] | None, b: list[np.ndarray] | None) -> float:
    """The largest difference of two elements; infinite where shapes differ."""
    if a is None or b is None or [x.shape for x in a] != [y.shape for y in b]:
        return float("inf")
    far = 0.0
    for x, y in zip(a, b, strict=True):
        if x.size:
            gap = np.where(x == y, 0.0, np.abs(x - y))
            far = max(far, float(np.where(np.isnan(gap), np.inf, gap).max()))
    return far
