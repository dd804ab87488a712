"""KV-cache surgery: what the model remembers of a prompt, changed while it goes on.

The values that attention has cached for one word are replaced, in one layer, by those of another
word: while the prompt is read, or after that, when the first new token is there already. The text
still says France. Cf. Belitsky et al. 2025, "KV Cache Steering", https://arxiv.org/abs/2507.08799
"""

import pellucid as pl

model = pl.LanguageModel("SmolLM2-135M-Instruct")
france, italy = (f"The capital of {name} is the city of" for name in ("France", "Italy"))
country, layers = 3, {"layer 10": [10], "layer 23": [23], "all layers": range(30)}

with model.generate(italy, max_new_tokens=1):
    memory = pl.save([layer.attn.cache.values[:, country] for layer in model.layers])  # [1, h, k]


def continued(written=(), step=0):
    with model.generate(france, max_new_tokens=12) as tracer:
        with tracer.iter[step]:
            for i in written:
                model.layers[i].attn.cache.values[:, country] = memory[i]
        ids = tracer.result.save()  # [1, prompt + new]
    text = model.tokenizer.decode(ids[0].tolist())
    return text.removeprefix(france)


said = {("nothing written", 0): continued()}
for name, written in layers.items():
    for step in (0, 1):
        said[name, step] = continued(written, step)
for (name, step), text in said.items():
    print(f"{name:15} at step {step}: {text!r}")
