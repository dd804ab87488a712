"""Activation statistics: a data set streamed batch by batch, and reduced inside the model.

Only sums leave a trace, so a data set of any size takes the memory of one batch. Found: a few
dimensions of the residual stream are far larger than all others, from an early layer on.
Dettmers et al. 2022, https://arxiv.org/abs/2208.07339;
Sun et al. 2024, "Massive Activations", https://arxiv.org/abs/2402.17762
"""

import json
from itertools import islice
from pathlib import Path

import pellucid as pl
from pellucid import viz

model = pl.LanguageModel("SmolLM2-135M-Instruct")
facts = (Path(__file__).parents[1] / "data/facts.jsonl").read_text("utf-8").splitlines()
prompts = (json.loads(line)["prompt"] for line in facts)
total, squares, largest, count = 0, 0, 0, 0

while batch := list(islice(prompts, 16)):
    with model.trace() as tracer:
        states = []
        for prompt in batch:
            with tracer.invoke(prompt):
                states.append(pl.stack([layer.output[0, 1:] for layer in model.layers]))
        states = pl.cat(states, 1)  # [l, t, d]: all tokens but the first of each text
        sums = pl.save([states.sum(1), states.square().sum(1), states.abs().amax(1)])
    total, squares = total + sums[0], squares + sums[1]
    largest = sums[2] if count == 0 else pl.maximum(largest, sums[2])
    count += states.shape[1]
    if count > 1200:
        break

mean = total / count
std = (squares / count - mean.square()).sqrt()  # [l, d]
print(f"{count} tokens; standard deviation of the median and of the largest dimension")
for i in range(0, 30, 5):
    top = int(std[i].argmax())
    print(f"layer {i:2}  {std[i].median():7.2f}  {std[i, top]:8.2f} (dimension {top})")
names = [str(int(i)) for i in largest.amax(0).topk(10).indices]
rows = largest[:, [int(name) for name in names]]
picture = viz.heatmap(rows, columns=names, xlabel="dimension", ylabel="layer", unit="largest")
picture.save("activation_statistics.png")
