"""Early exit and layer skipping: how much of the model does an answer need?

`tracer.stop()` ends the pass after a layer, whose state is read by the last norm and unembedding;
`layer.skip(...)` leaves one layer out. Both really do not run: that is what they are for.
Schuster et al. 2022, https://arxiv.org/abs/2207.07061;
Elhoushi et al. 2024, "LayerSkip", https://arxiv.org/abs/2404.16710
"""

import pellucid as pl
from pellucid import viz

model = pl.LanguageModel("SmolLM2-135M-Instruct")
text = "The capital of France is Paris. The capital of Japan is Tokyo. Italy has Rome."
ids = model.tokenizer(text).ids
n = len(model.layers)


def surprise(logits):
    return pl.cross_entropy(logits[0, :-1], ids[1:])


exits = pl.dict()
for i in range(11, n, 3):
    with model.trace(ids) as tracer:
        exits[i] = surprise(model.unembed(model.norm_f(model.layers[i].output))).save()
        tracer.stop()

with model.trace() as tracer:
    with tracer.invoke(ids):
        whole = surprise(model.unembed.output).save()
    skipped = []
    for layer in model.layers:
        with tracer.invoke(ids):
            layer.skip(layer.input)
            skipped.append(surprise(model.unembed.output))
    skipped = pl.stack(skipped).save()  # [l]

print(f"all {n} layers: {whole:.2f} nats per token")
for i, loss in exits.items():
    print(f"stop after {i:2}: {loss:6.2f}")
order = skipped.argsort().tolist()
print("easiest to skip:", *(f"layer {i} ({skipped[i]:.2f})" for i in order[:3]))
print("hardest to skip:", *(f"layer {i} ({skipped[i]:.2f})" for i in order[-3:]))
names = [f"L{i}" for i in range(n)]
viz.bars(skipped - whole, names, xlabel="nats lost without it").save("early_exit.png")
