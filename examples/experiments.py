"""Four experiments on a language model, each as one would write it in a notebook.

`demo.py` runs them on a real model and draws what they find.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import pellucid as pl


class Contrast(NamedTuple):
    """Two prompts whose right answers differ; `right` and `wrong` are token ids."""

    clean: str
    corrupted: str
    right: int
    wrong: int

    def difference(self, model: pl.LanguageModel) -> pl.Tensor:
        """How much the model prefers the clean prompt's answer; in logits, inside a trace."""
        logits = model.lm_head.output[0, -1]  # [v]
        return logits[self.right] - logits[self.wrong]


class Neuron(NamedTuple):
    """A unit of an MLP, what it does in the clean prompt, and how much that matters."""

    layer: int
    unit: int
    clean: float
    corrupted: float
    effect: float


class Edit(NamedTuple):
    """A neuron's activation, before and after; the next token's probabilities, `[v]`, with each."""

    was: float
    value: float
    before: np.ndarray
    after: np.ndarray


def next_token(model: pl.LanguageModel, prompt: str, k: int = 5) -> tuple[list[str], np.ndarray]:
    """The `k` likeliest next tokens and their probabilities."""
    with model.trace(prompt):
        top = pl.save(model.lm_head.output[0, -1].softmax(-1).topk(k))
    return model.tokenizer.pieces(top.indices), top.values.numpy()


def logit_lens(
    model: pl.LanguageModel, prompt: str, answer: int
) -> tuple[list[list[str]], np.ndarray, np.ndarray]:
    """What each layer would say at each position if it were the last.

    Top tokens `[l][s]`, their probabilities `[l, s]`, and the rank of `answer` at the last
    position `[l]`, where 1 is the top.
    """
    with model.trace(prompt):
        tops, ranks = [], []
        for layer in model.model.layers:
            logits = model.lm_head(model.model.norm(layer.output))[0]  # [s, v]
            tops.append(logits.softmax(-1).max(-1))
            ranks.append((logits[-1] > logits[-1, answer]).sum() + 1)
        pl.save([tops, ranks])
    tokens = [model.tokenizer.pieces(top.indices) for top in tops]
    return tokens, np.stack([top.values for top in tops]), np.array([int(r) for r in ranks])


def patching(model: pl.LanguageModel, contrast: Contrast) -> np.ndarray:
    """Puts the clean prompt's state into the corrupted one, at each layer and position in turn.

    The share of the difference of logits that it restores, `[l, s]`: 0 is nothing, 1 is all.
    """
    layers, n = model.model.layers, len(model.tokens(contrast.clean))
    with model.trace() as tracer:
        with tracer.invoke(contrast.clean):
            states = [layer.output for layer in layers]
            clean = contrast.difference(model)
        with tracer.invoke(contrast.corrupted):
            corrupted = contrast.difference(model)
        patched = []
        for layer, state in zip(layers, states, strict=True):
            for position in range(n):
                with tracer.invoke(contrast.corrupted):
                    layer.output[:, position] = state[:, position]
                    patched.append(contrast.difference(model))
        restored = (pl.stack(patched) - corrupted) / (clean - corrupted)
        restored = restored.reshape(len(layers), n).save()  # [l, s]
    return restored.numpy()


def find_neuron(model: pl.LanguageModel, contrast: Contrast, n_tried: int = 64) -> Neuron:
    """The MLP neuron that moves the corrupted prompt's answer most when it alone is copied there.

    Tried are those whose activations at the last position differ most between the two.
    """
    layers = model.model.layers
    with model.trace() as tracer:
        with tracer.invoke(contrast.clean):
            clean = pl.stack([layer.mlp.post[0, -1] for layer in layers]).save()  # [l, f]
        with tracer.invoke(contrast.corrupted):
            corrupted = pl.stack([layer.mlp.post[0, -1] for layer in layers]).save()
    most_different = (clean - corrupted).abs().flatten().topk(n_tried).indices
    tried = [divmod(int(index), clean.shape[1]) for index in most_different]

    with model.trace() as tracer:
        with tracer.invoke(contrast.corrupted):
            unchanged = contrast.difference(model)
        differences = []
        for layer, unit in tried:
            with tracer.invoke(contrast.corrupted):
                layers[layer].mlp.post[:, -1, unit] = clean[layer, unit]
                differences.append(contrast.difference(model) - unchanged)
        effects = pl.stack(differences).save()
    best = int(effects.argmax())
    at = tried[best]
    return Neuron(*at, float(clean[at]), float(corrupted[at]), float(effects[best]))


def set_neuron(model: pl.LanguageModel, prompt: str, neuron: Neuron, value: float) -> Edit:
    """Sets a neuron at the last position, and compares what comes next."""
    mlp = model.model.layers[neuron.layer].mlp
    with model.trace() as tracer:
        with tracer.invoke(prompt):
            was = mlp.post[0, -1, neuron.unit].save()
            before = model.lm_head.output[0, -1].softmax(-1).save()
        with tracer.invoke(prompt):
            mlp.post[:, -1, neuron.unit] = value
            after = model.lm_head.output[0, -1].softmax(-1).save()
    return Edit(float(was), value, before.numpy(), after.numpy())
