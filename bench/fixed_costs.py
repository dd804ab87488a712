"""What a trace costs beside its forward pass, from Python, and how soon a process has its first.

    python bench/fixed_costs.py GPT2 [--peer PYTHON] [--start MODEL]

GPT2 is a folder with GPT-2 small, real or random. Beside it runs a GPT-2 of 12 layers of width 64,
made up here. `--peer` names an interpreter that has NNsight: it runs the same work in a process of
its own, the two by turns. `--start` names a model whose first trace a new process waits for. Minima
and medians of all turns are printed in milliseconds. Run it on a release build and a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPEATS = 25
IN_A_TURN = {"gpt2": 1, "tiny": 4, "floor": 20}
"""How often a turn does the work: a turn of short work begins with cold caches."""
N_LAYERS, WIDTH, VOCAB, N_CTX = 12, 64, 512, 256

Work = Callable[[], object]

START = """
import time; start = time.perf_counter()
import pellucid as pl; imported = time.perf_counter()
model = pl.LanguageModel({model!r}); opened = time.perf_counter()
with model.trace("The Eiffel Tower is in the city of"):
    logits = model.unembed.output[:, -1].save()
logits.numpy(); done = time.perf_counter()
print(imported - start, opened - imported, done - opened)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("gpt2")
    parser.add_argument("--peer")
    parser.add_argument("--start")
    parser.add_argument("--only", help="cases whose names have this in them")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        return serve(given.gpt2, given.serve)
    with tempfile.TemporaryDirectory() as folder:
        tiny = write_tiny(Path(folder))
        sides = {"pellucid": Side(ours(given.gpt2, tiny))}
        if given.peer:
            sides["nnsight"] = Peer(given.peer, given.gpt2, tiny)
        report(alternated(sides, given.only or ""))
        if given.start:
            starts(given.start, folder)


