"""Logit lens: what each layer would say next if it were the last.

The model's own last norm and unembedding are applied to the state after every layer.
nostalgebraist 2020, "interpreting GPT: the logit lens",
https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens
"""

import pellucid as pl
from pellucid import viz

model = pl.LanguageModel("SmolLM2-135M-Instruct")
prompt = "The Eiffel Tower is in the city of"
answer = model.tokenizer.id(" Paris")

with model.trace(prompt):
    lens = [model.unembed(model.norm_f(layer.output))[0] for layer in model.layers]
    lens = pl.stack(lens).softmax(-1)  # [l, s, v]
    top = pl.save(lens.topk(5))
    rank = pl.save((lens[:, -1] > lens[:, -1, answer, None]).sum(-1) + 1)  # [l]

said = model.tokenizer.pieces(top.indices[:, -1, 0])
for i in range(0, len(model.layers), 4):
    print(f"layer {i:2}  says {said[i]!r:14} rank of ' Paris' {rank[i]:6}")
n = len(model.layers)
first = next(i for i in range(n) if all(rank[j] == 1 for j in range(i, n)))
print(f"' Paris' stays on top from layer {first} on")
tokens = model.tokens(prompt)
picture = viz.logit_lens(top.indices, top.values, tokens=tokens, tokenizer=model.tokenizer)
picture.save("logit_lens.png")
