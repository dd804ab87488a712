"""Sampling under an intervention: what changes in distribution, not in one text.

`n` continuations of a prompt are drawn side by side, with random numbers that depend on the seed
and their place alone. How often a word is drawn is near its probability, which the trace knows too.
Cf. Turner et al. 2023, https://arxiv.org/abs/2308.10248
"""

import pellucid as pl

model = pl.LanguageModel("SmolLM2-135M-Instruct")
layer, n = model.layers[26], 50
prompt, paris = "I live in the city of", model.tokenizer.id(" Paris")

with model.trace() as tracer:
    states = []
    for building in ("Eiffel Tower", "Colosseum"):
        with tracer.invoke(f"The {building} is in the city of"):
            states.append(layer.output[0, -1])
    direction = (states[0] - states[1]).save()  # [d]: from Rome to Paris

settings = {"max_new_tokens": 4, "n": n, "temperature": 1.0, "seed": 0}
drawn, texts = {}, {}
for strength in (0.0, 0.5, 1.0):
    with model.generate(prompt, **settings) as tracer:
        layer.output[:, -1] += strength * direction  # at the prompt alone
        p = model.generator.logits[0].softmax(-1)[paris].save()
        ids = tracer.result[:, -4:].save()  # [n, new]
    share = (ids[:, 0] == paris).float().mean()
    drawn[strength] = float(share), float(p)
    texts[strength] = [model.tokenizer.decode(row) for row in ids.tolist()]
    print(f"strength {strength}: {share:.0%} say Paris; its probability is {p:.3f}")

plain = model.generate(prompt, **settings).text
print("strength 0 draws what is drawn without a trace:", plain == texts[0.0])
for text in [text for text in texts[1.0] if text.startswith(" Paris")][:3]:
    print(f"  {prompt}{text} ...")
