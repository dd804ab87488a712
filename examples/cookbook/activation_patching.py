"""Activation patching: which states carry an answer from one prompt into another.

A state of the clean run is put into the run of a prompt that differs by one word, at one layer and
one position at a time; the answer comes back where the state matters. All runs share one pass.
Vig et al. 2020, https://arxiv.org/abs/2004.12265; Meng et al. 2022, https://arxiv.org/abs/2202.05262
"""

import pellucid as pl
from pellucid import viz

model = pl.LanguageModel("SmolLM2-135M-Instruct")
clean, corrupted = (f"The capital of {name} is the city of" for name in ("France", "Italy"))
paris, rome = (model.tokenizer.id(name) for name in (" Paris", " Rome"))
layers, tokens = range(2, 30, 3), model.tokens(corrupted)


def difference():
    logits = model.unembed.output[0, -1]
    return logits[paris] - logits[rome]


with model.trace() as tracer:
    with tracer.invoke(clean):
        states = {i: model.layers[i].output for i in layers}
        best = difference()
    with tracer.invoke(corrupted):
        worst = difference()
    patched = []
    for i in layers:
        for position in range(len(tokens)):
            with tracer.invoke(corrupted):
                model.layers[i].output[:, position] = states[i][:, position]
                patched.append(difference())
    restored = (pl.stack(patched).reshape(len(layers), -1) - worst) / (best - worst)
    restored.save()  # [l, s]

for i, row in zip(layers, restored, strict=True):
    print(f"layer {i:2}  the subject {row[3]:5.2f}  the last token {row[-1]:5.2f}")
picture = viz.patching(restored, tokens=tokens, layers=layers, limit=1, unit="answer restored")
picture.save("activation_patching.png")
