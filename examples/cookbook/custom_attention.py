"""Custom attention: the pattern of a layer replaced by one of your own.

A pattern is a site like any other. Here each layer in turn looks back with the same weight on every
token, and then with sharper and softer versions of its own softmax, in all layers at once.
Cf. Jain and Wallace 2019, "Attention is not Explanation", https://arxiv.org/abs/1902.10186
"""

import numpy as np

import pellucid as pl
from pellucid import viz

model = pl.LanguageModel("SmolLM2-135M-Instruct")
n = 20
words = np.random.default_rng(0).integers(1000, 40000, size=n).tolist()
ids = words + words
causal = np.tril(np.ones((2 * n, 2 * n), np.float32))
uniform = causal / causal.sum(-1, keepdims=True)  # [s, s]


def surprise():
    """Nats per token while the list is repeated."""
    return pl.cross_entropy(model.unembed.output[0, n:-1], ids[n + 1 :])


with model.trace() as tracer:
    with tracer.invoke(ids):
        whole = surprise().save()
    flat = []
    for layer in model.layers:
        with tracer.invoke(ids):
            layer.attn.pattern = pl.tensor(uniform).expand(1, 9, 2 * n, 2 * n)
            flat.append(surprise())
    flat = pl.stack(flat).save()  # [l]
    sharpened = pl.dict().save()
    for sharpness in (0.5, 1.0, 2.0):
        with tracer.invoke(ids):
            for layer in model.layers:
                layer.attn.pattern = (sharpness * layer.attn.scores).softmax(-1)
            sharpened[sharpness] = surprise()

print(f"as it is: {whole:.2f} nats per token of a repeated list")
for index in flat.topk(3).indices.tolist():
    print(f"layer {index:2} looks at all alike: {flat[index]:.2f}")
for sharpness, loss in sharpened.items():
    print(f"scores times {sharpness}: {loss:.2f}")
picture = viz.bars(flat - whole, [f"L{i}" for i in range(30)], xlabel="nats lost")
picture.save("custom_attention.png")
