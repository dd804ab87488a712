"""Recipes that find where something is, as papers do: those that need no gradients."""

from __future__ import annotations

from typing import Any

from compare_nnsight.parts import PROMPT, Parts, ids_of


def activation_patching(m: Any, p: Parts) -> Any:
    """Each layer and position of a clean run, patched into a corrupt one."""
    clean, corrupt = ids_of(p, PROMPT, 6), ids_of(p, PROMPT, 6)[::-1]
    with m.trace(clean):
        states = p.words.save([layer.output for layer in p.layers])
    effects = []
    for i, state in enumerate(states):
        for position in (0, 3, 5):
            with m.trace(corrupt):
                p.layers[i].output[:, position] = state[:, position]
                logits = p.head.output[:, -1]
                effects.append((logits[:, 5] - logits[:, 9]).save())
    return effects


def causal_tracing(m: Any, p: Parts) -> Any:
    """Noise on the embeddings of a subject, and one layer's state put back."""
    noise = p.noise(3, p.width) * 2
    with m.trace(PROMPT):
        clean = p.layers[0].output.save()
    with m.trace(PROMPT):
        p.embed.output[:, 1:4] += noise
        corrupt = p.head.output[:, -1].softmax(-1).save()
    with m.trace(PROMPT):
        p.embed.output[:, 1:4] += noise
        p.layers[0].output[:, 3] = clean[:, 3]
        restored = p.head.output[:, -1].softmax(-1).save()
    return [corrupt, restored]


def path_patching(m: Any, p: Parts) -> Any:
    """A head's effect on the next layer's MLP alone, everything between frozen."""
    clean, corrupt = ids_of(p, PROMPT, 6), ids_of(p, PROMPT, 6)[::-1]
    with m.trace(corrupt):
        sender = p.heads(p.o(0).input)[:, :, 1].save()
    with m.trace(clean):
        frozen_mlp = p.layers[0].mlp.output.save()
        frozen_attn = p.attn_out(1).save()
    with m.trace(clean):
        p.heads(p.o(0).input)[:, :, 1] = sender
        p.layers[0].mlp.output = frozen_mlp
        p.attn_out(1)[:] = frozen_attn
        receiver = p.layers[1].mlp.input.save()
    with m.trace(clean):
        p.layers[1].mlp.input = receiver
        out = p.head.output[:, -1].save()
    return out


def ablate_heads(m: Any, p: Parts) -> Any:
    """A head set to zero, to its mean over positions, to what another prompt gives."""
    ids = ids_of(p, PROMPT, 6)
    with m.trace(ids[::-1]):
        other = p.heads(p.o(1).input)[:, :, 2].save()
    results = []
    for kind in ("zero", "mean", "resample"):
        with m.trace(ids):
            z = p.heads(p.o(1).input)
            if kind == "zero":
                z[:, :, 2] = 0
            elif kind == "mean":
                z[:, :, 2] = z[:, :, 2].mean(dim=1, keepdim=True)
            else:
                z[:, :, 2] = other
            results.append(p.head.output[:, -1].save())
    return results


def ablate_neurons(m: Any, p: Parts) -> Any:
    """Neurons of an MLP set to zero and to a constant."""
    with m.trace(PROMPT):
        p.down(0).input[:, :, 3] = 0
        p.down(0).input[:, :, [5, 8]] = 1.5
        out = p.head.output[:, -1].save()
    return out


def logit_lens(m: Any, p: Parts) -> Any:
    """What each layer would say: probabilities and likeliest tokens."""
    with m.trace(PROMPT):
        seen = p.words.save([])
        for layer in p.layers:
            probs = p.head(p.norm(layer.output[:, -1:])).softmax(-1)
            seen.append(probs.max(dim=-1).values)
            seen.append(probs.argmax(dim=-1))
    return seen


def apply_a_tuned_lens(m: Any, p: Parts) -> Any:
    """The same through an affine map for each layer."""
    maps = [p.noise(p.width, p.width, seed=i) * 0.1 for i in range(len(p.layers))]
    with m.trace(PROMPT):
        seen = p.words.save([])
        for layer, map_ in zip(p.layers, maps, strict=True):
            h = layer.output
            seen.append(p.head(p.norm(h + h @ map_))[:, -1])
    return seen


def attribute_logits(m: Any, p: Parts) -> Any:
    """How much each component adds to a difference of logits."""
    with m.trace(PROMPT):
        parts = p.words.save([])
        for i, layer in enumerate(p.layers):
            for component in (p.attn_out(i), layer.mlp.output):
                logits = p.head(component[:, -1:])[0, 0]
                parts.append(logits[5] - logits[9])
    return parts


def induction_scores(m: Any, p: Parts) -> Any:
    """Of repeated tokens, how much each head attends to what came after the last time."""
    ids = ids_of(p, PROMPT, 6)
    with m.trace(ids + ids):
        scores = p.words.save([])
        for i in range(len(p.layers)):
            stripe = p.attn_weights(i).diagonal(offset=1 - len(ids), dim1=-2, dim2=-1)
            scores.append(stripe.mean(dim=-1))
    return scores


SCRIPTS = [
    activation_patching,
    causal_tracing,
    path_patching,
    ablate_heads,
    ablate_neurons,
    logit_lens,
    apply_a_tuned_lens,
    attribute_logits,
    induction_scores,
]
