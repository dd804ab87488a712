"""Causal tracing: which states bring an answer back when the subject is drowned in noise.

Noise is added to the embeddings of the subject, so that the model forgets the answer. Then states
of the clean run are put back one at a time, each with the same noise before it.
Meng et al. 2022, "Locating and Editing Factual Associations in GPT", https://arxiv.org/abs/2202.05262
"""

import pellucid as pl
from pellucid import viz

model = pl.LanguageModel("SmolLM2-135M-Instruct")
prompt = "The Eiffel Tower is in the city of"
subject = model.positions(prompt, "Eiffel Tower")
answer, tokens = model.tokenizer.id(" Paris"), model.tokens(prompt)
layers, seeds = range(2, 30, 3), range(3)


def probability():
    return model.unembed.output[0, -1].softmax(-1)[answer]


def forget(seed):
    noise = pl.randn(len(subject), embedding.shape[-1], seed=seed)
    model.embed.output[0, subject] += 3 * embedding.std() * noise


def noisy(position=None, layer=None):
    results = []
    for seed in seeds:
        with tracer.invoke(prompt):
            forget(seed)
            if layer is not None:
                model.layers[layer].output[:, position] = states[layer][:, position]
            results.append(probability())
    return pl.stack(results).mean()


with model.trace() as tracer:
    with tracer.invoke(prompt):
        embedding, clean = model.embed.output, probability().save()
        states = {i: model.layers[i].output for i in layers}
    corrupted = noisy().save()
    effects = [[noisy(at, i) - corrupted for at in range(len(tokens))] for i in layers]
    effects = pl.save(pl.stack([pl.stack(row) for row in effects]))  # [l, s]
print(f"p(Paris): clean {clean:.3f}, noise at {subject} {corrupted:.3f}")
layer, at = divmod(int(effects[:, :-1].argmax()), len(tokens) - 1)
print(f"before the last token, most comes back at {tokens[at]!r}, layer {layers[layer]}")
viz.patching(effects, tokens=tokens, layers=layers, unit="p(Paris)").save("causal_tracing.png")
