"""Induction heads: which heads look at what came after the last time.

In a list of random tokens said twice, an induction head looks from a token to the one that followed
it the first time. Its score is how much of its attention lies there.
Olsson et al. 2022, https://transformer-circuits.pub/2022/in-context-learning-and-induction-heads
"""

import numpy as np

import pellucid as pl
from pellucid import viz

model = pl.LanguageModel("SmolLM2-135M-Instruct")
length = 20
words = np.random.default_rng(0).integers(1000, 40000, size=length).tolist()
ids = words + words

with model.trace(ids):
    # From position q, what followed this token the first time is at q - length + 1.
    scores = [
        layer.attn.pattern[0].diagonal(1 - length, dim1=-2, dim2=-1)[:, 1:].mean(-1)
        for layer in model.layers
    ]
    scores = pl.stack(scores).save()  # [l, h]
    surprise = pl.cross_entropy(model.unembed.output[0, :-1], ids[1:], reduction="none").save()

first, second = surprise[: length - 1].mean(), surprise[length:].mean()
print(f"surprise: {first:.2f} nats when the list is said first, {second:.2f} when it is repeated")
for index in scores.flatten().topk(5).indices.tolist():
    layer, head = divmod(index, scores.shape[1])
    print(f"layer {layer:2} head {head}  score {scores[layer, head]:.2f}")
heads = [f"H{i}" for i in range(scores.shape[1])]
picture = viz.heatmap(scores, columns=heads, title="Induction scores", unit="attention")
picture.save("induction_heads.png")
