"""Probing: a linear classifier on activations, and an intervention that shows whether it matters.

States at a noun are collected in one trace; scikit-learn fits a probe of singular and plural;
mirroring states at the probe's boundary turns the verb around that the model would say.
Alain and Bengio 2016, https://arxiv.org/abs/1610.01644; Belinkov 2022,
https://arxiv.org/abs/2102.12452
"""

import numpy as np
from sklearn.linear_model import LogisticRegression

import pellucid as pl

model = pl.LanguageModel("SmolLM2-135M-Instruct")
nouns = "key dog student teacher car boy doctor tree letter window farmer picture girl king".split()
others = "book painter singer cat lamp nurse".split()
is_, are = (model.tokenizer.id(word) for word in (" is", " are"))
layer = model.layers[11]


def prompts(nouns):
    return [f"I think that the {noun}{s}" for noun in nouns for s in ("", "s")]


with model.trace() as tracer:
    states = pl.list().save()  # [d] each
    for text in prompts(nouns + others):
        with tracer.invoke(text):
            states.append(layer.output[0, -1])
X, y = np.stack(states), np.tile([0, 1], len(nouns + others))
n = 2 * len(nouns)
probe = LogisticRegression(max_iter=1000).fit(X[:n], y[:n])
print(f"the probe is right on {probe.score(X[n:], y[n:]):.0%} of {len(others)} other nouns")

weight, bias = pl.tensor(probe.coef_[0].astype(np.float32)), float(probe.intercept_[0])
with model.trace() as tracer:
    verbs = pl.list().save()
    for text in prompts(others):
        for times in (0, 2):  # twice the way to the boundary is the mirror image
            with tracer.invoke(text):
                way = (layer.output[:, -1] @ weight + bias) / weight.square().sum()
                layer.output[:, -1] -= times * way[:, None] * weight
                verbs.append(model.unembed.output[0, -1, are] - model.unembed.output[0, -1, is_])
means = np.array([float(verb) for verb in verbs]).reshape(-1, 2, 2).mean(0)  # [number, mirrored]
for number, (before, after) in zip(("singular", "plural"), means, strict=True):
    print(f"{number:8}  logit(are) - logit(is): {before:+.2f}, mirrored {after:+.2f}")
