"""Recipes that change what a model does, and those of experts."""

from __future__ import annotations

from typing import Any

import numpy as np

from compare_nnsight.parts import OTHER, PROMPT, Parts


def steer_by_a_difference(m: Any, p: Parts) -> Any:
    """A difference of means over contrastive prompts, added at every generated step."""
    with m.session():
        sums = []
        for prompts in ([PROMPT, "Hello"], [OTHER, "The"]):
            with m.trace(prompts):
                sums.append(p.layers[0].output[:, -1].mean(dim=0))
        direction = sums[0] - sums[1]
        with m.generate(OTHER, max_new_tokens=4, do_sample=False) as tracer:
            logits = p.words.save([])
            for _ in tracer.iter[:4]:
                p.layers[0].output[:, -1] += direction * 4
                logits.append(p.head.output[:, -1])
    return logits


def steer_by_a_condition(m: Any, p: Parts) -> Any:
    """Steering at steps whose state points another way, decided inside."""
    direction = p.noise(p.width)
    with m.generate(PROMPT, max_new_tokens=4, do_sample=False) as tracer:
        logits = p.words.save([])
        for _ in tracer.iter[:4]:
            h = p.layers[0].output
            against = (h[:, -1] @ direction < 0).float()
            h[:, -1] += direction * against * 3
            logits.append(p.head.output[:, -1])
    return logits


def project_out_a_direction(m: Any, p: Parts) -> Any:
    """A direction taken out of the residual stream after every layer."""
    direction = p.noise(p.width)
    direction = direction / direction.norm()
    with m.trace(PROMPT):
        for layer in p.layers:
            h = layer.output
            h[:] = h - (h @ direction).unsqueeze(-1) * direction
        out = p.head.output.save()
    return out


def function_vector(m: Any, p: Parts) -> Any:
    """Mean outputs of heads over some prompts, added through the projection at the last token."""
    with m.trace([PROMPT, OTHER, "Hello"]):
        mean = p.o(0).input[:, -1].mean(dim=0).save()
    with m.trace("The"):
        h = p.layers[0].output
        h[:, -1] += p.o(0)(mean)
        out = p.head.output[:, -1].save()
    return out


def insert_an_autoencoder(m: Any, p: Parts) -> Any:
    """Reconstruction by sparse features, one of them off, its error added back."""
    encode, decode = p.noise(p.width, 96) * 0.3, p.noise(96, p.width, seed=1) * 0.1
    with m.trace(PROMPT):
        h = p.layers[0].output
        features = (h @ encode - 0.1).relu()
        error = h - features @ decode
        count = (features > 0).float().sum(dim=-1).save()
        features[:, :, 7] = 0
        p.layers[0].output = features @ decode + error
        out = p.head.output[:, -1].save()
    return [count, out]


def probe(m: Any, p: Parts) -> Any:
    """A linear probe fitted outside on what traces collect, used to intervene."""
    prompts = [PROMPT, OTHER, "Hello", "The", "We went", "The Eiffel"]
    with m.trace(prompts):
        features = p.layers[0].output[:, -1].save()
    x = np.asarray(features.detach() if hasattr(features, "detach") else features, np.float64)
    fitted = np.linalg.lstsq(x, np.array([1.0, 0, 1, 0, 1, 0]), rcond=None)[0]
    direction = p.words.tensor((fitted / np.linalg.norm(fitted)).astype(np.float32))
    with m.trace(OTHER):
        p.layers[0].output[:, -1] += direction * 2
        out = p.head.output[:, -1].save()
    return out


def interchange_in_a_subspace(m: Any, p: Parts) -> Any:
    """Part of a rotated state of one prompt put into another."""
    rotation = np.linalg.qr(np.random.default_rng(3).standard_normal((p.width, p.width)))[0]
    turn = p.words.tensor(rotation.astype(np.float32))
    with m.trace(PROMPT):
        source = (p.layers[0].output[:, -1] @ turn).save()
    with m.trace(OTHER):
        h = p.layers[0].output
        turned = h[:, -1] @ turn
        turned[:, :8] = source[:, :8]
        h[:, -1] = turned @ turn.T
        out = p.head.output[:, -1].save()
    return out


def patchscope(m: Any, p: Parts) -> Any:
    """A hidden state of one prompt put into another at another layer, which goes on."""
    with m.trace(PROMPT):
        state = p.layers[1].output[:, 4].save()
    with m.generate(OTHER, max_new_tokens=3, do_sample=False) as tracer:
        p.layers[0].output[:, 2] = state
        ids = tracer.result.save()
    return ids


def exit_early(m: Any, p: Parts) -> Any:
    """The last layer skipped, and the answer of the one before read by norm and head."""
    with m.trace(PROMPT) as tracer:
        out = p.head(p.norm(p.layers[0].output))[:, -1].save()
        tracer.stop()
    with m.trace(PROMPT):
        p.layers[1].skip(p.layers[0].output)
        again = p.head.output[:, -1].save()
    return [out, again]


def collect_statistics(m: Any, p: Parts) -> Any:
    """Sums over prompts, reduced where they are made."""
    with m.session():
        total = p.words.save([])
        for prompts in ([PROMPT, OTHER], ["Hello", "The"]):
            with m.trace(prompts):
                h = p.down(0).input[:, -1]
                total.append(h.sum(dim=0))
                total.append((h**2).sum(dim=0))
    return total


def bias_tokens(m: Any, p: Parts) -> Any:
    """A probe decides how much a token is favoured at each step; the end of the text cannot be."""
    direction = p.noise(p.width)
    with m.generate(PROMPT, max_new_tokens=4, do_sample=False) as tracer:
        for _ in tracer.iter[:4]:
            favour = (p.layers[0].output[:, -1] @ direction).sigmoid()
            p.head.output[:, -1, 11] += favour * 8
            p.head.output[:, -1, p.eos] = float("-inf")
        ids = tracer.result.save()
    return ids


def read_a_router(m: Any, p: Parts) -> Any:
    """What a router thinks of experts, and whom it chose."""
    with m.trace(PROMPT):
        logits = p.router(1).save()
        chosen = p.chosen(1).sort(dim=-1).values.save()
    return [logits, chosen]


def ablate_an_expert(m: Any, p: Parts) -> Any:
    """An expert's results multiplied by 0 wherever it was chosen."""
    with m.trace(PROMPT):
        weights, chosen = p.expert_weights(1), p.chosen(1)
        weights[chosen == 2] = 0
        out = p.head.output[:, -1].save()
    return out


WITH_EXPERTS = {"qwen3_moe"}
EXPERTS = [read_a_router, ablate_an_expert]

SCRIPTS = [
    steer_by_a_difference,
    steer_by_a_condition,
    project_out_a_direction,
    function_vector,
    insert_an_autoencoder,
    probe,
    interchange_in_a_subspace,
    patchscope,
    exit_early,
    collect_statistics,
    bias_tokens,
    *EXPERTS,
]
