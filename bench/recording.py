"""What recording costs: 10,000 small operations, beside NumPy and PyTorch on tiny arrays.

    python bench/recording.py [MODEL]

The three run the same Python in turn, several times; medians are printed, in microseconds an
operation. PyTorch is left out where it is not installed. Checking and planning the graph, which
leaving the block does before anything runs, is timed by itself. Run it on a release build.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import pellucid as pl

N_OPS = 10_000
REPEATS = 15
TINY = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "tiny" / "llama"


class Stop(Exception):
    """Ends a trace without running it."""


def arithmetic(x: Any, n_rounds: int) -> Any:
    """Chains of operators on `[d]`, 4 a round."""
    h = x
    for _ in range(n_rounds):
        h = h + x
        h = h * 0.5
        h = h - 1
        h = x / h
    return h


def intervention(x: Any, n_rounds: int) -> Any:
    """What an experiment writes: slices, reductions, products, comparisons; 11 a round."""
    h = x
    for _ in range(n_rounds):
        part = h[2:10]
        mean = part.mean()
        h = h - mean
        h = h * (h > 0)
        h = h @ x
        h = x * h
        h = h.reshape(4, 8).sum(-1)[0] + x
    return h


Loop = Callable[[Any, int], Any]
LOOPS: list[tuple[str, Loop, int]] = [
    ("operators", arithmetic, N_OPS // 4),
    ("slices, reductions, products", intervention, N_OPS // 11),
]


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def recorded(model: pl.LanguageModel, loop: Loop, n_rounds: int) -> float:
    """Seconds to record, in a trace that never runs."""
    try:
        with model.trace([1, 2, 3]):
            x = model.model.layers[0].output[0, -1]
            seconds = timed(lambda: loop(x, n_rounds))
            raise Stop
    except Stop:
        return seconds


def planned(model: pl.LanguageModel, loop: Loop, n_rounds: int) -> float:
    """Seconds to check and plan."""
    try:
        with model.trace([1, 2, 3]) as tracer:
            loop(model.model.layers[0].output[0, -1], n_rounds).save()
            trace = tracer._entered().trace()
            both = timed(lambda: trace.explain(model._model))
            raise Stop
    except Stop:
        return both


def main() -> None:
    model = pl.LanguageModel(sys.argv[1] if len(sys.argv) > 1 else TINY)
    array = np.linspace(-1, 1, 32, dtype=np.float32)
    kinds: dict[str, Callable[[Loop, int], float]] = {
        "pellucid, recording": lambda loop, n: recorded(model, loop, n),
        "numpy, computing": lambda loop, n: timed(lambda: loop(array, n)),
    }
    try:
        import torch
    except ImportError:
        pass
    else:
        torch.set_grad_enabled(False)
        tensor = torch.from_numpy(array.copy())
        kinds["torch, computing"] = lambda loop, n: timed(lambda: loop(tensor, n))
    for name, loop, n in LOOPS:
        seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
        with np.errstate(all="ignore"):
            for _ in range(REPEATS):
                for kind, run in kinds.items():
                    seconds[kind].append(run(loop, n))
        print(f"\n{name}: {N_OPS} operations")
        ours = statistics.median(seconds["pellucid, recording"])
        for kind, times in seconds.items():
            median = statistics.median(times)
            spread = f"{min(times) / N_OPS * 1e6:.2f} to {max(times) / N_OPS * 1e6:.2f}"
            ratio = f"{ours / median:.2f}x of it" if "computing" in kind else f"{ours * 1e3:.1f} ms"
            print(f"  {kind:22} {median / N_OPS * 1e6:6.2f} us/op  ({spread})  {ratio}")
        both = statistics.median(planned(model, loop, n) for _ in range(3))
        print(f"  {'check, plan, explain':22} {both / N_OPS * 1e6:6.2f} us/op")


if __name__ == "__main__":
    main()
