"""Concept erasure: embeddings of sentences that do not know one thing.

The direction between sentences that differ in one concept alone is projected out after a layer of
the encoder; then sentences that differ in it are as good as the same, and all others as they were.
Bolukbasi et al. 2016, https://arxiv.org/abs/1607.06520;
Ravfogel et al. 2020, "Null It Out", https://arxiv.org/abs/2004.07667
"""

import pellucid as pl
from pellucid import viz

model = pl.Model("all-MiniLM-L6-v2")
layer = model.encoder.layer[5].output
does = ["is cooking dinner", "is driving to work", "walks in the park", "reads a book", "is asleep"]
pairs = [(f"A man {what}.", f"A woman {what}.") for what in does]
texts = ["A man plays the guitar.", "A woman plays the guitar.", "A man plays the violin."]


def embed():
    x = model.output.mean(dim=1)  # [1, d]
    return (x / x.norm(dim=-1, keepdim=True))[0]


with model.trace() as tracer:
    differences = []
    for man, woman in pairs:
        states = []
        for text in (man, woman):
            with tracer.invoke(text):
                states.append(layer.output.mean((0, 1)))
        differences.append(states[0] - states[1])
    concept = pl.stack(differences).mean(0)
    unit = concept / concept.norm()
    before, after = [], []
    for text in texts:
        with tracer.invoke(text):
            before.append(embed())
        with tracer.invoke(text):
            layer.output -= (layer.output @ unit)[..., None] * unit
            after.append(embed())
    before, after = (pl.save(pl.stack(x) @ pl.stack(x).T) for x in (before, after))

for name, similar in {"as it is": before, "erased": after}.items():
    print(f"{name:9} man-woman {similar[0, 1]:.3f}  guitar-violin {similar[0, 2]:.3f}")
labels = ["man+guitar", "woman+guitar", "man+violin"]
pictures = [viz.heatmap(x, rows=labels, columns=labels, limit=1) for x in (before, after)]
viz.beside(*pictures).save("sentence_embeddings.png")
