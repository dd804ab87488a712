"""Model diffing: how alike are the layers of two models on the same texts?

In one session, states of both at the end of each text are compared by linear CKA, which does not
mind that their axes differ in number and meaning. The map alone is kept.
Kornblith et al. 2019, https://arxiv.org/abs/1905.00414;
cf. Huh et al. 2024, "The Platonic Representation Hypothesis", https://arxiv.org/abs/2405.07987
"""

import json
from pathlib import Path

import pellucid as pl
from pellucid import viz

smol, gemma = pl.LanguageModel("SmolLM2-135M-Instruct"), pl.LanguageModel("gemma-3-270m")
facts = (Path(__file__).parents[1] / "data/facts.jsonl").read_text("utf-8").splitlines()
texts = [json.loads(line)["prompt"] for line in facts[::9]]


def similarities(model, layers):
    """How alike texts are to each other after each layer, as a unit vector: `[l, n * n]`."""
    with model.trace() as tracer:
        states = []
        for text in texts:
            with tracer.invoke(text):
                states.append(pl.stack([model.layers[i].output[0, -1] for i in layers]))
        states = pl.stack(states, 1)  # [l, n, d]
        states = states - states.mean(1, keepdim=True)
        grams = (states @ states.transpose(1, 2)).flatten(1)  # [l, n * n]
        return grams / grams.norm(dim=-1, keepdim=True)


rows, columns = range(0, 30, 3), range(0, 18, 2)
with pl.session():
    of_smol = similarities(smol, rows)
    of_gemma = similarities(gemma, columns)
    cka = (of_smol @ of_gemma.T).save()  # [l, l]
    depths = (of_smol @ of_smol[-1]).save()  # [l]

for i, layer in enumerate(rows):
    best = int(cka[i].argmax())
    print(f"SmolLM2 {layer:2}: like Gemma {columns[best]:2} by {cka[i, best]:.2f}", end="")
    print(f", like SmolLM2 {rows[-1]} by {depths[i]:.2f}")
picture = viz.heatmap(
    cka, rows=rows, columns=columns, xlabel="Gemma 3 270M", ylabel="SmolLM2", unit="CKA"
)
picture.save("model_diffing.png")
