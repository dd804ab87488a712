"""Patchscopes: the model itself reads a hidden state out.

A state of one prompt is put at the end of another that makes the model repeat its last word, and
the model says what is in it. In early layers this reads what the logit lens cannot.
Ghandeharioun et al. 2024, https://arxiv.org/abs/2401.06102
"""

import pellucid as pl
from pellucid import viz

model = pl.LanguageModel("SmolLM2-135M-Instruct")
repeat = "cat cat; hello hello; blue blue; x"
words = [" Italy", " China", " guitar", " doctor", " river", " window", " seven", " Monday"]
ids = [model.tokenizer.id(word) for word in words]
sources, target = range(0, 30, 3), 2

with model.trace() as tracer:
    lens, scope = [], []
    for word in words:
        with tracer.invoke(f"Let us talk about{word}"):
            states = pl.stack([model.layers[i].output[0, -1] for i in sources])  # [l, d]
            lens.append(model.unembed(model.norm_f(states[None]))[0].argmax(-1))
        said = []
        for i in range(len(sources)):
            with tracer.invoke(repeat):
                model.layers[target].output[:, -1] = states[i]
                said.append(model.unembed.output[0, -1].argmax(-1))
        scope.append(pl.stack(said))
    found = pl.save({"logit lens": pl.stack(lens), "patchscope": pl.stack(scope)})  # [word, l]

print("share of words read from the state after a layer")
right = pl.tensor(ids)[:, None]
shares = {name: (said == right).float().mean(0) for name, said in found.items()}
for name, share in shares.items():
    print(f"{name:11}", *(f"{x:5.2f}" for x in share.tolist()))
names = [f"L{i}" for i in sources]
viz.bars(shares, names, xlabel="share of words read").save("patchscopes.png")
