"""Directional ablation: a behaviour taken away by one direction, in activations or in weights.

The method that removes refusal from chat models. SmolLM2 refuses nothing, so what is taken away
here is that it answers with code: the mean difference of two kinds of requests is projected out of
what every layer writes; or out of the weights that write it, which is the same and costs nothing.
Arditi et al. 2024, "Refusal is mediated by a single direction", https://arxiv.org/abs/2406.11717
"""

import pellucid as pl

model = pl.LanguageModel("SmolLM2-135M-Instruct")
code = ["function that adds two numbers", "program that prints a list", "script that sorts words"]
code += ["program that reads a file", "function that checks for primes"]
plain = ["poem about the sea", "sentence about cats", "story about a farmer"]
plain += ["letter to a friend", "note about the weather"]
code, plain = ([f"Write a {x}." for x in xs] for xs in ([f"Python {x}" for x in code], plain))
asked = ["function that reverses text", "program that counts vowels"]
fence = model.tokenizer.id("```")


def chat(text):
    return {"messages": [{"role": "user", "content": text}]}


with model.trace() as tracer:
    means = []
    for requests in (code, plain):
        states = []
        for request in requests:
            with tracer.invoke(**chat(request)):
                states.append(model.layers[12].output[0, -1])
        means.append(pl.stack(states).mean(0))
    unit = (means[0] - means[1]) / (means[0] - means[1]).norm()
    unit.save()  # [d]

with model.edit() as edited:
    for layer in edited.layers:
        for writer in (layer.attn.o_proj, layer.mlp.down_proj):
            writer.weight -= unit[:, None] * (unit @ writer.weight)  # [d, d_in]

for request in (f"Write a Python {x}." for x in asked):
    with model.trace(**chat(request)):
        before = model.unembed.output[0, -1].softmax(-1).save()
    with model.trace(**chat(request)):
        for layer in model.layers:
            for part in (layer.attn, layer.mlp):
                part.output -= (part.output @ unit)[..., None] * unit
        without = model.unembed.output[0, -1].softmax(-1).save()
    with edited.trace(**chat(request)):
        in_weights = edited.unembed.output[0, -1].softmax(-1).save()
    p = [float(x[fence]) for x in (before, without, in_weights)]
    print(f"{request}\n  p(```) {p[0]:.3f}, without {p[1]:.3f}, out of weights {p[2]:.3f}")
