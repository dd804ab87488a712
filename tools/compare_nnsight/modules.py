"""Modules: skipped, called, found, renamed, seen another way; caches, scans, stops."""

from __future__ import annotations

from typing import Any

import numpy as np

from compare_nnsight.parts import OTHER, PROMPT, Parts


def skip_layer(m: Any, p: Parts) -> Any:
    """A layer skipped."""
    with m.trace(PROMPT):
        p.layers[1].skip(p.layers[1].input)
        out = p.head.output.save()
    return out


def skip_in_every_invoke(m: Any, p: Parts) -> Any:
    """An MLP skipped in all invokes, with other values."""
    with m.trace() as tracer:
        with tracer.invoke(PROMPT):
            p.layers[1].mlp.skip(p.layers[1].mlp.input * 0)
            a = p.head.output[:, -1].save()
        with tracer.invoke(OTHER):
            p.layers[1].mlp.skip(p.layers[1].mlp.input * 2)
            b = p.head.output[:, -1].save()
    return [a, b]


def call_modules(m: Any, p: Parts) -> Any:
    """Norm and head applied to a middle layer."""
    with m.trace(PROMPT):
        out = p.head(p.norm(p.layers[0].output)).save()
    return out


def call_a_module_before_it_runs(m: Any, p: Parts) -> Any:
    """A later layer's MLP applied to an earlier value, and its result written."""
    with m.trace(PROMPT):
        p.layers[0].output[:] += p.layers[1].mlp(p.layers[0].output) * 0.5
        out = p.head.output.save()
    return out


def run_a_layer_twice(m: Any, p: Parts) -> Any:
    """An MLP's output made by its own module from what it gave."""
    with m.trace(PROMPT):
        p.layers[1].mlp.output = p.layers[1].mlp(p.layers[1].mlp.output)
        out = p.head.output.save()
    return out


def find_modules(m: Any, p: Parts) -> Any:
    """By path, from the end, by a slice; the tree is listed."""
    layer = m.get(f"{p.paths.layers}.0")
    down = [name for name, _ in m.named_modules() if name.endswith(f"mlp.{p.paths.down}")]
    with m.trace(PROMPT):
        a = layer.output[:, -1].save()
        b = p.words.save([each.output[:, -1] for each in p.layers[0:2]])
        c = p.layers[-1].output[:, -1].save()
    return [a, *b, c, np.array([len(p.layers), len(down)])]


def read_weights(m: Any, p: Parts) -> Any:
    """A weight used as a value."""
    with m.trace(PROMPT):
        h = p.norm.output[:, -1]
        out = (h @ p.head.weight.T).save()
    return out


def rename_modules(m: Any, p: Parts) -> Any:
    """Modules by names of one's own."""
    keys = {p.paths.layers: "blocks", "mlp": ["ffn", "feed"], p.paths.head: "unembedding"}
    renamed = p.again(rename=keys)
    with renamed.trace(PROMPT):
        renamed.blocks[0].ffn.output[:, -1] = 0
        a = renamed.blocks[1].feed.output.save()
        b = renamed.unembedding.output.save()
    return [a, b]


def see_heads(m: Any, p: Parts) -> Any:
    """A class of one's own stands for attention's projection, with a writable view of heads."""
    n = p.n_heads

    class Heads(p.words.Envoy):  # type: ignore[name-defined,misc]
        @p.words.eproperty(key="input")
        def heads(self, value: Any) -> Any:
            (x,), _ = value
            return x.unflatten(-1, (n, -1))

        @heads.transform  # type: ignore[no-redef]
        def heads(self, value: Any, raw: Any) -> Any:
            return ((value.flatten(-2),), {})

    mine = p.again(envoys={f"{p.paths.attn}.{p.paths.o}": Heads})
    with mine.trace(PROMPT):
        mine.get(f"{p.paths.layers}.1.{p.paths.attn}.{p.paths.o}").heads[:, :, 1] = 0
        out = mine.get(p.paths.head).output.save()
    return out


def stop_early(m: Any, p: Parts) -> Any:
    """The run ends where it is told to."""
    with m.trace(PROMPT) as tracer:
        p.layers[0].output[:, -1] *= 2
        out = p.layers[0].output.save()
        tracer.stop()
    return out


def scan_shapes(m: Any, p: Parts) -> Any:
    """Shapes without a run."""
    with m.scan(PROMPT):
        hidden = p.words.save(list(p.layers[1].output.shape))
        logits = p.words.save(list(p.head.output[:, -1].shape))
    return [np.array(hidden), np.array(logits)]


def cache_written(m: Any, p: Parts) -> Any:
    """A cache holds what passed through, after the write."""
    with m.trace(PROMPT) as tracer:
        cache = tracer.cache(modules=[p.layers[1].mlp, p.layers[0]])
        p.layers[0].output[:, -1] *= 0.5
    (layer,) = (path for path in cache.keys() if not path.endswith("mlp"))  # noqa: SIM118
    return cache[layer].output


def cache_order(m: Any, p: Parts) -> Any:
    """A cache lists modules as they run, whatever the order in which they were given."""
    with m.trace(PROMPT) as tracer:
        cache = tracer.cache(modules=[p.head, p.layers[1].mlp, p.layers[0]])
    ends = ("0", "mlp", "head")
    return np.array([ends.index(path.split(".")[-1].split("_")[-1]) for path in cache.keys()])  # noqa: SIM118


def cache_skipped(m: Any, p: Parts) -> Any:
    """A skipped module is cached with the value that stands for it."""
    with m.trace(PROMPT) as tracer:
        cache = tracer.cache(modules=[p.layers[1]])
        p.layers[1].skip(p.layers[1].input)
    (layer,) = cache.keys()
    return cache[layer].output


def cache_of_an_invoke(m: Any, p: Parts) -> Any:
    """A cache of one invoke has its rows."""
    with m.trace() as tracer:
        with tracer.invoke(PROMPT):
            p.head.output.save()
        with tracer.invoke(PROMPT):
            cache = tracer.cache(modules=[p.layers[1]])
            p.layers[0].output[:] = 0
    (layer,) = cache.keys()
    return cache[layer].output


def cache_inputs_in_half(m: Any, p: Parts) -> Any:
    """Inputs beside outputs, in another element type."""
    half = p.words.float16
    with m.trace(PROMPT) as tracer:
        cache = tracer.cache(modules=[p.layers[1].mlp], include_inputs=True, dtype=half)
    (path,) = cache.keys()
    return [cache[path].output, cache[path].input]


SCRIPTS = [
    skip_layer,
    skip_in_every_invoke,
    call_modules,
    call_a_module_before_it_runs,
    run_a_layer_twice,
    find_modules,
    read_weights,
    rename_modules,
    see_heads,
    stop_early,
    scan_shapes,
    cache_written,
    cache_order,
    cache_skipped,
    cache_of_an_invoke,
    cache_inputs_in_half,
]