def alternated(sides: dict[str, Any], only: str) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of each case and side, in turns."""
    names = [
        name for name in dict.fromkeys(n for s in sides.values() for n in s.names) if only in name
    ]
    times: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    for turn in range(REPEATS + 1):
        for name in names:
            for side, runner in sides.items():
                if name in runner.names:
                    spent = runner.run(name)
                    if turn:  # the first warms up
                        times[name].setdefault(side, []).append(spent)
    return times


def report(times: dict[str, dict[str, list[float]]]) -> None:
    """A row for each case: minimum and median of each side."""
    print(f"{'':34}{'pellucid':>20}{'nnsight':>20}   (minimum, median, ms)")
    for name, sides in times.items():
        columns = (sides.get(side) for side in ("pellucid", "nnsight"))
        shown = [f"{min(t):9.4f} {statistics.median(t):9.4f}" if t else "" for t in columns]
        print(f"{name:34}" + "".join(f"{column:>20}" for column in shown))


class Side:
    """Work of this process, by name."""

    def __init__(self, cases: dict[str, Work]) -> None:
        self.cases, self.names = cases, list(cases)

    def run(self, name: str) -> float:
        """Milliseconds of one turn of a case, divided by how often it is done."""
        work, n = self.cases[name], IN_A_TURN[name.split()[0].rstrip(":")]
        start = time.perf_counter()
        for _ in range(n):
            work()
        return (time.perf_counter() - start) / n * 1e3


class Peer:
    """Work of another interpreter."""

    def __init__(self, python: str, gpt2: str, tiny: str) -> None:
        command = [python, __file__, gpt2, "--serve", tiny]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.names = self._line()

    def run(self, name: str) -> float:
        """Milliseconds, as `Side.run`."""
        assert self.process.stdin is not None
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        spent: float = self._line()
        return spent

    def _line(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        while line and not line.startswith("@"):
            line = self.process.stdout.readline()
        return json.loads(line[1:])


def serve(gpt2: str, tiny: str) -> None:
    """Does what the other process asks for."""
    side = Side(nnsights(gpt2, tiny))
    print("@" + json.dumps(side.names), flush=True)
    for line in sys.stdin:
        print("@" + json.dumps(side.run(line.strip())), flush=True)


def ids_of(n: int, vocab: int) -> list[int]:
    """Token ids that are not all the same."""
    return [(37 * i + 5) % vocab for i in range(n)]


def ours(gpt2: str, tiny: str) -> dict[str, Work]:
    """The cases here."""
    import pellucid as pl
    from pellucid import _native

    small, slim = pl.LanguageModel(gpt2), pl.LanguageModel(tiny)
    short, long, few = (
        ids_of(10, small.vocab_size),
        ids_of(128, small.vocab_size),
        ids_of(10, VOCAB),
    )

    def saved(model: Any, ids: Any) -> Any:
        with model.trace(ids):
            logits = model.lm_head.output.save()
        return logits

    def saves(n: int) -> Any:
        with slim.trace(few):
            kept = [block.output.save() for block in slim.transformer.h[N_LAYERS - n :]]
        return kept

    def residuals(ids: Any) -> Any:
        with small.trace(ids):
            kept = [block.output.save() for block in small.transformer.h]
            logits = small.lm_head.output.save()
        return kept, logits

    def cached(ids: Any) -> Any:
        with small.trace(ids) as tracer:
            cache = tracer.cache(list(small.transformer.h))
            logits = small.lm_head.output.save()
        return cache, logits

    def patterns(ids: Any) -> Any:
        with small.trace(ids):
            kept = [block.attn.pattern.save() for block in small.transformer.h]
            logits = small.lm_head.output.save()
        return kept, logits

    def empty(model: Any, ids: Any) -> None:
        with model.trace(ids):
            pass

    def bare(model: Any, ids: Any) -> float:
        return _native.time_forward(model._model, ids)

    return {
        "gpt2 10: bare forward": lambda: bare(small, short),
        "gpt2 10: one save": lambda: saved(small, short),
        "gpt2 10: residuals": lambda: residuals(short),
        "gpt2 10: residuals by a cache": lambda: cached(short),
        "gpt2 128: bare forward": lambda: bare(small, long),
        "gpt2 128: residuals": lambda: residuals(long),
        "gpt2 128: patterns": lambda: patterns(long),
        "tiny 10: bare forward": lambda: bare(slim, few),
        "tiny 10: one save": lambda: saved(slim, few),
        "floor: empty trace": lambda: empty(slim, few),
        "floor: 1 save": lambda: saves(1),
        "floor: 12 saves": lambda: saves(N_LAYERS),
    }


def nnsights(gpt2: str, tiny: str) -> dict[str, Work]:
    """The same in NNsight."""
    import nnsight
    import torch
    from nnsight import NNsight, TransformersModel

    torch.set_grad_enabled(False)
    options = {"task": "text-generation", "dispatch": True, "dtype": torch.float32}
    small = TransformersModel(gpt2, attn_implementation="eager", **options)
    slim = TransformersModel(tiny, attn_implementation="eager", **options)
    short, long = (torch.tensor([ids_of(n, 50257)]) for n in (10, 128))
    few = torch.tensor([ids_of(10, VOCAB)])
    layers = [torch.nn.Linear(WIDTH, WIDTH) for _ in range(N_LAYERS)]
    module = torch.nn.Sequential(*layers)
    wrapped, x = NNsight(module), torch.zeros(10, WIDTH)

    def saved(model: Any, ids: Any) -> Any:
        with model.trace(ids, use_cache=False):
            logits = model.lm_head.output.save()
        return logits

    def residuals(ids: Any) -> Any:
        with small.trace(ids, use_cache=False):
            kept = nnsight.save([block.output for block in small.transformer.h])
            logits = small.lm_head.output.save()
        return kept, logits

    def patterns(ids: Any) -> Any:
        with small.trace(ids, use_cache=False):
            kept = nnsight.save([block.attn.output[1] for block in small.transformer.h])
            logits = small.lm_head.output.save()
        return kept, logits

    def empty() -> None:
        with wrapped.trace(x):
            pass

    def save_one() -> Any:
        with wrapped.trace(x):
            kept = wrapped[-1].output.save()
        return kept

    def save_all() -> Any:
        with wrapped.trace(x):
            kept = nnsight.save([layer.output for layer in wrapped])
        return kept

    return {
        "gpt2 10: bare forward": lambda: small._module(input_ids=short, use_cache=False),
        "gpt2 10: one save": lambda: saved(small, short),
        "gpt2 10: residuals": lambda: residuals(short),
        "gpt2 128: bare forward": lambda: small._module(input_ids=long, use_cache=False),
        "gpt2 128: residuals": lambda: residuals(long),
        "gpt2 128: patterns": lambda: patterns(long),
        "tiny 10: bare forward": lambda: slim._module(input_ids=few, use_cache=False),
        "tiny 10: one save": lambda: saved(slim, few),
        "floor: bare module": lambda: module(x),
        "floor: empty trace": empty,
        "floor: 1 save": save_one,
        "floor: 12 saves": save_all,
    }


def write_tiny(folder: Path) -> str:
    """A GPT-2 of random weights, without a tokenizer."""
    import numpy as np

    config = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5,
        "tie_word_embeddings": True,
        "n_embd": WIDTH,
        "n_layer": N_LAYERS,
        "n_head": 4,
        "n_positions": N_CTX,
        "vocab_size": VOCAB,
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    (folder / "config.json").write_text(json.dumps(config))
    d = WIDTH
    shapes: dict[str, list[int]] = {"wte.weight": [VOCAB, d], "wpe.weight": [N_CTX, d]}
    for i in range(N_LAYERS):
        for name, n in [("attn.c_attn", 3 * d), ("attn.c_proj", d), ("mlp.c_fc", 4 * d)]:
            shapes |= {f"h.{i}.{name}.weight": [d, n], f"h.{i}.{name}.bias": [n]}
        shapes |= {f"h.{i}.mlp.c_proj.weight": [4 * d, d], f"h.{i}.mlp.c_proj.bias": [d]}
        for name in ("ln_1", "ln_2"):
            shapes |= {f"h.{i}.{name}.weight": [d], f"h.{i}.{name}.bias": [d]}
    shapes |= {"ln_f.weight": [d], "ln_f.bias": [d]}
    random, blob, header = np.random.default_rng(0), b"", {}
    header = {"__metadata__": {"format": "pt"}}
    for name, shape in shapes.items():
        numbers = random.standard_normal(shape).astype(np.float32) * 0.1
        offsets = [len(blob), len(blob) + numbers.nbytes]
        header[f"transformer.{name}"] = {"dtype": "F32", "shape": shape, "data_offsets": offsets}
        blob += numbers.tobytes()
    head = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + blob)
    return str(folder)


def starts(model: str, cache: str) -> None:
    """How soon a new process has its first trace; `cache` is a folder for compiled modules."""
    rows: list[list[float]] = []
    for _ in range(8):
        start = time.perf_counter()
        command = [sys.executable, "-c", START.format(model=model)]
        # Compiled modules are kept from the first process on, as they are outside of tests.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": cache}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        out = done.stdout
        rows.append([float(n) for n in out.split()] + [time.perf_counter() - start])
    for name, column in zip(
        ("import", "open", "first trace", "process"), zip(*rows[1:], strict=True), strict=True
    ):
        print(
            f"{'start: ' + name:34}{min(column) * 1e3:9.1f} {statistics.median(column) * 1e3:9.1f}"
        )


if __name__ == "__main__":
    main()
