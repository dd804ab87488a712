"""Head ablation: what is lost without some heads, by three ways to take them away.

Zero is far from anything the model has seen; the mean over other texts keeps what a head always
does; resampling takes what it does in another text. Taken away are the heads that repeat a list of
words (see induction_heads.py), and as many of their neighbours.
Michel et al. 2019, https://arxiv.org/abs/1905.10650; Chan et al. 2022, "Causal scrubbing"
"""

import numpy as np

import pellucid as pl

model = pl.LanguageModel("SmolLM2-135M-Instruct")
n = 20
lists = np.random.default_rng(0).integers(1000, 40000, size=(5, n))
ids, others = np.tile(lists[:1], 2), np.tile(lists[1:], 2)
induction = [(17, 3), (17, 4), (17, 5), (18, 6), (18, 7)]
neighbours = [(17, 0), (17, 1), (17, 2), (18, 0), (18, 1)]


def surprise():
    """Nats per token while the list is repeated."""
    return pl.cross_entropy(model.unembed.output[0, n:-1], ids[0, n + 1 :])


with model.trace() as tracer:
    with tracer.invoke(others):
        z = {i: model.layers[i].attn.heads for i in (17, 18)}  # [4, s, h, k]
    with tracer.invoke(ids):
        losses = pl.dict(whole=surprise()).save()
    for group, heads in {"induction": induction, "neighbours": neighbours}.items():
        for way in ("zero", "mean", "resample"):
            with tracer.invoke(ids):
                for i, head in heads:
                    value = 0
                    if way != "zero":
                        other = z[i][:, :, head]  # [4, s, k]
                        value = other.mean((0, 1)) if way == "mean" else other[0]
                    model.layers[i].attn.heads[:, :, head] = value
                losses[group, way] = surprise()

for name, loss in losses.items():
    print(f"{name if name == 'whole' else ' '.join(name):20} {loss:5.2f} nats")
