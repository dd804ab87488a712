"""Steering: a difference of activations added at the prompt, or at every generated token.

Texts that differ in what is wanted give a direction, which is added to the residual stream.
Turner et al. 2023, "Activation Addition", https://arxiv.org/abs/2308.10248;
Rimsky et al. 2023, "Contrastive Activation Addition", https://arxiv.org/abs/2312.06681
"""

import pellucid as pl

model = pl.LanguageModel("SmolLM2-135M-Instruct")
layer = model.layers[20]
good = ["I love this, it is wonderful", "A great day, I am so happy", "This is the best"]
bad = ["I hate this, it is terrible", "An awful day, I am so sad", "This is the worst"]
prompt = "We spent a week at the hotel. The hotel was"

with model.trace() as tracer:
    means = []
    for texts in (good, bad):
        states = []
        for text in texts:
            with tracer.invoke(text):
                states.append(layer.output[0, -1])
        means.append(pl.stack(states).mean(0))
    direction = (means[0] - means[1]).save()  # [d]


def continued(strength, every_step):
    with model.generate(prompt, max_new_tokens=16) as tracer:
        for step in tracer.iter[:]:
            if every_step or step == 0:
                layer.output += strength * direction
        ids = tracer.result.save()  # [1, prompt + new]
    return model.tokenizer.decode(ids[0].tolist()).removeprefix(prompt)


said = {}
for strength, every_step in ((0, False), (1, False), (1, True), (-1, False), (-1, True)):
    said[strength, every_step] = continued(strength, every_step)
    where = "every step" if every_step else "the prompt"
    print(f"{strength:+} at {where}: {said[strength, every_step]!r}")
