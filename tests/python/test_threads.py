"""Other Python threads run while the engine does, one model serves many, Ctrl-C ends a run."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import pellucid as pl

SHORT = [1, 2, 3, 4]
# Enough work for seconds, whatever the machine: the layers run again and again on many rows.
ROWS = [list(range(120))] * 256
TIMES = 120


def long_trace(model: pl.LanguageModel) -> pl.Tensor:
    with model.trace(ROWS):
        h = model.model.layers[0].output
        for _ in range(TIMES):
            for layer in model.model.layers:
                h = layer.mlp(h)
        return h.sum().save()


def test_threads_trace_one_model_at_once(llama: pl.LanguageModel) -> None:
    def logits(i: int) -> np.ndarray:
        with llama.trace([i, *SHORT]):
            llama.model.layers[0].output[:, -1] *= i
            saved = llama.lm_head.output[:, -1].save()
        return saved.numpy()

    alone = [logits(i) for i in range(24)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(logits, range(24)))
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_threads_run_meanwhile(llama: pl.LanguageModel) -> None:
    done = threading.Event()
    runner = threading.Thread(target=lambda: (long_trace(llama), done.set()))
    runner.start()
    beats = 0
    while not done.is_set():
        beats += 1
        done.wait(0.001)
    runner.join()
    assert beats > 20


def test_ctrl_c_ends_a_run(llama: pl.LanguageModel) -> None:
    # A shell that runs the tests in the background has them ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        ctrl_c_ends_a_run(llama)
    finally:
        signal.signal(signal.SIGINT, before)


def ctrl_c_ends_a_run(llama: pl.LanguageModel) -> None:
    long_trace(llama)  # so that the one that is timed is not the first
    started = time.perf_counter()
    long_trace(llama)
    whole = time.perf_counter() - started
    timer = threading.Timer(whole / 8, signal.raise_signal, [signal.SIGINT])
    started = time.perf_counter()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        long_trace(llama)
    assert time.perf_counter() - started < whole / 2
    timer.join()
    with llama.trace(SHORT):
        saved = llama.lm_head.output.save()
    assert np.isfinite(saved.numpy()).all()
