"""Function vectors: a task, carried by a few heads from examples to a prompt without any.

Heads are ranked by how far their mean output over few-shot prompts restores the task where the
examples are shuffled. The best ones' means, added where there are no examples, do the task.
Todd et al. 2023, https://arxiv.org/abs/2310.15213;
Hendel et al. 2023, "Task Vectors", https://arxiv.org/abs/2310.15916
"""

import pellucid as pl

model = pl.LanguageModel("gemma-3-270m")
seen = "France Paris Italy Rome Japan Tokyo Germany Berlin Spain Madrid Russia Moscow".split()
unseen = "Greece Poland Austria Norway Hungary".split()
heads = [(layer.attn, head) for layer in model.layers[5:] for head in range(4)]


def prompt(i, shift=0):
    countries, capitals = seen[::2], seen[1::2]
    rest = [j % 6 for j in range(i + 1, i + 6)]
    lines = [f"{countries[j]}: {capitals[rest[n - shift]]}" for n, j in enumerate(rest)]
    return "\n".join([*lines, f"{countries[i]}:"])


with model.trace() as tracer:
    few = []
    for i in range(6):
        with tracer.invoke(prompt(i)):
            few.append(pl.stack([attn.heads[0, -1, head] for attn, head in heads]))
    mean, gains = pl.stack(few).mean(0).save(), []  # [n, k]
    for (attn, head), value in zip(heads, mean, strict=True):
        with tracer.invoke(prompt(0, shift=2)):
            attn.heads[:, -1, head] = value
            logits = model.unembed.output[0, -1]
            gains.append(logits.log_softmax(-1)[model.tokenizer.id(" Paris")])
    best = pl.stack(gains).topk(12).indices.save()

with model.trace() as tracer:
    said = pl.list().save()
    for country in unseen:
        for times in (0, 1):
            with tracer.invoke(f"{country}:"):
                for i in best.tolist():
                    heads[i][0].heads[:, -1, heads[i][1]] += times * mean[i]
                said.append(model.unembed.output[0, -1].argmax(-1))
print("heads:", *(f"{5 + i // 4}.{i % 4}" for i in best.tolist()))
said = model.tokenizer.pieces([int(token) for token in said])
for country, before, after in zip(unseen, said[::2], said[1::2], strict=True):
    print(f"{country + ':':9} {before!r:8} -> {after!r}")
