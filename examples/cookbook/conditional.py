"""Conditional intervention: steer only where the model is unsure.

`pl.cond` is a branch in the graph, decided while the model runs by a value that no one knows
before. A sure answer stays as it is, bit for bit; an unsure one is pushed.
Cf. Lee et al. 2024, "Programming Refusal with Conditional Activation Steering",
https://arxiv.org/abs/2409.05907
"""

import pellucid as pl

model = pl.LanguageModel("SmolLM2-135M-Instruct")
layer = model.layers[24]
prompts = [
    "The Eiffel Tower is in the city of",
    "The Colosseum is in the city of",
    "I live in the city of",
    "She was born in the city of",
]

with model.trace() as tracer:
    with tracer.invoke(prompts[0]):
        paris = layer.output[0, -1]
    with tracer.invoke(prompts[1]):
        direction = paris - layer.output[0, -1]  # from Rome to Paris
    before, after, entropies = (pl.list().save() for _ in range(3))
    for prompt in prompts:
        with tracer.invoke(prompt):
            before.append(model.unembed.output[0, -1])
            p = before[-1].softmax(-1)
            entropies.append(-(p * p.log()).sum())
        # The entropy comes from the end of a pass: this invoke runs in a second one.
        with tracer.invoke(prompt):
            push = pl.cond(entropies[-1] > 3, lambda: direction, lambda: direction * 0)
            layer.output[0, -1] += push
            after.append(model.unembed.output[0, -1])

for prompt, entropy, a, b in zip(prompts, entropies, before, after, strict=True):
    said = model.tokenizer.pieces([int(a.argmax()), int(b.argmax())])
    what = "the same bits" if bool((a == b).all()) else f"{said[0]!r} -> {said[1]!r}"
    print(f"{entropy:5.2f} nats  {prompt} ...  {what}")
