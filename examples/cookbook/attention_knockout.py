"""Attention knockout: where along the depth does information pass between two places?

The last token is kept from seeing the subject in a window of layers: its scores there are set to
minus infinity before the softmax. The answer is lost where the subject was read.
Geva et al. 2023, "Dissecting Recall of Factual Associations", https://arxiv.org/abs/2304.14767
"""

import pellucid as pl
from pellucid import viz

model = pl.LanguageModel("SmolLM2-135M-Instruct")
prompt = "The Eiffel Tower is in the city of"
subject = model.positions(prompt, "Eiffel Tower")
answer = model.tokenizer.id(" Paris")
window, starts = 4, range(0, 28, 2)


def without(keys):
    """The answer's probability when the last token cannot see `keys`, by window of layers."""
    results = []
    for start in starts:
        with tracer.invoke(prompt):
            for layer in model.layers[start : start + window]:
                layer.attn.scores[:, :, -1, keys] = -float("inf")
            results.append(model.unembed.output[0, -1].softmax(-1)[answer])
    return pl.stack(results)


with model.trace() as tracer:
    with tracer.invoke(prompt):
        whole = model.unembed.output[0, -1].softmax(-1)[answer].save()
    kept = pl.save({"the subject": without(subject), "the words between": without([4, 5, 6, 7])})

print(f"p(Paris) = {whole:.3f}; without seeing, in layers")
for name, probabilities in kept.items():
    worst = int(probabilities.argmin())
    print(f"  {starts[worst]}-{starts[worst] + window - 1}  {name}: {probabilities[worst]:.3f}")
names = [f"{start}-{start + window - 1}" for start in starts]
viz.bars(kept, names, xlabel="p(Paris)").save("attention_knockout.png")
