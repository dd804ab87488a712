"""Expert ablation: which experts of a mixture tokens are sent to, and what is lost without one.

An expert is taken away by setting its weight to 0 where the router chose it; another's is not
raised, so that all that is missing is its output. The model here is a tiny one with random weights:
the numbers mean nothing, the code is what a real one takes.
Shazeer et al. 2017, https://arxiv.org/abs/1701.06538; Jiang et al. 2024,
https://arxiv.org/abs/2401.04088
"""

import numpy as np

import pellucid as pl

model = pl.LanguageModel("tiny:mixtral")
mlp = model.layers[1].mlp
n_experts = mlp.gate.sites["output"][-1]
ids = np.random.default_rng(0).integers(0, model.vocab_size, size=(4, 32))

with model.trace() as tracer:
    with tracer.invoke(ids):
        chosen, weights = mlp.chosen.save(), mlp.weights.save()  # [b, s, e]
        before = model.unembed.output.log_softmax(-1)
    losses = []
    for expert in range(n_experts):
        with tracer.invoke(ids):
            mlp.weights = pl.where(mlp.chosen == expert, 0.0, mlp.weights)
            after = model.unembed.output.log_softmax(-1)
            losses.append((before.exp() * (before - after)).sum(-1))  # [b, s]
    losses = pl.stack(losses).save()  # [expert, b, s]

for expert in range(n_experts):
    where = (chosen == expert).any(-1)  # [b, s]
    share, weight = where.float().mean(), weights[chosen == expert].mean()
    kl = losses[expert]
    print(
        f"expert {expert}: chosen for {share:4.0%}, weight {weight:.2f}, without it "
        f"KL = {1000 * kl[where].mean():.2f}e-3 there, {1000 * kl[~where].mean():.2f}e-3 elsewhere"
    )
