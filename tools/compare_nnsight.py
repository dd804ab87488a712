"""Runs the same trace scripts on NNsight and on Pellucid and prints how far the results are apart.

    python tools/compare_nnsight.py [FOLDER ...]

Needs, in an environment of its own: `nnsight==0.8.1`, `transformers==5.23.0`, torch, and pellucid.
Each script is one function over a model, its list of layers and a few names; it is the same text
for both, in the words both have. Folders default to the tiny fixtures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from pellucid import LanguageModel

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "tiny"
DEFAULT = [FIXTURES / name for name in ("gpt2", "llama", "llama_tied_rope3", "gemma3_text")]
PROMPT, OTHER = "The Eiffel Tower is in the city of", "We went to the store and"
Script = Callable[[Any, "Parts"], Any]


class Parts:
    """Where a model keeps its layers, norm and head, and how it names attention."""

    def __init__(self, model: Any, gpt2: bool) -> None:
        """Finds them under the paths of transformers."""
        body = model.transformer if gpt2 else model.model
        self.layers = body.h if gpt2 else body.layers
        self.norm = body.ln_f if gpt2 else body.norm
        self.embed = body.wte if gpt2 else body.embed_tokens
        self.head = model.lm_head


def read_logits(model: Any, parts: Parts) -> Any:
    """The logits of a prompt."""
    with model.trace(PROMPT):
        out = parts.head.output.save()
    return out


def read_hidden(model: Any, parts: Parts) -> Any:
    """The last layer's hidden states."""
    with model.trace(PROMPT):
        out = parts.layers[-1].output.save()
    return out


def scale_in_place(model: Any, parts: Parts) -> Any:
    """One position scaled in place."""
    with model.trace(PROMPT):
        parts.layers[0].output[:, -1] *= 0.5
        out = parts.head.output.save()
    return out


def steer(model: Any, parts: Parts) -> Any:
    """A slice of positions moved along another layer's direction."""
    with model.trace(PROMPT):
        direction = parts.layers[0].output[:, 1]
        parts.layers[1].output[:, 2:5] += direction
        out = parts.head.output.save()
    return out


def zero_mlp(model: Any, parts: Parts) -> Any:
    """An MLP's output set to zero."""
    with model.trace(PROMPT):
        parts.layers[1].mlp.output[:] = 0
        out = parts.head.output.save()
    return out


def replace_input(model: Any, parts: Parts) -> Any:
    """A layer's input replaced."""
    with model.trace(PROMPT):
        parts.layers[1].mlp.input = parts.layers[1].mlp.input * 2
        out = parts.head.output.save()
    return out


def skip_layer(model: Any, parts: Parts) -> Any:
    """A layer skipped."""
    with model.trace(PROMPT):
        parts.layers[1].skip(parts.layers[1].input)
        out = parts.head.output.save()
    return out


def lens(model: Any, parts: Parts) -> Any:
    """Norm and head applied to a middle layer."""
    with model.trace(PROMPT):
        out = parts.head(parts.norm(parts.layers[0].output)).save()
    return out


def patch_across(model: Any, parts: Parts) -> Any:
    """A value of one prompt written into another of a different length.

    NNsight needs a barrier between the two; here values just flow, and a barrier does nothing.
    """
    with model.trace() as tracer:
        barrier = tracer.barrier(2)
        with tracer.invoke(PROMPT):
            source = parts.layers[0].output[:, -1]
            barrier()
        with tracer.invoke(OTHER):
            barrier()
            parts.layers[1].output[:, -1] = source
            out = parts.head.output[:, -1].save()
    return out


def embeddings(model: Any, parts: Parts) -> Any:
    """Embeddings changed through a view."""
    with model.trace(PROMPT):
        e = parts.embed.output
        e[:, 0] = e[:, 1]
        out = parts.head.output.save()
    return out


def two_writes(model: Any, parts: Parts) -> Any:
    """Two writes to one site, the second reading the first."""
    with model.trace(PROMPT):
        parts.layers[0].output[:, 0] = 1.0
        parts.layers[0].output[:, 1] = parts.layers[0].output[:, 0] * 2
        out = parts.head.output.save()
    return out


def reduce_inside(model: Any, parts: Parts) -> Any:
    """Values reduced before they leave."""
    with model.trace(PROMPT):
        out = parts.head.output[:, -1].softmax(-1).topk(5).values.save()
    return out


def cache_written(model: Any, parts: Parts) -> Any:
    """A cache holds what passed through, after the write."""
    with model.trace(PROMPT) as tracer:
        cache = tracer.cache(modules=[parts.layers[1].mlp, parts.layers[0]])
        parts.layers[0].output[:, -1] *= 0.5
    (layer,) = (path for path in cache.keys() if not path.endswith("mlp"))  # noqa: SIM118
    return cache[layer].output


def cache_order(model: Any, parts: Parts) -> Any:
    """A cache lists modules as they run, whatever the order in which they were given."""
    with model.trace(PROMPT) as tracer:
        cache = tracer.cache(modules=[parts.head, parts.layers[1].mlp, parts.layers[0]])
    ends = ("0", "mlp", "head")
    return np.array([ends.index(path.split(".")[-1].split("_")[-1]) for path in cache.keys()])  # noqa: SIM118


def cache_skipped(model: Any, parts: Parts) -> Any:
    """A skipped module is cached with the value that stands for it."""
    with model.trace(PROMPT) as tracer:
        cache = tracer.cache(modules=[parts.layers[1]])
        parts.layers[1].skip(parts.layers[1].input)
    (layer,) = cache.keys()
    return cache[layer].output


def cache_of_an_invoke(model: Any, parts: Parts) -> Any:
    """A cache of one invoke has its rows."""
    with model.trace() as tracer:
        with tracer.invoke(PROMPT):
            parts.head.output.save()
        with tracer.invoke(PROMPT):
            cache = tracer.cache(modules=[parts.layers[1]])
            parts.layers[0].output[:] = 0
    (layer,) = cache.keys()
    return cache[layer].output


SCRIPTS: list[Script] = [
    read_logits,
    read_hidden,
    scale_in_place,
    steer,
    zero_mlp,
    replace_input,
    skip_layer,
    lens,
    patch_across,
    embeddings,
    two_writes,
    reduce_inside,
    cache_written,
    cache_order,
    cache_skipped,
    cache_of_an_invoke,
]


def numbers(value: Any) -> np.ndarray:
    """The elements of a torch or pellucid tensor."""
    return np.asarray(value.detach() if hasattr(value, "detach") else value, dtype=np.float64)


def main() -> int:
    """Prints a line for each model and script; fails if one differs by more than 1e-4."""
    theirs_of = import_module("nnsight").LanguageModel
    tokenizer_of = import_module("transformers").AutoTokenizer.from_pretrained

    worst = 0.0
    for folder in map(Path, sys.argv[1:] or DEFAULT):
        gpt2 = "gpt2" in folder.name
        tokenizer = tokenizer_of(folder)
        theirs = theirs_of(str(folder), tokenizer=tokenizer, dispatch=True, device_map="cpu")
        ours = LanguageModel(folder)
        for script in SCRIPTS:
            a = numbers(script(theirs, Parts(theirs, gpt2)))
            b = numbers(script(ours, Parts(ours, gpt2)))
            same = a.shape == b.shape
            apart = float(np.abs(a - b).max()) if same else float("inf")
            worst = max(worst, apart)
            print(f"{folder.name:18} {script.__name__:18} {a.shape!s:14} {apart:.1e}")
    print(f"largest difference: {worst:.1e}")
    return int(worst > 1e-4)


if __name__ == "__main__":
    sys.exit(main())
