"""What it costs to hold weights in other ways: packed, quantized, streamed, in half precision.

    python bench/holding.py [MODEL]

Each way opens the model, runs it once, which reads the weights, then takes its turns with the
others: opening, a trace that saves the last logits of 9 and of 256 tokens, and one token of a
generation of 32. Minima of several turns are printed in milliseconds, with the ratio to packed
weights. Bits are compared. Run it on a release build.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import pellucid as pl

MODEL = ".models/SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf"
REPEATS = 7
NEW_TOKENS = 32
WAYS: dict[str, dict[str, Any]] = {
    "packed": {},
    "quantized": {"quantized": True},
    "streamed": {"stream_weights": True},
    "streamed, quantized": {"stream_weights": True, "quantized": True},
    "bfloat16": {"dtype": "bfloat16"},
}


def milliseconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def last_logits(model: pl.LanguageModel, n_tokens: int) -> Any:
    """The logits after a prompt of so many tokens."""
    ids = [(37 * i + 5) % model.vocab_size for i in range(n_tokens)]
    with model.trace(ids):
        logits = model.unembed.output[:, -1].save()
    return logits


def main(path: str) -> None:
    """Measure and print."""
    works: dict[str, Callable[[pl.LanguageModel], object]] = {
        "9 tokens": lambda model: last_logits(model, 9),
        "256 tokens": lambda model: last_logits(model, 256),
        "a token": lambda model: model.generate([5] * 9, max_new_tokens=NEW_TOKENS).ids,
    }
    models = {way: pl.LanguageModel(path, **options) for way, options in WAYS.items()}
    logits = {way: last_logits(model, 9) for way, model in models.items()}
    same = {way: bool((logits[way] == logits["packed"]).all()) for way in WAYS}
    best = {way: dict.fromkeys(["open", *works], float("inf")) for way in WAYS}
    for _ in range(REPEATS):
        for way, model in models.items():
            times = {"open": milliseconds(lambda way=way: pl.LanguageModel(path, **WAYS[way]))}
            for name, work in works.items():
                times[name] = milliseconds(lambda model=model, work=work: work(model))
            times["a token"] /= NEW_TOKENS
            best[way] = {name: min(best[way][name], took) for name, took in times.items()}
    print(f"{path}, minima of {REPEATS} turns, ms (ratio to packed)")
    for way, times in best.items():
        cells = [f"{n} {t:.1f} ({t / best['packed'][n]:.2f})" for n, t in times.items()]
        bits = "same bits" if same[way] else "other numbers"
        print(f"{way:20} {models[way].weight_bytes / 1e6:6.0f} MB  {'  '.join(cells)}  {bits}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else MODEL)
